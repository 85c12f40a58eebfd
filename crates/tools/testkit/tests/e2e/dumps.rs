//! `wer dump` and `wer registrations` on living processes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use wer_testkit::{Guard, Sandbox, SandboxOptions, Store, lldb};

/// A process that lives until it is told to end, and has begun to.
fn living(sandbox: &Sandbox) -> Result<Guard> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo ready; read line"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut guard = Guard::new(sandbox.confine(&mut command).spawn()?);
    let stdout = guard.child().stdout.take().context("piped")?;
    BufReader::new(stdout).read_line(&mut String::new())?;
    Ok(guard)
}

#[test]
fn every_type_of_dump_is_written_and_the_process_goes_on() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let mut process = living(&sandbox).expect("a process");
    let pid = process.pid().to_string();
    let mut sizes = Vec::new();
    for dump_type in ["micro", "mini", "heap", "full"] {
        let path = sandbox.path(&format!("work/{dump_type}.dmp"));
        let name = path.to_string_lossy();
        let answer = sandbox
            .wer_json(Store::User, &["dump", &pid, "--type", dump_type, "-o", &name])
            .unwrap_or_else(|error| panic!("{dump_type}: {error:#}"));
        assert_eq!(answer["type"], dump_type);
        assert_eq!(answer["threads"], 1, "{answer}");
        let size = std::fs::metadata(&path).expect("a dump").len();
        assert_eq!(answer["bytes"], size);
        sizes.push(size);
        let reading = lldb::read(&path).unwrap_or_else(|error| panic!("{dump_type}: {error:#}"));
        assert_eq!(reading.crashed_thread.to_string(), pid, "{dump_type}: {}", reading.transcript);
    }
    assert!(sizes.is_sorted(), "a larger type is smaller: {sizes:?}");
    drop(process.child().stdin.take());
    let status = process.child().wait().expect("it is ours");
    assert_eq!(status.code(), Some(1), "the shell's read ended with its input");
}

#[test]
fn the_default_name_says_what_and_who_and_is_not_overwritten() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let process = living(&sandbox).expect("a process");
    let pid = process.pid().to_string();
    let answer = sandbox.wer_json(Store::User, &["dump", &pid]).expect("a dump");
    let name = answer["path"].as_str().expect("a path").to_owned();
    assert!(name.ends_with(&format!(".{pid}.dmp")), "{name}");
    lldb::read(&sandbox.path("work").join(&name)).expect("a dump that lldb reads");
    let again = sandbox.wer(Store::User, &["dump", &pid]).expect("it runs");
    assert_eq!(again.status.code(), Some(1), "{}", again.describe());
    assert!(again.stderr.contains("exists already"), "{}", again.describe());
}

#[test]
fn a_process_without_registrations_says_so() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let process = living(&sandbox).expect("a process");
    let pid = process.pid().to_string();
    let answer = sandbox.wer_json(Store::User, &["registrations", &pid]).expect("an answer");
    assert_eq!(answer["block_address"], 0, "{answer}");
}

#[test]
fn registrations_are_read_from_a_process_that_stands() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let sample = sandbox.built().samples().first().expect("a sample").clone();
    // The reporter stands where it was started, and so does the crashing application.
    let script = sandbox.path("werfault-script");
    std::fs::write(&script, "#!/bin/sh\necho reporting >&2\nread line < \"$WER_STORE_DIR/gate\"\n")
        .expect("a script");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let gate = sandbox.path("store/gate");
    let made = Command::new("mkfifo").arg(&gate).status().expect("mkfifo");
    assert!(made.success());
    let mut command = Command::new(&sample.application);
    command.arg(&sample.module).stderr(Stdio::piped());
    sandbox.confine(&mut command).env("WER_WERFAULT", &script);
    let mut process = Guard::new(command.spawn().expect("the sample starts"));
    let mut stderr = BufReader::new(process.child().stderr.take().expect("piped"));
    stderr.read_line(&mut String::new()).expect("the reporter has begun");

    let pid = process.pid().to_string();
    let answer = sandbox.wer_json(Store::User, &["registrations", &pid]).expect("an answer");
    assert_eq!(answer["modules"][0]["path"], sample.module.to_string_lossy().as_ref(), "{answer}");
    assert_ne!(answer["modules"][0]["context"], 0, "{answer}");
    let kinds: Vec<_> =
        answer["entries"].as_array().into_iter().flatten().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["memory_block", "metadata", "metadata"], "{answer}");
    let text = sandbox.wer(Store::User, &["registrations", &pid]).expect("an answer").stdout;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in {text}"));
    assert!(at("module ") < at("memory ") && at("memory ") < at("Channel"), "not in order: {text}");

    std::fs::write(&gate, "go on\n").expect("the reporter reads it");
    let status = process.child().wait().expect("it is ours");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGSEGV));
}
