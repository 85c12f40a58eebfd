//! `wer dump` on living processes.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A process that lives until it is dropped, and says whether it goes on.
struct Living(Child);

impl Living {
    fn new() -> Self {
        let mut command = Command::new("cat");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // It has gone through its exec when it answers.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self(child)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn goes_on(mut self) -> bool {
        drop(self.0.stdin.take());
        self.0.wait().unwrap().success()
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wer"));
    command.arg("dump").args(arguments).current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a run that must fail said; its exit code is 1.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[track_caller]
fn check(path: &Path) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_wer")).args(["inspect", "--check"]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn files(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_in_it_and_where_it_goes() {
    let (folder, process) = (tempfile::tempdir().unwrap(), Living::new());
    let (here, pid) = (folder.path(), process.pid());
    fs::write(here.join("notes"), "of mine").unwrap();
    let answer = json(
        here,
        &[
            &pid,
            "--flags",
            "0x1000",
            "--with",
            "handle-data,token-information",
            "--stream",
            "0x10000=notes",
            "--comment",
            "why",
            "-o",
            "a.dmp",
        ],
    );
    assert_eq!((&answer["type"], &answer["capture_source"]), (&"0x1000".into(), &"live".into()));
    check(&here.join("a.dmp"));
    let mut inspect = Command::new(env!("CARGO_BIN_EXE_wer"));
    inspect.args(["inspect", "--stream", "0x10000", "--raw"]).arg(here.join("a.dmp"));
    let shown = inspect.output().unwrap();
    assert_eq!(shown.stdout, b"of mine");

    let answer = json(here, &[&pid, "--snapshot", "--compress"]);
    let name = format!("cat.{pid}.dmp.zst");
    assert_eq!((&answer["path"], &answer["compressed"]), (&name.clone().into(), &true.into()));
    assert_eq!(answer["capture_source"], "fork_snapshot");
    check(&here.join(&name));

    let said = refused(here, &[&pid, "-o", "a.dmp"]);
    assert!(said.contains("a.dmp exists already") && said.contains("--force"), "{said}");
    json(here, &[&pid, "-o", "a.dmp", "--force", "--type", "triage"]);
    check(&here.join("a.dmp"));
    assert_eq!(files(&folder), ["a.dmp", &name, "notes"]);
    assert!(process.goes_on());
}

#[test]
fn standard_output_gets_a_whole_dump_or_says_that_it_did_not() {
    let (folder, process) = (tempfile::tempdir().unwrap(), Living::new());
    let (here, pid) = (folder.path(), process.pid());
    let output = run(here, &[&pid, "--type", "full", "-o", "-", "--json"]);
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(answer["bytes"], output.stdout.len());
    fs::write(here.join("a.dmp"), &output.stdout).unwrap();
    check(&here.join("a.dmp"));

    let mut piped = command(here, &[&pid, "--type", "full", "-o", "-"]);
    let mut piped = piped.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(piped.stdout.take());
    let output = piped.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("closed before the whole dump"), "{said}");
}

/// Starts a dump that waits until `meanwhile` was done: one of its streams comes from a pipe.
fn interrupted(folder: &TempDir, process: &Living, meanwhile: impl FnOnce(&Child)) -> (Option<i32>, String) {
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = command(folder.path(), &[&process.pid(), "--stream", "0x10000=pipe", "-o", "a.dmp"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stream = OpenOptions::new().write(true).open(&pipe).unwrap();
    meanwhile(&child);
    stream.write_all(b"go on").unwrap();
    drop(stream);
    let output = child.wait_with_output().unwrap();
    fs::remove_file(&pipe).unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn ctrl_c_leaves_no_file_and_a_process_that_goes_on() {
    let (folder, process) = (tempfile::tempdir().unwrap(), Living::new());
    let interrupt = |child: &Child| {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let (code, said) = interrupted(&folder, &process, interrupt);
    assert!(code == Some(1) && said.contains("cancelled"), "{code:?} {said}");
    assert_eq!(files(&folder), Vec::<String>::new());
    assert!(process.goes_on());
}

#[test]
fn a_process_that_ends_meanwhile_is_said_to_be_gone() {
    let (folder, process) = (tempfile::tempdir().unwrap(), Living::new());
    let end =
        |_: &Child| assert!(Command::new("kill").args(["-KILL", &process.pid()]).status().unwrap().success());
    let (code, said) = interrupted(&folder, &process, end);
    assert!(code == Some(1) && (said.contains("has ended") || said.contains("is gone")), "{code:?} {said}");
    assert_eq!(files(&folder), Vec::<String>::new());
}

#[test]
fn what_cannot_be_done_says_why() {
    let (folder, process) = (tempfile::tempdir().unwrap(), Living::new());
    let (here, pid) = (folder.path(), process.pid());
    assert!(refused(here, &["4294967294"]).contains("process 4294967294 is gone"));
    assert!(refused(here, &[&pid, "-o", "no/a.dmp"]).contains("no/a.dmp cannot be made"));
    assert!(refused(here, &[&pid, "-o", "/dev/full", "--force"]).contains("no regular file"));
    assert!(refused(here, &[&pid, "--flags", "0x80000000"]).contains("0x80000000"));
    assert!(refused(here, &[&pid, "--stream", "7=missing"]).contains("missing cannot become a stream"));
    assert_eq!(run(here, &[&pid, "--flags", "0x1", "--type", "full"]).status.code(), Some(2));
    assert_eq!(run(here, &[&pid, "--with", "nonsense"]).status.code(), Some(2));
    assert_eq!(files(&folder), Vec::<String>::new());
}
