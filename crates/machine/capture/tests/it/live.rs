//! `live`, `registrations`: on request.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wer_abi::registration::{RegistrationBlock, capture_state};
use wer_capture::{CaptureError, live, registrations};
use wer_snapshot::{CaptureSource, ModuleKind, ProcessSnapshot, RegionKind};
use wer_sys::{Process, ptrace};

use crate::program::{Program, anonymous_target, spawn, static_target, target, wait_until};

fn threads(program: &Path, count: &str) -> Program {
    let mut program = Program::start(program, &["threads", count]);
    program.expect("ready\n");
    let wanted = count.parse::<usize>().expect("a number") + 1;
    wait_until("all workers wait", || {
        let process = Process::open(program.pid()).expect("it lives");
        let tids = process.thread_ids().expect("it lives");
        let waits = |tid: &u32| process.thread_stat(*tid).is_ok_and(|stat| stat.state == 'S');
        tids.len() == wanted && tids.iter().all(waits)
    });
    program
}

fn signal(program: &Program, signal: Signal) {
    let pid = Pid::from_raw(program.pid().cast_signed()).expect("a pid");
    kill_process(pid, signal).expect("a signal to our own child");
}

fn check_snapshot(snapshot: &ProcessSnapshot, program: &Program, path: &Path, count: usize) {
    assert_eq!(snapshot.soft_errors, []);
    assert_eq!((snapshot.source, snapshot.process.pid), (CaptureSource::Live, program.pid()));
    assert_eq!(snapshot.process.executable, path.to_string_lossy());
    assert_eq!(snapshot.process.arguments[1], "threads");
    assert!(snapshot.exception.is_none());
    assert_eq!(snapshot.threads.len(), count + 1);
    let names: Vec<&str> = snapshot.threads.iter().map(|thread| thread.name.as_str()).collect();
    assert!(names.contains(&"worker-0") && names.contains(&"a) R 1\n(\u{fffd}"), "{names:?}");
    for thread in &snapshot.threads {
        let registers = thread.registers.expect("registers");
        assert!(snapshot.module_at(registers.rip).is_some(), "{:#x} is in no module", registers.rip);
        let stack = snapshot.region_at(registers.rsp).expect("a stack");
        assert!(stack.protection.write && registers.fs_base != 0);
        assert!(thread.fpu.is_some());
    }
    assert!(snapshot.regions.is_sorted_by(|a, b| a.end <= b.start));
    assert!(snapshot.regions.iter().any(|region| region.kind == RegionKind::Stack));
    let executable = &snapshot.modules[0];
    assert_eq!((executable.kind, &*executable.path), (ModuleKind::Executable, &*path.to_string_lossy()));
    assert!(snapshot.modules.iter().any(|module| module.kind == ModuleKind::Vdso));
    assert!(snapshot.modules.iter().all(|module| !module.build_id.is_empty()));
}

#[test]
fn a_living_process_is_captured_and_goes_on() {
    let mut program = threads(target(), "5");
    let mut capture = live(program.pid()).expect("a capture");
    assert_eq!(program.state(), 't', "it stands while the capture lasts");
    check_snapshot(&capture.snapshot, &program, target(), 5);
    let snapshot = &capture.snapshot;
    let libc = snapshot.modules.iter().find(|module| module.soname.as_deref() == Some("libc.so.6"));
    assert!(libc.is_some_and(|libc| libc.kind == ModuleKind::Library && !libc.synthetic_id));
    let stack_pointer = snapshot.threads[0].registers.expect("registers").rsp;
    assert!(capture.memory().read_u64(stack_pointer).is_some());
    assert!(capture.pidfd().is_some() && capture.mem_fd().is_some());
    assert!(!snapshot.linux.maps.is_empty() && !snapshot.linux.status.is_empty());
    capture.release();
    capture.release();
    program.ping();
    let status = Process::open(program.pid()).expect("it lives").status().expect("it lives");
    assert_eq!(status.tracer_pid, 0);
    assert_eq!(program.end(), Some(0));
}

#[test]
fn dropping_a_capture_lets_the_process_go() {
    let mut program = threads(static_target(), "2");
    let capture = live(program.pid()).expect("a capture");
    check_snapshot(&capture.snapshot, &program, static_target(), 2);
    drop(capture);
    program.ping();
}

#[test]
fn many_threads_are_all_stopped_and_all_go_on() {
    let mut program = threads(target(), "100");
    for _ in 0..3 {
        let capture = live(program.pid()).expect("a capture");
        check_snapshot(&capture.snapshot, &program, target(), 100);
    }
    program.ping();
}

#[test]
fn a_stopped_process_stays_stopped() {
    let mut program = threads(target(), "2");
    signal(&program, Signal::STOP);
    wait_until("the stop", || program.state() == 'T');
    let mut capture = live(program.pid()).expect("a capture");
    check_snapshot(&capture.snapshot, &program, target(), 2);
    capture.release();
    wait_until("the former stop", || program.state() == 'T');
    signal(&program, Signal::CONT);
    program.ping();
}

#[test]
fn no_signal_is_lost_while_a_process_is_captured() {
    let mut program = Program::start(target(), &["count"]);
    program.expect("ready\n");
    let pid = Pid::from_raw(program.pid().cast_signed()).expect("a pid");
    let sender = std::thread::spawn(move || {
        for _ in 0..200 {
            send_real_time(pid);
        }
    });
    while !sender.is_finished() {
        drop(live(program.pid()).expect("a capture"));
    }
    sender.join().expect("the sender");
    wait_until("all signals", || {
        program.stdin.as_mut().expect("a pipe").write_all(b"?\n").expect("a pipe");
        program.read(5) == b"0200\n"
    });
}

/// Queued signals are never merged, so each one counts.
fn send_real_time(pid: Pid) {
    let status = Command::new("kill").args(["-34", &pid.to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn threads_that_come_and_go_do_not_confuse_a_capture() {
    let mut program = Program::start(target(), &["storm"]);
    program.expect("ready\n");
    for _ in 0..20 {
        let capture = live(program.pid()).expect("a capture");
        let snapshot = &capture.snapshot;
        assert!((2..=3).contains(&snapshot.threads.len()), "{}", snapshot.threads.len());
        assert!(snapshot.threads.iter().all(|thread| thread.registers.is_some()));
        assert_eq!(snapshot.soft_errors, []);
    }
    program.ping();
}

#[test]
fn a_process_whose_main_thread_ended_is_captured() {
    let mut program = Program::start(target(), &["leaderless"]);
    program.expect("ready\n");
    wait_until("the main thread's end", || program.state() == 'Z');
    let capture = live(program.pid()).expect("a capture");
    let snapshot = &capture.snapshot;
    assert_eq!((snapshot.threads.len(), &snapshot.soft_errors[..]), (1, &[][..]));
    assert!(snapshot.threads[0].registers.is_some());
    assert_eq!(snapshot.process.executable, target().to_string_lossy());
    assert_eq!(snapshot.modules[0].kind, ModuleKind::Executable);
    drop(capture);
    program.ping();
}

#[test]
fn a_traced_process_gives_less_and_says_so() {
    let mut program = threads(target(), "2");
    ptrace::seize(program.pid(), 0).expect("our own child");
    let capture = live(program.pid()).expect("a capture");
    assert!(capture.snapshot.threads.iter().all(|thread| thread.registers.is_none()));
    assert_eq!(capture.snapshot.threads.len(), 3);
    assert!(capture.snapshot.soft_errors[0].message.contains("is traced by"));
    assert!(!capture.snapshot.modules.is_empty());
    drop(capture);
    program.ping();
}

#[test]
fn what_cannot_be_captured_is_named() {
    let own = std::process::id();
    assert!(matches!(live(own), Err(CaptureError::OwnProcess { .. })));
    let mut ended = Command::new("true").spawn().expect("true");
    wait_until("its end", || {
        Process::open(ended.id()).and_then(|process| process.stat()).is_ok_and(|stat| stat.state == 'Z')
    });
    assert!(matches!(live(ended.id()), Err(CaptureError::Zombie { .. })));
    let pid = ended.id();
    ended.wait().expect("its end");
    assert!(matches!(live(pid), Err(CaptureError::TargetGone { .. })));
    if Process::open(2).and_then(|process| process.status()).is_ok_and(|status| status.kernel_thread) {
        assert!(matches!(live(2), Err(CaptureError::KernelThread { .. })));
    } else {
        println!("no thread of the kernel is visible here: that refusal is not tried");
    }
}

#[test]
fn a_32_bit_program_is_refused() {
    // ELF32: one page at 0x10000, `mov eax, 29; int 0x80; jmp` (pause for ever).
    let mut image = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half =
        |image: &mut Vec<u8>, values: &[u16]| values.iter().for_each(|v| image.extend(v.to_le_bytes()));
    let word =
        |image: &mut Vec<u8>, values: &[u32]| values.iter().for_each(|v| image.extend(v.to_le_bytes()));
    half(&mut image, &[2, 3]);
    word(&mut image, &[1, 0x10054, 52, 0, 0]);
    half(&mut image, &[52, 32, 1, 0, 0, 0]);
    word(&mut image, &[1, 0, 0x10000, 0x10000, 0x60, 0x60, 5, 0x1000]);
    image.extend(b"\xb8\x1d\0\0\0\xcd\x80\xeb\xf7");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small");
    wer_sys::atomic_file::write_atomically(&path, 0o755, &image).expect("a file");
    let Ok(mut child) = spawn(Command::new(&path).stdin(Stdio::null())) else {
        println!("this kernel runs no 32-bit programs: their refusal is not tried");
        return;
    };
    let outcome = live(child.id());
    child.kill().expect("our own child");
    child.wait().expect("its end");
    assert!(matches!(outcome, Err(CaptureError::ThirtyTwoBit { .. })), "{outcome:?}");
}

#[test]
fn a_deleted_program_keeps_its_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy");
    std::fs::copy(target(), &copy).expect("a copy");
    let program = threads(&copy, "2");
    std::fs::remove_file(&copy).expect("our own file");
    std::fs::write(&copy, "another file").expect("our own file");
    let capture = live(program.pid()).expect("a capture");
    let module = &capture.snapshot.modules[0];
    assert_eq!((&*module.path, module.deleted), (&*copy.to_string_lossy(), true));
    let other = threads(target(), "2");
    let original = live(other.pid()).expect("a capture");
    assert_eq!(module.build_id, original.snapshot.modules[0].build_id);
    assert_eq!(capture.snapshot.process.executable, copy.to_string_lossy());
}

#[test]
fn a_module_without_build_id_is_kept_and_flagged() {
    let program = threads(anonymous_target(), "2");
    let capture = live(program.pid()).expect("a capture");
    let module = &capture.snapshot.modules[0];
    assert!(module.synthetic_id && module.build_id.len() == 16);
    assert!(capture.snapshot.modules[1..].iter().all(|module| !module.synthetic_id));
}

#[test]
fn registrations_are_read_from_outside_and_the_state_written() {
    let size = size_of::<RegistrationBlock>().to_string();
    let words_at = std::mem::offset_of!(RegistrationBlock, last_words).to_string();
    let mut program = Program::start(target(), &["registered", &size, &words_at]);
    program.expect("ready\n");
    signal(&program, Signal::STOP);
    wait_until("the stop", || program.state() == 'T');
    let found = registrations(program.pid()).expect("a stopped process is no hindrance");
    let block = found.memory_blocks().next().expect("one block");
    assert_eq!((block.address, block.size), (found.block_address, 64));
    assert_eq!((found.version, found.last_words.as_deref()), (1, Some("farewell")));
    assert_eq!(found.capture_state, capture_state::NONE);

    let capture = live(program.pid()).expect("a capture");
    assert_eq!(capture.snapshot.registrations, found);
    assert_eq!(capture.snapshot.last_words.as_ref().map(|words| words.text.as_str()), Some("farewell"));
    let id = [0xab; 16];
    let written = capture.set_capture_state(capture_state::BEGUN, id, Path::new("/var/lib/wer"));
    assert!(written.expect("its memory is writable"));
    let long = "x".repeat(481);
    assert!(capture.set_capture_state(capture_state::STORED, id, Path::new(&long)).is_err());
    let found = registrations(program.pid()).expect("the same process");
    assert_eq!(
        (found.capture_state, found.capture_store_path.as_str()),
        (capture_state::BEGUN, "/var/lib/wer")
    );
    assert_eq!(found.capture_report_id, "abababab-abab-abab-abab-abababababab");
    assert_eq!(found.capture_writer_uid, rustix::process::geteuid().as_raw());
}

#[test]
fn a_block_in_anonymous_memory_is_found() {
    let size = size_of::<RegistrationBlock>().to_string();
    let words_at = std::mem::offset_of!(RegistrationBlock, last_words).to_string();
    let mut program = Program::start(target(), &["registered", &size, &words_at, "anonymous"]);
    program.expect("ready\n");
    let found = registrations(program.pid()).expect("it lives");
    assert_eq!((found.entries.len(), found.last_words.as_deref()), (1, Some("farewell")));
}

#[test]
fn a_process_without_a_block_registers_nothing() {
    let program = threads(target(), "2");
    let found = registrations(program.pid()).expect("it lives");
    assert_eq!((found.block_address, found.entries.len()), (0, 0));
    let capture = live(program.pid()).expect("a capture");
    assert!(!capture.set_capture_state(1, [0; 16], Path::new("/x")).expect("nothing to write"));
    assert!(!wer_capture::core_limit_is_one(program.pid()));
    assert!(capture.silence_kernel_path());
    assert!(wer_capture::core_limit_is_one(program.pid()));
}
