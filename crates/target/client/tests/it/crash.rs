//! Crashes: what the parent sees, what `werfault` is given, and what happens when there is no `werfault`.

use std::os::unix::process::ExitStatusExt;

use crate::victim::{Ended, Victim, fields};

const NOT_RUN: &str = "wer: could not run werfault; this crash is not reported by its own process\n";

fn crash(role: &str) -> Ended {
    Victim::new(role).run()
}

/// The process died of `signal`, and one request said so.
fn assert_reported(ended: &Ended, signal: i32) {
    assert_eq!(ended.status.signal(), Some(signal), "{}", ended.err);
    assert_eq!(ended.requests.len(), 1, "{:?} {}", ended.requests, ended.err);
    let request = &ended.requests[0];
    assert_eq!(request["pid"], ended.pid.to_string());
    assert_eq!(request["info_signal"], request["signal"]);
    assert!(!ended.err.contains("wer:"), "{}", ended.err);
}

#[test]
fn every_kind_of_crash_is_reported_and_dies_of_its_own_signal() {
    let kinds = [
        ("segv", libc::SIGSEGV),
        ("bus", libc::SIGBUS),
        ("ill", libc::SIGILL),
        ("fpe", libc::SIGFPE),
        ("abrt", libc::SIGABRT),
        ("trap", libc::SIGTRAP),
        ("sys", libc::SIGSYS),
        ("again", libc::SIGSEGV),
    ];
    for (role, signal) in kinds {
        let ended = crash(role);
        assert_reported(&ended, signal);
        assert_eq!(ended.requests[0]["signal"], signal.to_string(), "{role}");
    }
}

#[test]
fn werfault_starts_as_a_program_expects_to() {
    let ended = Victim::new("segv").env("LD_PRELOAD", "").run();
    assert_reported(&ended, libc::SIGSEGV);
    let request = &ended.requests[0];
    assert_eq!(request["magic"], "43524557");
    assert_eq!(request["version"], "1");
    assert_eq!(request["tid"], request["pid"]);
    assert_eq!(request["deadline"], "30000");
    assert_eq!(request["address"], "0x1234");
    assert_eq!(request["block"], format!("{:016x}", u64::from_le_bytes(*b"WERREGBK")));
    assert_eq!(request["fds"], "0,1,2,3,4");
    assert_eq!(request["blocked"], "0000000000000000");
    assert_eq!(request["argv"], "\"werfault");
    // A UUID of version 4, and no two alike.
    assert_eq!(&request["id"][12..13], "4");
    assert_ne!(request["id"], crash("segv").requests[0]["id"]);
}

#[test]
fn the_host_sees_no_child_and_its_own_handler_sees_the_same_fault() {
    let ended = crash("observed");
    assert_eq!(ended.status.code(), Some(42), "{}", ended.err);
    assert_eq!(ended.requests.len(), 1);
    let seen = fields(&ended.out);
    let expected = "address=0x1234 code=1 child=-1 no_child=true sigchld=0 pending=0";
    assert_eq!(seen, fields(expected));
}

#[test]
fn a_signal_that_was_ignored_and_sent_is_no_crash() {
    let ended = crash("ignored");
    assert!(ended.status.success(), "{:?}", ended.status);
    assert!(ended.requests.is_empty());
}

#[test]
fn a_missing_werfault_is_said_and_changes_nothing() {
    for path in ["/nonexistent/werfault", "/dev/null"] {
        let ended = Victim::new("segv").env("WER_WERFAULT", path).run();
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
        assert_eq!(ended.err, format!("{NOT_RUN}wer: it was looked for here: {path}\n"));
    }
    let ended = crash("no-descriptors");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert!(ended.err.starts_with(NOT_RUN), "{}", ended.err);
    assert_reported(&crash("few-descriptors"), libc::SIGSEGV);
}

#[test]
fn a_werfault_that_dies_or_hangs_holds_nobody() {
    let ended = Victim::new("segv").env("FAKE_MODE", "exit").run();
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert!(ended.err.contains("ended without an answer"), "{}", ended.err);

    let ended = Victim::new("hold").env("FAKE_MODE", "hang").run();
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert_eq!(ended.requests[0]["deadline"], "300");
    assert!(ended.err.contains("did not answer in time"), "{}", ended.err);
}

#[test]
fn progress_extends_the_deadline() {
    let ended = Victim::new("hold").env("FAKE_MODE", "progress").run();
    assert_reported(&ended, libc::SIGSEGV);
    assert_eq!(ended.requests[0]["deadline"], "300");
}

#[test]
fn threads_that_crash_together_make_one_report() {
    let ended = crash("two-threads");
    assert_reported(&ended, libc::SIGSEGV);
    assert_ne!(ended.requests[0]["tid"], ended.requests[0]["pid"]);
}

#[test]
fn a_crash_in_the_handler_ends_the_process() {
    let ended = crash("second-crash");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert!(ended.requests.is_empty());
}

#[test]
fn stack_overflows_are_reported() {
    let ended = crash("overflow-thread");
    assert_eq!(ended.requests.len(), 1, "{}", ended.err);
    assert_eq!(ended.requests[0]["signal"], libc::SIGSEGV.to_string());
    // A thread of std's own keeps the small alternate stack that std gave it.
    let ended = crash("overflow-std-thread");
    assert_eq!(ended.requests.len(), 1, "{}", ended.err);
    // std's own handler comes after ours in a Rust program: it says its sentence and aborts, as without us.
    let ended = crash("rust-overflow");
    assert_eq!(ended.requests.len(), 1, "{}", ended.err);
    assert_eq!(ended.requests[0]["signal"], libc::SIGSEGV.to_string());
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
    assert!(ended.err.contains("has overflowed its stack"), "{}", ended.err);
}

#[test]
fn closed_descriptors_do_not_matter() {
    let ended = crash("closed");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert_eq!(ended.requests.len(), 1);
}

#[test]
fn a_forks_child_reports_for_itself() {
    let ended = crash("fork");
    assert!(ended.status.success());
    let said = fields(&ended.out);
    assert_eq!(said["signal"], libc::SIGSEGV.to_string());
    assert_eq!(ended.requests.len(), 1);
    assert_eq!(ended.requests[0]["pid"], said["child"]);
}
