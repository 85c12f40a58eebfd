//! `trace::supervise`: unmodified programs, without root.

use std::path::Path;

use wer_abi::NtStatus;
use wer_capture::CaptureError;
use wer_capture::trace::{ExitDisposition, supervise};
use wer_snapshot::{CaptureSource, ProcessSnapshot};

use crate::program::{static_target, target, words};

fn run(program: &Path, arguments: &[&str]) -> (ExitDisposition, Vec<ProcessSnapshot>) {
    let mut crashes = Vec::new();
    let outcome = supervise(words(program, arguments), &mut |capture| {
        assert!(capture.silence_kernel_path());
        let at = capture.snapshot.threads[0].registers.expect("registers").rip;
        assert!(capture.memory().read_u64(at).is_some());
        capture.release();
        crashes.push(capture.snapshot.clone());
    });
    (outcome.expect("it runs"), crashes)
}

fn dies_by(outcome: ExitDisposition, number: i32) -> bool {
    matches!(outcome, ExitDisposition::Signaled { signal, .. } if signal == number)
}

#[test]
fn static_and_dynamic_programs_are_captured_before_they_die() {
    for program in [static_target(), target()] {
        let (outcome, crashes) = run(program, &["crash", "write", "0x1234"]);
        assert!(dies_by(outcome, libc::SIGSEGV), "{outcome:?}");
        let [snapshot] = &crashes[..] else { panic!("{} captures", crashes.len()) };
        assert_eq!(snapshot.soft_errors, []);
        assert_eq!(snapshot.source, CaptureSource::Traced);
        let exception = snapshot.exception.as_ref().expect("an exception");
        assert_eq!((exception.status, exception.signal.address), (NtStatus::ACCESS_VIOLATION, 0x1234));
        assert_eq!(snapshot.modules[0].path, program.to_string_lossy());
        assert!(snapshot.modules[0].contains(exception.instruction));
        assert_eq!(snapshot.threads.len(), 4);
        assert!(snapshot.threads.iter().all(|thread| thread.registers.is_some()));
    }
}

#[test]
fn kinds_of_crash_are_told_apart() {
    let table = [
        ("abort", libc::SIGABRT, NtStatus::FATAL_APP_EXIT),
        ("double-free", libc::SIGABRT, NtStatus::HEAP_CORRUPTION),
        ("divide", libc::SIGFPE, NtStatus::INTEGER_DIVIDE_BY_ZERO),
        ("trap", libc::SIGTRAP, NtStatus::BREAKPOINT),
        ("overflow", libc::SIGSEGV, NtStatus::STACK_OVERFLOW),
    ];
    for (kind, number, status) in table {
        let (outcome, crashes) = run(target(), &["crash", kind]);
        assert!(dies_by(outcome, number), "{kind}: {outcome:?}");
        let found = crashes.first().and_then(|snapshot| snapshot.exception.as_ref()).map(|it| it.status);
        assert_eq!((crashes.len(), found), (1, Some(status)), "{kind}");
    }
}

#[test]
fn a_program_that_handles_its_signal_is_left_alone() {
    let (outcome, crashes) = run(target(), &["caught"]);
    assert_eq!((outcome, crashes.len()), (ExitDisposition::Exited(7), 0));
}

#[test]
fn statuses_pass_through_and_children_are_not_followed() {
    assert_eq!(run(target(), &["exit", "3"]).0, ExitDisposition::Exited(3));
    let (outcome, crashes) = run(target(), &["fork"]);
    assert_eq!((outcome, crashes.len()), (ExitDisposition::Exited(libc::SIGSEGV), 0));
    let shell = Path::new("/bin/sh");
    assert_eq!(run(shell, &["-c", "exec sh -c 'exit 5'"]).0, ExitDisposition::Exited(5));
    let (outcome, crashes) = run(shell, &["-c", "kill -KILL $$"]);
    assert!(dies_by(outcome, libc::SIGKILL) && crashes.is_empty());
    let (outcome, crashes) = run(shell, &["-c", "kill -ABRT $$"]);
    assert!(dies_by(outcome, libc::SIGABRT) && crashes.len() == 1);
}

#[test]
fn a_job_control_stop_passes_through() {
    // The shell stops itself; its child, which is not followed, waits for that and lets it go on.
    let script = "(until grep -q '^State:.T' /proc/$$/status || grep -q '^State:.t' /proc/$$/status; do :; done; \
                  kill -CONT $$) & kill -STOP $$; exit 9";
    let (outcome, crashes) = run(Path::new("/bin/sh"), &["-c", script]);
    assert_eq!((outcome, crashes.len()), (ExitDisposition::Exited(9), 0));
}

#[test]
fn a_program_that_cannot_run_is_named() {
    for program in ["/no/such/program", "/etc/passwd"] {
        let outcome = supervise(words(Path::new(program), &[]), &mut |_| panic!("no crash"));
        let Err(CaptureError::Run { program: named, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(named, program);
    }
    assert!(supervise(Vec::new(), &mut |_| panic!("no crash")).is_err());
}
