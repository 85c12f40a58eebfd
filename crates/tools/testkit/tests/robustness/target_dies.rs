//! Somebody kills the crashing process while it is being captured.
#![cfg(debug_assertions)]

use std::os::unix::process::ExitStatusExt;

use wer_testkit::{SandboxOptions, Store, wait_for};

use crate::scene::{LIMIT, Scene, Standstill, assert_says, missing};

#[test]
fn before_its_capture_there_is_a_line_in_the_log() {
    let scene = Scene::new();
    let mut standing = Standstill::at(&scene, "before-capture", &["attach"]);
    let pid = standing.target.pid();
    standing.target.child().kill().expect("SIGKILL");
    assert_eq!(standing.end().signal(), Some(libc::SIGKILL));
    standing.go_on();
    let failures = wait_for("a line in the log", LIMIT, || {
        let failures = scene.failures(Store::User);
        Ok((!failures.is_empty()).then_some(failures))
    });
    assert_says(&failures.expect("a line"), &format!("process {pid}"));
    scene.no_report(pid);
}

#[test]
fn after_its_capture_there_is_a_partial_report() {
    for spot in ["captured", "begun"] {
        let scene = Scene::new();
        let mut standing = Standstill::at(&scene, spot, &["block", "attach"]);
        let pid = standing.target.pid();
        standing.target.child().kill().expect("SIGKILL");
        assert_eq!(standing.end().signal(), Some(libc::SIGKILL));
        standing.go_on();
        scene.sandbox.the_report_of(Store::User, pid).expect("a report");
        let report = scene.only_report(Store::User, pid);
        assert_eq!(report["signature"]["event_type"], "APPCRASH");
        assert_eq!(report["signature"]["parameters"][6]["value"], "c0000005", "{report}");
        let missing = missing(&report);
        assert!(!missing.is_empty(), "{spot}: nothing says that memory is missing: {report}");
        assert_says(&missing, "memory");
    }
}

#[test]
fn a_process_that_stands_still_is_let_go_with_its_own_signal() {
    let scene = Scene::new();
    let mut standing = Standstill::at(&scene, "begun", &["attach"]);
    standing.go_on();
    assert_eq!(standing.end().signal(), Some(libc::SIGSEGV));
    scene.only_report(Store::User, standing.target.pid());
}

/// A reporter that hangs is gone some time after the process that it let wait in vain.
#[test]
fn a_reporter_that_hangs_ends_itself() {
    let options =
        SandboxOptions { top_lines: vec!["HoldMilliseconds = 1000".into()], ..SandboxOptions::default() };
    let scene = Scene::with(&options);
    let mut standing = Standstill::at(&scene, "begun", &["hold", "200", "attach"]);
    assert_eq!(standing.end().signal(), Some(libc::SIGSEGV));
    let failures = wait_for("a line in the log", LIMIT, || {
        let failures = scene.failures(Store::User);
        Ok((!failures.is_empty()).then_some(failures))
    });
    assert_says(&failures.expect("a line"), "HoldMilliseconds");
    scene.no_report(standing.target.pid());
}

#[test]
fn a_process_that_waits_no_longer_gets_one_report() {
    let scene = Scene::new();
    let mut standing = Standstill::at(&scene, "begun", &["hold", "200", "attach"]);
    // It gives up by itself, and its reporter goes on with what it has.
    assert_eq!(standing.end().signal(), Some(libc::SIGSEGV));
    let pid = standing.target.pid();
    standing.go_on();
    scene.sandbox.the_report_of(Store::User, pid).expect("a report");
    scene.only_report(Store::User, pid);
}
