//! A machine is enrolled with a key, reports, and keeps its reports once the key is revoked.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wer_testkit::crasher::{Flavour, kind};
use wer_testkit::{Ended, Sandbox, SandboxOptions, Store, Watson};

/// Runs one of watson's commands on a data folder, beside its server or without one.
fn offline(sandbox: &Sandbox, data: &Path, arguments: &[&str]) -> Value {
    let ended = Command::new(sandbox.built().binary("watson"))
        .args(arguments)
        .args(["--json", "--data"])
        .arg(data)
        .output()
        .expect("watson runs");
    assert!(ended.status.success(), "{arguments:?}: {ended:?}");
    serde_json::from_slice(&ended.stdout).expect("JSON")
}

fn wer(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    sandbox.wer(Store::User, arguments).expect("wer runs")
}

/// Makes a report that waits, and lets it go; how it stands then.
fn report(sandbox: &Sandbox) -> (Ended, Value) {
    let kind = kind("c-null-write").expect("a kind of the catalogue");
    let program = sandbox.built().crasher(kind, Flavour::Attached).expect("a C compiler");
    let ended = sandbox.run(&program, &[]).expect("it runs");
    let shown = sandbox.the_report_of(Store::User, ended.pid).expect("a report");
    let id = shown["report"]["id"].as_str().expect("an id");
    let submitted = wer(sandbox, &["submit", id, "--approve"]);
    (submitted, sandbox.the_report_of(Store::User, ended.pid).expect("a report"))
}

#[test]
fn an_enrolled_machine_reports_until_its_key_is_revoked_and_keeps_what_is_refused() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    offline(&sandbox, &data, &["product", "add", "Game"]);
    let made = offline(&sandbox, &data, &["product", "key", "Game"]);
    let (key, number) = (made["secret"].as_str().expect("a key"), made["id"].to_string());
    let start = || {
        let arguments = ["--no-token", "--set", "trust.keys=always"];
        Watson::start_with(sandbox.built(), &data, &arguments).expect("watson starts")
    };
    let server = start();
    // What is no server of ours, or a wrong key, changes nothing.
    let wrong = wer(&sandbox, &["enroll", &server.origin, &"0".repeat(64)]);
    assert_eq!(wrong.status.code(), Some(1), "{}", wrong.describe());
    assert!(wrong.stderr.contains("key_unknown"), "{}", wrong.describe());
    let nobody = wer(&sandbox, &["enroll", "http://127.0.0.1:9", key]);
    assert!(nobody.stderr.contains("nothing was changed"), "{}", nobody.describe());

    let enrolled = wer(&sandbox, &["enroll", &server.origin, key, "--json"]);
    assert_eq!(enrolled.status.code(), Some(0), "{}", enrolled.describe());
    let said: Value = serde_json::from_str(&enrolled.stdout).expect("JSON");
    assert_eq!((&said["product"], &said["port"]), (&"Game".into(), &server.port.into()));
    let (submitted, shown) = report(&sandbox);
    assert_eq!(shown["state"], "archived", "{}", submitted.describe());
    let hits = |server: &Watson| {
        let (_, text) = server.get("/metrics").expect("totals");
        text.lines().find_map(|line| line.strip_prefix("watson_hits ").map(str::to_owned)).expect("hits")
    };
    assert_eq!(hits(&server), "1");

    // What is known against it is told to the next report, and shown.
    offline(
        &sandbox,
        &data,
        &[
            "solution",
            "add",
            "--event-type",
            "*",
            "--url",
            "https://example.com/1",
            "--text",
            "Update.\nThen \u{66f4}.",
            "--fixed-in",
            "99.1",
        ],
    );
    let (submitted, shown) = report(&sandbox);
    for line in ["answers: https://example.com/1", "says: Update.", "says: Then \u{66f4}.", "fixed in: 99.1"]
    {
        assert!(submitted.stdout.contains(line), "{}", submitted.describe());
    }
    assert_eq!(shown["report"]["reply"]["solution_text"], "Update.\nThen \u{66f4}.");
    let id = shown["report"]["id"].as_str().expect("an id");
    let text = wer(&sandbox, &["report", "show", id]).stdout;
    for line in ["https://example.com/1", "What to do  Update.", "Then \u{66f4}.", "Fixed in    99.1"] {
        assert!(text.contains(line), "{line:?} is missing in {text}");
    }
    drop(server);

    offline(&sandbox, &data, &["product", "revoke-key", &number]);
    let server = start();
    let refused = wer(&sandbox, &["enroll", &server.origin, key]);
    assert!(refused.stderr.contains("key_revoked"), "{}", refused.describe());
    let written = wer(&sandbox, &["enroll", &server.origin, key, "--unchecked"]);
    assert_eq!(written.status.code(), Some(0), "{}", written.describe());
    let (submitted, shown) = report(&sandbox);
    assert_eq!(shown["state"], "queued", "{}", submitted.describe());
    assert!(submitted.stdout.contains("403"), "{}", submitted.describe());
    assert_eq!(hits(&server), "2");

    // With a good key, what has waited goes.
    let another = offline_beside(&sandbox, &data, server);
    let server = start();
    let again = wer(&sandbox, &["enroll", &server.origin, &another]);
    assert_eq!(again.status.code(), Some(0), "{}", again.describe());
    let all = wer(&sandbox, &["submit", "--all", "--approve"]);
    assert_eq!(all.status.code(), Some(0), "{}", all.describe());
    assert_eq!(hits(&server), "3");
    let removed = wer(&sandbox, &["enroll", "--remove"]);
    assert_eq!(removed.status.code(), Some(0), "{}", removed.describe());
    assert!(!wer(&sandbox, &["config", "list"]).stdout.contains("CorporateWER"));
}

/// Ends the server, whose data folder is its own, and makes another key.
fn offline_beside(sandbox: &Sandbox, data: &Path, server: Watson) -> String {
    drop(server);
    let made = offline(sandbox, data, &["product", "key", "Game"]);
    made["secret"].as_str().expect("a key").to_owned()
}
