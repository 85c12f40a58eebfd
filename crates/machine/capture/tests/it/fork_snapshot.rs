//! `fork_snapshot`: a living process is captured by way of a copy, and runs on.

use rustix::process::{Pid, Signal, kill_process};
use wer_capture::{Capture, CaptureError, fork_snapshot, live};
use wer_snapshot::{CaptureSource, Facts, RegionMarks, ThreadSnapshot};
use wer_sys::Process;

use crate::program::{Program, anonymous_target, snapshot_target, static_target, target, wait_until};

#[path = "fork_snapshot/calls.rs"]
mod calls;
#[path = "fork_snapshot/memory.rs"]
mod memory;
#[path = "fork_snapshot/trouble.rs"]
mod trouble;

fn start(arguments: &[&str]) -> Program {
    let mut program = Program::start(snapshot_target(), arguments);
    program.expect("ready\n");
    program
}

/// A snapshot that was made by way of a copy, with nothing to complain of.
fn snapshot(program: &Program) -> Capture {
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.soft_errors, []);
    assert_eq!(capture.snapshot.source, CaptureSource::ForkSnapshot);
    capture
}

fn signal(program: &Program, signal: Signal) {
    let pid = Pid::from_raw(program.pid().cast_signed()).expect("a pid");
    kill_process(pid, signal).expect("a signal to our own child");
}

fn waits(program: &Program) {
    wait_until("it waits", || {
        let process = Process::open(program.pid()).expect("it lives");
        let tids = process.thread_ids().expect("it lives");
        tids.iter().all(|tid| process.thread_stat(*tid).is_ok_and(|stat| stat.state == 'S'))
    });
}

/// Processes that a process has for children, zombies included.
fn children(pid: u32) -> Vec<u32> {
    let is_child = |pid_of_other: &u32| {
        Process::open(*pid_of_other)
            .and_then(|process| process.stat())
            .is_ok_and(|stat| stat.parent_pid == pid)
    };
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_child).collect()
}

fn is_untouched(program: &Program) {
    assert_eq!(children(program.pid()), []);
    let process = Process::open(program.pid()).expect("it lives");
    for tid in process.thread_ids().expect("it lives") {
        let status = process.thread_status(tid).expect("it lives");
        assert_eq!((status.tracer_pid, status.blocked), (0, 0));
    }
}

#[test]
fn a_process_runs_on_while_its_snapshot_stands() {
    let mut program = Program::start(snapshot_target(), &["counter"]);
    let address = program.read_number();
    program.expect("ready\n");
    let mut capture = snapshot(&program);
    let at_once = capture.memory().read_u64(address).expect("the copy has it");
    let process = Process::open(program.pid()).expect("it lives").memory(false).expect("it lives");
    let of_process = || wer_snapshot::MemoryReader::read_u64(&process, address).expect("it lives");
    let begin = of_process();
    wait_until("it counts", || of_process() > begin.max(at_once));
    assert_eq!(capture.memory().read_u64(address), Some(at_once));
    assert_eq!(children(program.pid()).len(), 1);
    program.ping();
    capture.release();
    capture.release();
    assert_eq!(capture.memory().read_u64(address), None, "the copy is gone");
    is_untouched(&program);
    program.ping();
    assert_eq!(program.end(), Some(0));
}

#[test]
fn a_snapshot_tells_of_the_process_what_a_stop_does() {
    for path in [target(), static_target(), anonymous_target()] {
        let mut program = Program::start(path, &["threads", "5"]);
        program.expect("ready\n");
        wait_until("all read", || {
            let process = Process::open(program.pid()).expect("it lives");
            let tids = process.thread_ids().expect("it lives");
            let reads = |tid: &u32| {
                process.read(&format!("task/{tid}/syscall")).is_ok_and(|text| text.starts_with(b"0 "))
            };
            tids.len() == 6 && tids.iter().all(reads)
        });
        let (of_copy, of_stop) = (snapshot(&program), live(program.pid()).expect("a capture"));
        let (copied, stopped) = (&of_copy.snapshot, &of_stop.snapshot);
        assert_eq!(copied.process.pid, program.pid());
        assert_eq!(copied.regions, stopped.regions);
        assert_eq!(copied.modules, stopped.modules);
        assert_eq!(copied.registrations, stopped.registrations);
        assert_eq!(copied.linux.maps, stopped.linux.maps);
        assert_eq!(copied.threads.len(), 6);
        for (one, other) in copied.threads.iter().zip(&stopped.threads) {
            assert_eq!((one.tid, &one.name, one.registers), (other.tid, &other.name, other.registers));
            // Which parts of the state are in use is the processor's business.
            let vectors = |thread: &ThreadSnapshot| thread.fpu.as_ref().map(|fpu| fpu.fxsave[..464].to_vec());
            assert_eq!(vectors(one), vectors(other));
        }
        // The copy is reaped by a thread of the process, which must not stand for that.
        drop(of_stop);
        drop(of_copy);
        is_untouched(&program);
        program.ping();
    }
}

#[test]
fn facts_are_of_the_process_and_not_of_its_copy() {
    let program = start(&["memory"]);
    waits(&program);
    let capture = fork_snapshot(program.pid(), &Facts::ALL).expect("a capture");
    let snapshot = &capture.snapshot;
    assert_eq!((&snapshot.soft_errors[..], snapshot.source), (&[][..], CaptureSource::ForkSnapshot));
    assert_eq!(snapshot.handles.iter().filter(|handle| handle.descriptor < 4).count(), 4);
    assert!(snapshot.token.is_some() && snapshot.system_memory.is_some());
    assert!(snapshot.counters.is_some_and(|counters| counters.resident_bytes > 16 << 20));
    let details = snapshot.threads[0].details.expect("they were asked for");
    assert_eq!((details.state, details.start_address != 0), (b'S', true));
    let marks = |is: fn(&RegionMarks) -> bool| snapshot.regions.iter().any(|region| is(&region.marks));
    assert!(marks(|marks| marks.not_forked) && marks(|marks| marks.wiped_on_fork));
    assert_eq!(snapshot.process.pid, program.pid());
}

#[test]
fn no_wait_and_no_signal_tells_of_the_copy() {
    for ignored in ["0", "1"] {
        let mut program = start(&["children", ignored]);
        for _ in 0..3 {
            drop(snapshot(&program));
        }
        program.stdin_line("?");
        program.expect("good\n");
        is_untouched(&program);
    }
}

#[test]
fn a_hundred_snapshots_leave_nothing() {
    let mut program = start(&["wild", "3"]);
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", program.pid())).expect("it lives").count();
    let (before, our_threads) =
        (descriptors(), || Process::open(std::process::id()).expect("us").thread_ids());
    for _ in 0..100 {
        drop(snapshot(&program));
    }
    assert_eq!(descriptors(), before);
    assert!(our_threads().expect("us").len() < 100, "tracing threads end");
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_hundred_threads_that_allocate_are_captured() {
    let mut program = start(&["wild", "100"]);
    for _ in 0..5 {
        let capture = snapshot(&program);
        assert_eq!(capture.snapshot.threads.len(), 101);
        assert!(capture.snapshot.threads.iter().all(|thread| thread.registers.is_some()));
    }
    is_untouched(&program);
    program.ping();
}

#[test]
fn what_cannot_be_captured_is_named() {
    let facts = Facts::default();
    assert!(matches!(fork_snapshot(std::process::id(), &facts), Err(CaptureError::OwnProcess { .. })));
    let mut ended = std::process::Command::new("true").spawn().expect("true");
    let pid = ended.id();
    ended.wait().expect("its end");
    assert!(matches!(fork_snapshot(pid, &facts), Err(CaptureError::TargetGone { .. })));
}
