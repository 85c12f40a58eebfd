//! `in_application`: a crashing program that waits in its own handler.

use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;

use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;
use wer_abi::handoff::{CrashRequest, REQUEST_BYTES};
use wer_capture::{Capture, CaptureError, PeerCheck, in_application};
use wer_model::LastWordsSource;
use wer_snapshot::CaptureSource;
use wer_sys::{Process, pidfd};

use crate::program::{Program, musl, static_target, target, wait_until};

fn crash(kind: &str, address: &str) -> (Program, CrashRequest) {
    crash_of(target(), kind, address)
}

fn crash_of(path: &Path, kind: &str, address: &str) -> (Program, CrashRequest) {
    let mut program = Program::start(path, &["handler", kind, address]);
    let request = parse(&program.read(REQUEST_BYTES));
    assert_eq!(request.pid, program.pid());
    (program, request)
}

fn parse(bytes: &[u8]) -> CrashRequest {
    let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("64 bytes"));
    let long = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("64 bytes"));
    CrashRequest {
        magic: word(0),
        version: word(4),
        pid: word(8),
        tid: word(12),
        signal: word(16),
        deadline_ms: word(20),
        siginfo_address: long(24),
        ucontext_address: long(32),
        registration_address: long(40),
        report_id: *bytes[48..].first_chunk().expect("64 bytes"),
    }
}

fn finish(mut program: Program, capture: Capture) {
    drop(capture);
    program.stdin.as_mut().expect("a pipe").write_all(b"s").expect("a pipe");
    assert_eq!(program.end(), Some(42), "the handler went on");
}

#[test]
fn a_crash_is_captured_as_it_was_at_the_fault() {
    let (program, request) = crash("write", "0x1234");
    let capture = in_application(&request, PeerCheck::StartedUs).expect("a capture");
    let snapshot = &capture.snapshot;
    assert_eq!(snapshot.soft_errors, []);
    assert_eq!(snapshot.source, CaptureSource::InApplication);
    let exception = snapshot.exception.as_ref().expect("an exception");
    assert_eq!((exception.status, exception.access), (NtStatus::ACCESS_VIOLATION, Some(AccessKind::Write)));
    assert_eq!((exception.signal.number, exception.signal.code, exception.signal.address), (11, 1, 0x1234));
    assert_eq!(exception.tid, program.pid());
    assert_eq!(
        snapshot.module_at(exception.instruction).map(|module| module.base),
        Some(snapshot.modules[0].base)
    );

    assert_eq!(snapshot.threads.len(), 4);
    let crashed = snapshot.crashed_thread().expect("a thread");
    assert_eq!((crashed.tid, snapshot.threads[0].tid), (exception.tid, exception.tid));
    let registers = crashed.registers.expect("registers");
    assert_eq!((registers.rip, registers.cs & 0xffff), (exception.instruction, 0x33));
    assert!(crashed.fpu.as_ref().is_some_and(|fpu| fpu.xsave.len() > 512));
    let handler = crashed.handler_stack_pointer.expect("its handler's stack");
    let stacks = [registers.rsp, handler].map(|at| snapshot.region_at(at).expect("a stack").start);
    assert_ne!(stacks[0], stacks[1], "the handler ran on its own stack");
    assert!(handler < request.ucontext_address.min(request.siginfo_address));
    let others = || snapshot.threads[1..].iter();
    assert!(others().all(|thread| thread.registers.is_some() && thread.handler_stack_pointer.is_none()));
    let process = Process::open(program.pid()).expect("it lives");
    let state = |tid| process.thread_stat(tid).expect("it lives").state;
    assert!(others().all(|thread| state(thread.tid) == 't'));
    assert_eq!(state(exception.tid), 'S', "the crashing thread waits by itself");
    finish(program, capture);
}

#[test]
fn addresses_kinds_and_words_are_right() {
    let high = "0x7f0000001000";
    let table = [
        ("write", "0", 11, 0, NtStatus::ACCESS_VIOLATION, Some(AccessKind::Write)),
        ("read", high, 11, 0x7f00_0000_1000, NtStatus::ACCESS_VIOLATION, Some(AccessKind::Read)),
        ("jump", "0x5678", 11, 0x5678, NtStatus::ACCESS_VIOLATION, Some(AccessKind::Execute)),
        ("read", "0x8000000000000000", 11, 0, NtStatus::ACCESS_VIOLATION, None),
        ("abort", "0", 6, 0, NtStatus::FATAL_APP_EXIT, None),
        ("double-free", "0", 6, 0, NtStatus::HEAP_CORRUPTION, None),
        ("assert", "1", 6, 0, NtStatus::ASSERTION_FAILURE, None),
    ];
    for (kind, address, number, fault, status, access) in table {
        let (program, request) = crash(kind, address);
        let capture = in_application(&request, PeerCheck::StartedUs).expect("a capture");
        let found = capture.snapshot.exception.as_ref().expect("an exception");
        assert_eq!((found.signal.number, found.signal.address), (number, fault), "{kind} {address}");
        assert_eq!((found.status, found.access), (status, access), "{kind} {address}");
        let words = capture.snapshot.last_words.as_ref();
        let said = words.map(|words| words.text.as_str()).unwrap_or_default();
        match kind {
            "double-free" => assert!(said.contains("double free"), "{said}"),
            "assert" => {
                assert!(said.contains("Assertion `address == 0") && said.contains("failed"), "{said}")
            }
            _ => assert_eq!(said, ""),
        }
        assert!(words.is_none_or(|words| words.source == LastWordsSource::GlibcAbortMessage));
        finish(program, capture);
    }
}

/// Where FS points to is the thread's control block, which begins with its own address in every C library for x86-64.
#[test]
fn the_crashing_threads_control_block_is_known() {
    let musl = [&[][..], &["-static"]].into_iter().filter_map(|options| musl("target.c", options));
    for path in [target().to_owned(), static_target().to_owned()].into_iter().chain(musl) {
        let (program, request) = crash_of(&path, "write", "0x1234");
        let capture = in_application(&request, PeerCheck::StartedUs).expect("a capture");
        let crashed = capture.snapshot.crashed_thread().expect("a thread");
        let registers = crashed.registers.expect("registers");
        assert_ne!(registers.fs_base, 0, "{}", path.display());
        assert_eq!(capture.memory().read_u64(registers.fs_base), Some(registers.fs_base));
        assert_eq!(capture.snapshot.soft_errors, []);
        // Where it was stopped for a moment, it waits again.
        let process = Process::open(program.pid()).expect("it lives");
        wait_until("its wait", || process.thread_stat(crashed.tid).is_ok_and(|stat| stat.state == 'S'));
        assert_eq!(process.status().expect("it lives").tracer_pid, 0);
        finish(program, capture);
    }
}

#[test]
fn a_stack_overflow_and_a_division_are_told_apart() {
    for (kind, status) in
        [("overflow", NtStatus::STACK_OVERFLOW), ("divide", NtStatus::INTEGER_DIVIDE_BY_ZERO)]
    {
        let (program, request) = crash(kind, "0");
        let capture = in_application(&request, PeerCheck::StartedUs).expect("a capture");
        let exception = capture.snapshot.exception.as_ref().expect("an exception");
        assert_eq!(exception.status, status);
        assert_ne!(exception.signal.address, 0);
        finish(program, capture);
    }
}

#[test]
fn a_peers_pidfd_counts_for_more_than_the_request() {
    let (program, request) = crash("write", "0");
    let own = pidfd::open(program.pid()).expect("a pidfd");
    let other = pidfd::open(std::process::id()).expect("a pidfd");
    let refused = in_application(&request, PeerCheck::Pidfd(other));
    assert!(matches!(refused, Err(CaptureError::Request { .. })), "{refused:?}");
    let capture = in_application(&request, PeerCheck::Pidfd(own)).expect("a capture");
    let handle = capture.pidfd().expect("the peer's");
    assert_eq!(pidfd::pid_of(handle.as_fd()), Some(program.pid()));
    finish(program, capture);
}

#[test]
fn requests_that_lie_are_refused() {
    let (program, request) = crash("write", "0");
    let lies = [
        CrashRequest { magic: 0, ..request },
        CrashRequest { version: 9, ..request },
        CrashRequest { tid: std::process::id(), ..request },
        CrashRequest { signal: 6, ..request },
        CrashRequest { siginfo_address: 16, ..request },
        CrashRequest { siginfo_address: u64::MAX, ..request },
        CrashRequest { ucontext_address: 16, ..request },
    ];
    for lie in lies {
        let refused = in_application(&lie, PeerCheck::StartedUs);
        assert!(matches!(refused, Err(CaptureError::Request { .. })), "{lie:?}: {refused:?}");
    }
    let nobody = CrashRequest { pid: u32::MAX, ..request };
    assert!(matches!(in_application(&nobody, PeerCheck::StartedUs), Err(CaptureError::TargetGone { .. })));
    let capture = in_application(&request, PeerCheck::StartedUs).expect("the true one still works");
    finish(program, capture);
}
