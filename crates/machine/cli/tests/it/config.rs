//! `wer config` and `wer events` on a machine's folder of their own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use wer_model::CrashRecord;
use wer_store::{EventLog, LogEntry};

fn wer(base: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wer")).arg("--base").arg(base).args(arguments).output().unwrap()
}

#[track_caller]
fn said(base: &Path, arguments: &[&str]) -> String {
    let output = wer(base, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(base: &Path, arguments: &[&str]) -> String {
    let output = wer(base, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn values_are_set_listed_explained_and_taken_out() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    said(base, &["config", "set", "MaxQueueCount", "9"]);
    said(base, &["config", "set", "--policy", "MaxQueueCount", "7"]);
    assert_eq!(said(base, &["config", "get", "maxqueuecount"]), "7\n");
    let explained = said(base, &["config", "explain", "MaxQueueCount"]);
    assert!(explained.contains("policy.toml") && explained.contains("wer.toml says 9, which does not count"));
    let list: Value = serde_json::from_str(&said(base, &["config", "list", "--json"])).unwrap();
    assert_eq!(list["settings"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list["settings"][0]["value"], "7");
    assert!(said(base, &["config", "list", "--all"]).contains("ForceQueue = 0 (the default)"));
    said(base, &["config", "unset", "--policy", "MaxQueueCount"]);
    assert_eq!(said(base, &["config", "get", "MaxQueueCount"]), "9\n");
    assert!(refused(base, &["config", "unset", "--policy", "MaxQueueCount"]).contains("not set there"));
    assert!(refused(base, &["config", "set", "MaxQueueCount", "501"]).contains("from 1 to 500"));
    assert!(refused(base, &["config", "set", "Bogus", "1"]).contains("no setting Bogus"));
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir_all(base.path().join("etc/wer")).unwrap();
    let file = base.path().join("etc/wer/wer.toml");
    fs::write(&file, "MaxQueueCount = 5\nDisabled = maybe\n").unwrap();
    let output = wer(base.path(), &["config", "get", "MaxQueueCount"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "50\n");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("wer.toml:2:12"), "{complaint}");
    assert!(refused(base.path(), &["config", "set", "Disabled", "1"]).contains("line 2"));
    assert!(fs::read_to_string(&file).unwrap().contains("maybe"), "it is not written over");
}

#[test]
fn a_registry_export_is_imported_or_only_shown() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    let export = base.join("wer.reg");
    let text = "Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting]\r\n\"ForceQueue\"=dword:00000001\r\n\
        \"Bogus\"=dword:00000001\r\n";
    fs::write(&export, text).unwrap();
    let export = export.to_str().unwrap();
    let dry: Value =
        serde_json::from_str(&said(base, &["config", "import", export, "--dry-run", "--json"])).unwrap();
    assert_eq!(dry["imported"][0]["name"], "ForceQueue");
    assert_eq!((&dry["ignored"][0]["line"], &dry["ignored"][0]["name"]), (&5.into(), &"Bogus".into()));
    assert!(!base.join("etc").exists(), "nothing is written");
    let shown = said(base, &["config", "import", export]);
    assert!(shown.contains("1 imported, 1 ignored"), "{shown}");
    assert_eq!(said(base, &["config", "get", "ForceQueue"]), "1\n");
    fs::write(export, "Windows Registry Editor Version 5.00\n[HKLM\n").unwrap();
    assert!(refused(base, &["config", "import", export]).contains("line 2: the key has no closing bracket"));
    assert!(refused(base, &["config", "import", "/dev/null"]).contains("not a regular file"));
}

fn crash(name: &str) -> LogEntry {
    LogEntry::Crash(Box::new(CrashRecord {
        event_id: 1000,
        application_name: name.to_owned(),
        ..CrashRecord::default()
    }))
}

#[test]
fn events_are_chosen_by_id_and_time_and_followed() {
    let base = tempfile::tempdir().unwrap();
    let root = base.path().join("var/lib/wer");
    let log = EventLog::open(&root).unwrap();
    log.append_entry(crash("game\nReport Id: forged")).unwrap();
    log.append_failure("nothing came of it").unwrap();
    let text = said(base.path(), &["events"]);
    assert!(text.contains("event 1000  Application Error") && text.contains("nothing came of it"), "{text}");
    assert!(text.contains("Faulting application name: game Report Id: forged"), "{text}");
    let only = said(base.path(), &["events", "--id", "1000"]);
    assert!(only.contains("Exception code") && !only.contains("nothing came of it"), "{only}");
    let none = said(base.path(), &["events", "--since", "2999-01-01"]);
    assert!(none.contains("No events"), "{none}");

    let mut follower = Command::new(env!("CARGO_BIN_EXE_wer"))
        .arg("--base")
        .arg(base.path())
        .args(["events", "--follow", "--json", "--id", "1000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["application_name"], "game\nReport Id: forged");
    log.append_entry(crash("later")).unwrap();
    assert_eq!(next()["application_name"], "later");
    follower.kill().unwrap();
    follower.wait().unwrap();
}
