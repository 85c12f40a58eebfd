//! Processes that cannot bear a copy, or end before their snapshot does.

use super::*;

/// A capture by a plain stop, and why.
fn plain(program: &Program) -> (Capture, String) {
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::Live);
    let last = capture.snapshot.soft_errors.last().expect("a soft error").message.clone();
    assert!(last.starts_with("No copy of process"), "{last}");
    (capture, last)
}

#[test]
fn a_thread_that_waits_for_its_vforked_child_does_not_hinder_the_others() {
    let mut program = start(&["vfork"]);
    wait_until("the child", || children(program.pid()).len() == 1);
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::ForkSnapshot);
    let [error] = &capture.snapshot.soft_errors[..] else { panic!("{:?}", capture.snapshot.soft_errors) };
    assert!(error.message.contains("did not stop"), "{}", error.message);
    // The child is let go while the copy lasts: the thread must not stand.
    program.ping();
    drop(capture);
    is_untouched(&program);
}

#[test]
fn a_process_of_which_no_thread_stops_is_captured_plainly() {
    let mut program = start(&["vfork", "1"]);
    wait_until("the child", || children(program.pid()).len() == 1);
    let outcome = fork_snapshot(program.pid(), &Facts::default());
    if let Ok(capture) = &outcome {
        assert_eq!(capture.snapshot.source, CaptureSource::Live);
    }
    drop(outcome);
    program.stdin_line("x");
    program.expect("pong\n");
}

#[test]
fn a_filtered_process_is_copied_where_filters_may_sleep() {
    let mut program = start(&["seccomp"]);
    waits(&program);
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    if capture.snapshot.source == CaptureSource::Live {
        assert!(capture.snapshot.soft_errors.last().is_some_and(|error| error.message.contains("seccomp")));
    }
    drop(capture);
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_traced_process_is_captured_plainly() {
    let mut program = start(&["call", "read"]);
    wer_sys::ptrace::seize(program.pid(), 0).expect("our own child");
    let (capture, reason) = plain(&program);
    assert!(reason.contains("traced"), "{reason}");
    drop(capture);
    program.stdin_line("x");
    program.expect("right\n");
}

#[test]
fn a_process_that_is_killed_leaves_its_copy_until_the_release() {
    let mut program = start(&["memory"]);
    waits(&program);
    let mut capture = snapshot(&program);
    let copy = children(program.pid());
    let stack = capture.snapshot.threads[0].registers.expect("registers").rsp;
    signal(&program, Signal::KILL);
    assert_eq!(program.end_signal(), Some(9));
    assert!(capture.memory().read_u64(stack).is_some(), "the copy outlives it");
    capture.release();
    wait_until("the copy's end", || Process::open(copy[0]).is_err());
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_no_copy() {
    for delay_us in (0..4000).step_by(100) {
        let mut program = start(&["busy", "64", "0"]);
        let pid = program.pid();
        let killer = std::thread::spawn(move || {
            let begin = std::time::Instant::now();
            while begin.elapsed().as_micros() < delay_us {
                std::thread::yield_now();
            }
            kill_process(Pid::from_raw(pid.cast_signed()).expect("a pid"), Signal::KILL)
                .expect("our own child");
        });
        let outcome = fork_snapshot(pid, &Facts::default());
        killer.join().expect("the killer");
        let copies = children(pid);
        // We are parent and tracer in one: either may have taken its end.
        let _ = program.child.wait();
        drop(outcome);
        for copy in copies {
            wait_until("the copy's end", || Process::open(copy).is_err());
        }
    }
}
