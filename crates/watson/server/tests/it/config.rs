//! `watson config` by the real program.

use std::path::Path;
use std::process::{Command, Output};

use crate::world::folder;

fn config(arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_watson"))
        .arg("config")
        .args(arguments)
        .arg("--config")
        .arg(file)
        .env("WATSON_LIMITS_MAX_DUMP_BYTES", "70000")
        .output()
        .expect("watson runs")
}

#[test]
fn effective_settings_are_shown_with_their_origins_and_without_secrets() {
    let dir = folder();
    let file = dir.path().join("watson.toml");
    let text = "[storage]\ndatabase = \"postgres://w:hunter2@db/w\"\nblobs = \"/b\"\n";
    std::fs::write(&file, text).unwrap();
    let shown = config(&["show", "--json", "--set", "limits.max_cab_bytes=80000"], &file);
    assert!(shown.status.success(), "{shown:?}");
    assert!(!String::from_utf8_lossy(&shown.stdout).contains("hunter2"));
    let json: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let from = |name: &str| json["settings"][name]["from"].as_str().unwrap().to_owned();
    assert_eq!(
        ["listen.address", "storage.blobs", "limits.max_dump_bytes", "limits.max_cab_bytes"].map(from),
        ["default", "file", "environment", "flag"]
    );
    assert!(config(&["check"], &file).status.success());
}

#[test]
fn settings_that_a_server_would_not_take_are_told_with_their_line() {
    let dir = folder();
    let file = dir.path().join("watson.toml");
    std::fs::write(&file, "[limits]\nmax_cab_byte = 5000\n").unwrap();
    let checked = config(&["check"], &file);
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(!checked.status.success());
    assert!(
        said.contains("watson.toml, line 2: ") && said.contains("did you mean `max_cab_bytes`?"),
        "{said}"
    );
}
