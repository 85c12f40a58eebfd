//! One crash, one report, also when two ways are active or the first way fails.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use wer_testkit::crasher::{Flavour, kind};
use wer_testkit::{CorePattern, Sandbox, SandboxOptions, Service, Store, process};

const CRASH_LIMIT: Duration = Duration::from_secs(60);

fn crasher(sandbox: &Sandbox, flavour: Flavour) -> PathBuf {
    let null_write = kind("c-null-write").expect("a kind of the catalogue");
    sandbox.built().crasher(null_write, flavour).expect("a C compiler")
}

/// Crashes an attached program with this `werfault` while the kernel's socket is active, and counts its reports in both
/// stores.
fn reports_with(werfault: Option<&str>) -> Result<(usize, usize)> {
    let sandbox = Sandbox::new(&SandboxOptions::default())?;
    let service = Service::start(&sandbox)?;
    let borrowed = CorePattern::set(&service.core_pattern())?;
    let mut command = Command::new(crasher(&sandbox, Flavour::Attached));
    sandbox.confine(&mut command);
    if let Some(script) = werfault {
        command.env("WER_WERFAULT", write_script(&sandbox, script)?);
    }
    let ended = process::run(&mut command, CRASH_LIMIT)?;
    ensure!(ended.signal() == Some(libc::SIGSEGV), "ended otherwise: {}", ended.describe());
    // The kernel lets a process go when its reporter has finished, so both stores are complete now.
    drop(borrowed);
    let count = |store| Ok::<usize, anyhow::Error>(sandbox.reports_of(store, ended.pid)?.len());
    Ok((count(Store::User)?, count(Store::Machine)?))
}

fn write_script(sandbox: &Sandbox, script: &str) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = sandbox.path("werfault-script");
    let real = sandbox.built().binary("werfault");
    std::fs::write(&path, script.replace("WERFAULT", &real.display().to_string()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).context("a script of ours")?;
    Ok(path)
}

#[test]
fn two_active_ways_make_one_report() {
    if CorePattern::why_not().is_some() {
        return;
    }
    assert_eq!(reports_with(None).expect("a crash"), (1, 0), "in the user's and in the machine's store");
}

#[test]
fn a_reporter_that_dies_before_its_report_is_taken_over() {
    if CorePattern::why_not().is_some() {
        return;
    }
    let dies = "#!/bin/sh\nkill -9 $$\n";
    assert_eq!(
        reports_with(Some(dies)).expect("a crash"),
        (0, 1),
        "in the user's and in the machine's store"
    );
}

#[test]
fn a_reporter_that_dies_after_its_report_is_believed() {
    if CorePattern::why_not().is_some() {
        return;
    }
    // The reply goes nowhere, so the process never hears that its report is stored.
    let silent = "#!/bin/sh\nWERFAULT \"$@\" 4>/dev/null\nkill -9 $$\n";
    assert_eq!(
        reports_with(Some(silent)).expect("a crash"),
        (1, 0),
        "in the user's and in the machine's store"
    );
}

#[test]
fn a_supervised_program_with_a_handler_makes_one_report() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let program = crasher(&sandbox, Flavour::Attached);
    let ended = sandbox.wer_run(true, &program, &[]).expect("it runs");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    let reports = sandbox.reports(Store::User).expect("reports");
    assert_eq!(reports.len(), 1, "{reports:?}");
}

#[test]
fn a_missing_werfault_costs_the_report_and_nothing_else() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let mut command = Command::new(crasher(&sandbox, Flavour::Attached));
    sandbox.confine(&mut command).env("WER_WERFAULT", "/nonexistent/werfault");
    let ended = process::run(&mut command, CRASH_LIMIT).expect("it runs");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
}

#[test]
fn a_hanging_werfault_holds_a_process_for_its_deadline_only() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    // It keeps nothing of the process open, so that only the process itself is waited for.
    let hangs = "#!/bin/sh\necho $$ > \"$WER_STORE_DIR/pid\"\nexec sleep 600 > /dev/null 2>&1\n";
    let script = write_script(&sandbox, hangs).expect("a script");
    let mut command = Command::new(crasher(&sandbox, Flavour::Attached));
    sandbox.confine(&mut command).env("WER_WERFAULT", script);
    let ended = process::run(&mut command, CRASH_LIMIT).expect("it ends within twice the deadline");
    let reporter = std::fs::read_to_string(sandbox.path("store/pid")).expect("the script has written it");
    let reporter = rustix::process::Pid::from_raw(reporter.trim().parse().expect("a pid")).expect("a pid");
    // Gone already, where the process has ended its reporter.
    let _ = rustix::process::kill_process(reporter, rustix::process::Signal::KILL);
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
}
