//! `kernel` and `socket`: cores that the kernel offers. Needs root, because only root may change core_pattern; elsewhere
//! these tests say that they tried nothing.

use std::fs::{self, File};
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use wer_abi::NtStatus;
use wer_abi::registration::RegistrationBlock;
use wer_capture::{Capture, CaptureError, KernelCrash, kernel, kernel_with, socket};
use wer_snapshot::{CaptureSource, Facts, ModuleKind};
use wer_sys::{Process, pidfd};

use crate::program::{
    Program, build_core_relay, facts_target, static_target, target, wait_readable, wait_until,
};

const PATTERN: &str = "/proc/sys/kernel/core_pattern";
const PIPE_LIMIT: &str = "/proc/sys/kernel/core_pipe_limit";

/// A pipe limit above what crashes at once on this machine: beyond the limit the kernel drops dumps.
pub(crate) const MANY: &str = "64";

/// The machine's core settings, ours alone until dropped.
pub(crate) struct CoreSettings {
    former: [String; 2],
    _lock: File,
}

impl CoreSettings {
    /// `None`, with the reason printed, when we are not root.
    pub(crate) fn take(pattern: &str, pipe_limit: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("not root: core_pattern cannot be changed, the kernel's way is not tried");
            return None;
        }
        assert!(pattern.len() < 128, "the kernel cuts core_pattern at 128 bytes");
        let lock = File::create("/tmp/wer-core-pattern.lock").expect("a lock file");
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
        let former = [PATTERN, PIPE_LIMIT].map(|path| fs::read_to_string(path).expect("a setting"));
        let settings = Self { former, _lock: lock };
        fs::write(PIPE_LIMIT, pipe_limit).expect("root may");
        fs::write(PATTERN, pattern).expect("root may");
        Some(settings)
    }
}

impl Drop for CoreSettings {
    fn drop(&mut self) {
        let [pattern, limit] = &self.former;
        fs::write(PATTERN, pattern.trim_end_matches('\n')).expect("root may");
        fs::write(PIPE_LIMIT, limit.trim_end_matches('\n')).expect("root may");
    }
}

/// What the relay in core_pattern handed over.
pub(crate) struct Relayed {
    pub(crate) crash: KernelCrash,
    pub(crate) core: File,
    _connection: UnixStream,
}

pub(crate) fn receive(listener: &UnixListener, pid: u32) -> Relayed {
    loop {
        wait_readable(listener);
        let (connection, _) = listener.accept().expect("the relay");
        wait_readable(&connection);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut text = [0; 256];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL;
        rustix::net::recvmsg(&connection, &mut [IoSliceMut::new(&mut text)], &mut control, flags)
            .expect("a message");
        let mut files: Vec<OwnedFd> = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                files.extend(received);
            }
        }
        let text = String::from_utf8_lossy(&text);
        let words: Vec<u32> = text
            .trim_end_matches('\0')
            .split_whitespace()
            .map(|word| word.parse().expect("a number"))
            .collect();
        // Another test's program may crash while the settings are ours: its core is not wanted.
        if words[0] == pid {
            let pidfd = files.pop();
            let core = File::from(files.pop().expect("two descriptors"));
            let (tid, signal, dumpable) = (words[1], words[2].cast_signed(), words[3]);
            let crash = KernelCrash { pid, tid, signal, dumpable, pidfd, source: CaptureSource::KernelPipe };
            return Relayed { crash, core, _connection: connection };
        }
    }
}

pub(crate) struct PipePath {
    pub(crate) listener: UnixListener,
    _settings: CoreSettings,
    _folder: tempfile::TempDir,
}

pub(crate) fn pipe_path(pipe_limit: &str) -> Option<PipePath> {
    let folder = tempfile::Builder::new().prefix("wer").tempdir_in("/tmp").expect("a folder");
    let path = folder.path().join("relay");
    let listener = UnixListener::bind(&path).expect("a socket");
    let relay = folder.path().join("r");
    build_core_relay(&relay, &path);
    let settings = CoreSettings::take(&format!("|{} %P %I %s %d %F", relay.display()), pipe_limit)?;
    Some(PipePath { listener, _settings: settings, _folder: folder })
}

fn check(capture: &Capture, program: &Program, path: &Path, source: CaptureSource) {
    let snapshot = &capture.snapshot;
    assert_eq!(snapshot.soft_errors, []);
    assert_eq!((snapshot.source, snapshot.process.pid), (source, program.pid()));
    let exception = snapshot.exception.as_ref().expect("an exception");
    assert_eq!((exception.tid, exception.signal.number), (program.pid(), libc::SIGSEGV));
    assert_eq!((exception.status, exception.signal.address), (NtStatus::ACCESS_VIOLATION, 0x1234));
    assert_eq!(snapshot.threads.len(), 4);
    assert_eq!(snapshot.threads[0].tid, exception.tid);
    for thread in &snapshot.threads {
        let registers = thread.registers.expect("registers");
        assert!(snapshot.module_at(registers.rip).is_some());
        assert!(capture.memory().read_u64(registers.rsp).is_some(), "its stack is held");
        assert!(thread.fpu.as_ref().is_some_and(|fpu| fpu.xsave.len() > 512));
    }
    assert!(snapshot.threads.iter().any(|thread| thread.name == "worker-0"));
    let executable = &snapshot.modules[0];
    assert_eq!((executable.kind, &*executable.path), (ModuleKind::Executable, &*path.to_string_lossy()));
    assert!(executable.contains(exception.instruction) && !executable.build_id.is_empty());
}

#[test]
fn a_core_in_a_pipe_is_captured_and_held() {
    for (program, limit) in [(static_target(), MANY), (target(), MANY), (target(), "0")] {
        let Some(path) = pipe_path(limit) else { return };
        let mut crashed = Program::start(program, &["crash", "write", "0x1234"]);
        let mut relayed = receive(&path.listener, crashed.pid());
        assert_eq!((relayed.crash.signal, relayed.crash.dumpable), (libc::SIGSEGV, 1));
        let capture = kernel(relayed.crash, &mut relayed.core).expect("a capture");
        check(&capture, &crashed, program, CaptureSource::KernelPipe);
        assert!(crashed.child.try_wait().expect("our child").is_none(), "the kernel holds it");
        drop(capture);
        drop((relayed.core, relayed._connection));
        assert_eq!(crashed.end_signal(), Some(libc::SIGSEGV));
    }
}

#[test]
fn a_core_that_makes_no_sense_still_gives_a_report() {
    let Some(path) = pipe_path(MANY) else { return };
    for hostile in [&b""[..], b"not a core", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0"] {
        let crashed = Program::start(target(), &["crash", "abort"]);
        let relayed = receive(&path.listener, crashed.pid());
        let capture = kernel(relayed.crash, &mut &*hostile).expect("a capture");
        let snapshot = &capture.snapshot;
        assert_eq!(snapshot.exception.as_ref().map(|it| it.signal.number), Some(libc::SIGABRT));
        assert_eq!(snapshot.threads.len(), 4);
        assert!(snapshot.threads.iter().all(|thread| thread.registers.is_none()));
        assert!(!snapshot.modules.is_empty());
        assert_eq!(snapshot.soft_errors.len(), 2, "{:?}", snapshot.soft_errors);
    }
}

#[test]
fn the_pidfd_must_name_the_process() {
    let Some(path) = pipe_path(MANY) else { return };
    let crashed = Program::start(target(), &["crash", "write"]);
    let mut relayed = receive(&path.listener, crashed.pid());
    relayed.crash.pidfd = Some(pidfd::open(std::process::id()).expect("a pidfd"));
    let outcome = kernel(relayed.crash, &mut relayed.core);
    assert!(matches!(outcome, Err(CaptureError::TargetGone { .. })), "{outcome:?}");
}

#[test]
fn a_target_that_dies_midway_is_gone_not_mistaken() {
    let Some(path) = pipe_path(MANY) else { return };
    let mut crashed = Program::start(target(), &["crash", "write"]);
    let relayed = receive(&path.listener, crashed.pid());
    crashed.child.kill().expect("our own child");
    drop((relayed.core, relayed._connection));
    assert!(crashed.end_signal().is_some());
    let outcome = kernel(relayed.crash, &mut &b""[..]);
    assert!(matches!(outcome, Err(CaptureError::TargetGone { .. })), "{outcome:?}");
}

#[test]
fn thread_ids_of_another_pid_namespace_are_translated() {
    let Some(path) = pipe_path(MANY) else { return };
    let arguments =
        ["--pid", "--fork", "--kill-child", &target().to_string_lossy(), "crash", "write", "0x1234"];
    let outer = Program::start(Path::new("unshare"), &arguments);
    let pid = child_of(outer.pid());
    let mut relayed = receive(&path.listener, pid);
    let capture = kernel(relayed.crash, &mut relayed.core).expect("a capture");
    let snapshot = &capture.snapshot;
    assert_eq!(snapshot.soft_errors, []);
    assert_eq!((snapshot.process.pid, snapshot.process.namespace_pid), (pid, 1));
    assert_eq!(snapshot.threads.len(), 4);
    assert!(snapshot.threads.iter().all(|thread| thread.namespace_tid < 100 && thread.tid > 100));
    assert!(snapshot.threads.iter().all(|thread| thread.registers.is_some()));
}

fn child_of(parent: u32) -> u32 {
    let mut found = None;
    wait_until("the child", || {
        let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        found = text.split_whitespace().next().and_then(|word| word.parse().ok());
        found.is_some()
    });
    found.expect("it was just found")
}

#[test]
fn a_core_in_a_socket_is_captured_and_held() {
    if !fs::read_to_string("/proc/sys/kernel/core_modes").is_ok_and(|modes| modes.contains("socket")) {
        println!("this kernel has no coredump socket: it is not tried");
        return;
    }
    let folder = tempfile::Builder::new().prefix("wer").tempdir_in("/tmp").expect("a folder");
    let path = folder.path().join("core.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let Some(_settings) = CoreSettings::take(&format!("@@{}", path.display()), "0") else { return };
    let mut crashed = Program::start(target(), &["crash", "write", "0x1234"]);
    let mut connection = loop {
        wait_readable(&listener);
        let (stream, _) = listener.accept().expect("the kernel");
        let connection = socket::accept(stream).expect("the kernel's language");
        if connection.pid() == crashed.pid() {
            break connection;
        }
    };
    let crash = connection.crash().expect("facts");
    assert_eq!((crash.tid, crash.dumpable), (0, 1));
    let capture = kernel(crash, &mut connection).expect("a capture");
    check(&capture, &crashed, target(), CaptureSource::KernelSocket);
    assert!(crashed.child.try_wait().expect("our child").is_none(), "the kernel holds it");
    drop((capture, connection));
    assert_eq!(crashed.end_signal(), Some(libc::SIGSEGV));
}

#[test]
fn a_block_of_a_crashed_process_is_read() {
    let Some(path) = pipe_path(MANY) else { return };
    let size = size_of::<RegistrationBlock>().to_string();
    let words_at = std::mem::offset_of!(RegistrationBlock, last_words).to_string();
    let mut program = Program::start(target(), &["registered", &size, &words_at]);
    program.expect("ready\n");
    let pid = rustix::process::Pid::from_raw(program.pid().cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::QUIT).expect("our own child");
    let mut relayed = receive(&path.listener, program.pid());
    let capture = kernel(relayed.crash, &mut relayed.core).expect("a capture");
    assert_eq!(capture.snapshot.last_words.as_ref().map(|words| words.text.as_str()), Some("farewell"));
    assert_eq!(capture.snapshot.registrations.memory_blocks().count(), 1);
    assert!(capture.set_capture_state(2, [1; 16], Path::new("/s")).expect("its memory is held"));
    let found = wer_capture::registrations(program.pid()).expect("a dumping process can be read");
    assert_eq!(found.capture_state, 2);
    let dumping = wer_capture::live(program.pid()).expect("a capture without a stop");
    assert!(dumping.snapshot.soft_errors[0].message.contains("writing the core"));
    let status = Process::open(program.pid()).expect("it is held").status().expect("it is held");
    assert_eq!(status.tracer_pid, 0);
}

#[test]
fn the_memory_in_a_core_is_not_read() {
    let Some(path) = pipe_path(MANY) else { return };
    let crashed = Program::start(target(), &["crash", "write", "0x1234"]);
    let mut relayed = receive(&path.listener, crashed.pid());
    let capture = kernel(relayed.crash, &mut relayed.core).expect("a capture");
    let mut next = [0; 4096];
    assert_ne!(relayed.core.read(&mut next).expect("the core goes on"), 0);
    assert_eq!(capture.snapshot.threads.len(), 4);
}

/// The kernel says in the core's head what it leaves out: by `MADV_DONTDUMP`, or by `coredump_filter`.
#[test]
fn a_core_tells_which_mappings_are_not_to_be_dumped() {
    let Some(path) = pipe_path(MANY) else { return };
    let table =
        [("", [false, true, false, false, true, false]), ("0x32", [true, true, true, true, true, false])];
    for (filter, expected) in table {
        let (mut program, places) = crate::facts::ready_to_crash(facts_target(), &["marks", filter, "crash"]);
        program.stdin.as_mut().expect("a pipe").write_all(b"x").expect("a pipe");
        let mut relayed = receive(&path.listener, program.pid());
        let capture = kernel_with(relayed.crash, &mut relayed.core, &Facts::ALL).expect("a capture");
        let snapshot = &capture.snapshot;
        assert_eq!(snapshot.soft_errors, []);
        let marked = places.map(|place| snapshot.region_at(place).expect("a mapping").marks.not_dumped);
        assert_eq!(marked, expected, "{filter}");
        let ordinary = snapshot
            .modules
            .iter()
            .filter(|it| snapshot.region_at(it.base).is_some_and(|it| it.marks.not_dumped));
        assert_eq!(ordinary.count(), 0, "modules are not marked");
        assert_eq!(capture.memory().untouched(places[5], u64::MAX), 9 * 4096);
        assert!(!snapshot.handles.is_empty() && snapshot.token.is_some() && snapshot.counters.is_some());
        assert!(snapshot.threads.iter().all(|thread| thread.details.is_some_and(|it| it.start_address != 0)));
        drop(capture);
    }
}
