//! `watson doctor` by the real program, and where a server does not start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wer_powerloss::{Disk, Mount};

use crate::binary::Watson;
use crate::postgres::PostgresForTest;
use crate::world::folder;

/// Findings, and whether the exit code was 0.
fn doctor(data: &Path, more: &[&str]) -> (Vec<Value>, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(["doctor", "--json", "--data"])
        .arg(data)
        .args(more)
        .output()
        .expect("watson runs");
    let findings =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (findings, output.status.success())
}

/// The worst that it says of something.
fn level<'a>(findings: &'a [Value], check: &str) -> &'a str {
    let order = ["good", "note", "warning", "error"];
    let levels = findings.iter().filter(|finding| finding["check"] == check);
    let levels = levels.map(|finding| finding["level"].as_str().unwrap());
    levels.max_by_key(|level| order.iter().position(|known| known == level)).unwrap_or("not looked at")
}

#[test]
fn a_server_that_is_well_is_found_well_running_and_not() {
    let dir = folder();
    let data = dir.path().join("data");
    let (findings, good) = doctor(&data, &["--set", "listen.address=127.0.0.1:0"]);
    assert!(good, "{findings:#?}");
    assert_eq!((level(&findings, "data folder"), level(&findings, "database")), ("note", "note"));

    let running = Watson::start(&data, &["--no-token"]);
    let address = format!("listen.address={}", running.address);
    let (findings, good) = doctor(&data, &["--set", &address]);
    assert!(good, "{findings:#?}");
    for check in [
        "data folder",
        "database",
        "durability",
        "migrations",
        "blobs",
        "clock",
        "listener",
        "analyses",
        "requests in the clear",
    ] {
        assert_eq!(level(&findings, check), "good", "{check}: {findings:#?}");
    }
    assert_eq!(level(&findings, "authentication of Windows machines"), "note");
    drop(running);
    let (findings, good) = doctor(&data, &["--set", &address]);
    assert!(good && level(&findings, "listener") == "good", "the place is free: {findings:#?}");
}

#[test]
fn what_is_wrong_is_an_error_with_what_to_do() {
    let dir = folder();
    let data = dir.path().join("data");
    let running = Watson::start(&data, &["--no-token"]);
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (findings, good) = doctor(&data, &["--set", &format!("listen.address={elsewhere}")]);
    assert!(!good && level(&findings, "listener") == "error", "{findings:#?}");
    drop(running);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_address = format!("listen.address={}", taken.local_addr().unwrap());
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::remove_dir_all(data.join("blobs")).unwrap();
    std::fs::write(data.join("blobs"), "no folder").unwrap();
    let (findings, good) = doctor(&data, &["--set", &taken_address]);
    assert!(!good);
    for check in ["listener", "data folder"] {
        assert_eq!(level(&findings, check), "error", "{check}: {findings:#?}");
    }
    for finding in &findings {
        let is_bad = matches!(finding["level"].as_str(), Some("error" | "warning"));
        assert!(!is_bad || finding["advice"].as_str().is_some_and(|advice| advice.len() > 5), "{finding}");
    }
    let (findings, good) = doctor(&data, &["--set", "listen.address=0.0.0.0:0"]);
    assert!(!good && level(&findings, "administrator") == "error", "{findings:#?}");
    assert_eq!(level(&findings, "requests in the clear"), "warning", "{findings:#?}");
    let all = ["--set", "listen.address=0.0.0.0:0", "--set", "trust.https=required"];
    assert_eq!(level(&doctor(&data, &all).0, "requests in the clear"), "good");
    let (findings, good) = doctor(&data, &["--set", "listen.adress=x"]);
    assert!(!good && level(&findings, "settings") == "error", "{findings:#?}");
}

#[test]
fn a_postgres_that_forgets_commits_or_is_not_there_is_an_error() {
    let (dir, postgres) = (folder(), PostgresForTest::start());
    let url = postgres.url();
    let data = dir.path().join("data");
    let places =
        ["--database", &url, "--blobs", dir.path().to_str().unwrap(), "--set", "listen.address=127.0.0.1:0"];
    let (findings, good) = doctor(&data, &places);
    // The tests' own server runs with fsync=off.
    assert!(!good && level(&findings, "durability") == "error", "{findings:#?}");
    let nowhere = ["--database", "postgres://w:hunter2@127.0.0.1:1/w", "--blobs", "/tmp"];
    let (findings, good) = doctor(&data, &nowhere);
    assert!(!good && level(&findings, "database") == "error", "{findings:#?}");
    assert!(!Value::from(findings).to_string().contains("hunter2"));
}

#[test]
fn sqlite_is_refused_on_a_file_system_of_another_machine() {
    let dir = folder();
    let disk = Disk::default();
    let mount = Mount::in_the_name_of(&disk, dir.path(), "mountpoint-s3").expect("a disk can be mounted");
    let data = mount.path().join("data");
    let started = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert!(!started.status.success() && said.contains("is on FUSE (mountpoint-s3)"), "{said}");
    let (findings, good) = doctor(&data, &["--set", "listen.address=127.0.0.1:0"]);
    assert!(!good && level(&findings, "data folder") == "error", "{findings:#?}");
}
