//! Recovery callbacks: what they may do, and that the process dies of its first signal however they end.

use std::os::unix::process::ExitStatusExt;

use crate::victim::{Ended, Victim};

/// `wer_abi::registration::recovery_phase`.
const NOT_CALLED: &str = "0";
const SUCCEEDED: &str = "2";
const FAILED: &str = "3";
const ENDED: &str = "4";

fn recover(role: &str) -> Ended {
    let ended = Victim::new(&format!("recover-{role}")).env("FAKE_MODE", "recover").run();
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{role}: {:?} {}", ended.status, ended.err);
    assert_eq!(ended.requests.len(), 2, "{role}: {:?} {}", ended.requests, ended.err);
    assert_eq!(ended.requests[0]["address"], "0x1234", "{role}");
    assert!(!ended.err.contains("wer:"), "{role}: {}", ended.err);
    ended
}

fn phase(ended: &Ended) -> &str {
    &ended.requests[1]["phase"]
}

#[test]
fn a_callback_saves_its_work_and_names_it() {
    let ended = recover("well");
    assert_eq!(ended.out, "saved work work \n");
    assert_eq!((phase(&ended), ended.requests[1]["progress"].as_str()), (SUCCEEDED, "1"));
    assert_eq!(ended.requests[1]["restart"], "--recovered");
}

#[test]
fn a_callback_that_returns_without_a_word_has_failed() {
    assert_eq!(phase(&recover("silently")), FAILED);
}

#[test]
fn a_second_crash_ends_the_recovery_and_leaves_the_first_signal() {
    for role in ["by-crashing", "by-exception", "by-overflow"] {
        let ended = recover(role);
        assert_eq!(phase(&ended), ENDED, "{role}");
        assert_eq!(ended.requests[1]["restart"], "--before");
    }
}

#[test]
fn a_callback_that_tells_no_progress_is_given_up() {
    assert_eq!(phase(&recover("never")), ENDED);
}

#[test]
fn progress_extends_the_interval() {
    let ended = recover("slowly");
    assert_eq!(phase(&ended), FAILED);
    assert_ne!(ended.requests[1]["progress"], "0");
}

#[test]
fn a_callback_has_the_signal_mask_of_the_program() {
    let ended = recover("blocked");
    assert_eq!(ended.out, "SigBlk:\t0000000000000200\n");
}

#[test]
fn nothing_is_called_that_is_not_registered_or_was_overwritten() {
    for role in ["unregistered", "overwritten"] {
        let ended = recover(role);
        assert_eq!((phase(&ended), ended.out.as_str()), (NOT_CALLED, ""), "{role}");
    }
}

#[test]
fn without_the_word_of_werfault_nothing_is_called() {
    for mode in ["store", "exit"] {
        let ended = Victim::new("recover-well").env("FAKE_MODE", mode).run();
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
        assert_eq!((ended.out.as_str(), ended.requests.len()), ("", 1), "{mode}");
    }
}
