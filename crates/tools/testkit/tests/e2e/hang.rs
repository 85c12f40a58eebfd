//! `wer hang` on a process that waits for another one.

use std::process::{Child, Command, Stdio};

use wer_testkit::{Sandbox, SandboxOptions, Store};

/// A child that is ended with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_hang_is_told_reported_and_ended_only_if_asked() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let sleep = Command::new("sleep").arg("1000").stdout(Stdio::piped()).spawn();
    let mut writer = Ending(sleep.expect("it starts"));
    let pipe = writer.0.stdout.take().expect("its end");
    let reader = Command::new("cat").stdin(pipe).stdout(Stdio::null()).spawn();
    let mut reader = Ending(reader.expect("it starts"));
    let pid = reader.0.id().to_string();

    let chain = wer_testkit::wait_for("the chain", std::time::Duration::from_secs(30), || {
        let told = sandbox.wer_json(Store::User, &["hang", &pid, "--no-report"])?;
        Ok((told["hang_type"] == "cross_process").then_some(told))
    });
    let chain = chain.expect("a chain");
    assert_eq!((&chain["chain"]["links"][0]["what"], &chain["report"]), (&"pipe".into(), &().into()));
    assert!(sandbox.reports(Store::User).expect("reports").is_empty());

    let told = sandbox.wer_json(Store::User, &["hang", &pid]).expect("a report");
    let id = told["report"].as_str().expect("an id");
    let shown = sandbox.wer_json(Store::User, &["report", "show", id]).expect("the report");
    let signature = &shown["report"]["signature"];
    assert_eq!(signature["event_type"], "AppHangXProcB1", "{shown}");
    assert_eq!(signature["parameters"].as_array().map(Vec::len), Some(7));
    assert_eq!(signature["parameters"][3]["value"], told["hang_signature"]);
    assert_eq!(signature["parameters"][5]["value"], "sleep");
    let folder = std::path::Path::new(told["folder"].as_str().expect("a folder"));
    let text = std::fs::read_to_string(folder.join("WaitChain.txt")).expect("the chain");
    assert!(text.contains("waits for: pipe"), "{text}");
    let inspected =
        sandbox.wer_json(Store::User, &["inspect", &folder.join("minidump.mdmp").to_string_lossy()]);
    assert!(inspected.expect("a dump").to_string().contains("CommentStreamW"));
    let events = sandbox.wer_json(Store::User, &["events", "--id", "1002"]).expect("events").to_string();
    assert!(events.contains("Cross-process") && events.contains(id), "{events}");
    assert!(reader.0.try_wait().expect("its state").is_none(), "it lives on");

    sandbox.wer_json(Store::User, &["hang", &pid, "--kill"]).expect("a report");
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(reader.0.wait().expect("its end").signal(), Some(libc::SIGKILL));
    let gone = sandbox.wer(Store::User, &["hang", "4294967294"]).expect("wer runs");
    assert_eq!(gone.status.code(), Some(1), "{}", gone.describe());
}
