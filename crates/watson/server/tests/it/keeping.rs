//! The commands that look at what is kept, on a store that no server has open.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use watson_db::{Crash, IdempotencyKey, KeyKind, Policy, Store, time};
use wer_model::{Parameter, Signature};

use crate::binary::Watson;
use crate::client::send;
use crate::world::{crash, folder};

fn watson(data: &Path, command: &[&str]) -> Output {
    let mut all = Command::new(env!("CARGO_BIN_EXE_watson"));
    all.args(command).arg("--data").arg(data).output().expect("watson runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints text")
}

async fn data_with_a_crash(data: &Path) {
    let store = Store::open(data, Policy::default()).await.expect("the store opens");
    let crash = Crash {
        key: IdempotencyKey::new(KeyKind::Level1, [1; 16]),
        event_ms: Some(time::now_ms()),
        signature: Signature { event_type: "APPCRASH".into(), parameters: vec![Parameter::new("n", "v")] },
        machine: "Joes-PC".into(),
        body: b"<body/>".to_vec().into(),
        ..Crash::default()
    };
    store.record_crash(&crash, time::now_ms()).await.expect("it counts");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_told_and_forgotten_and_the_log_says_so() {
    let dir = folder();
    let data = dir.path().join("data");
    data_with_a_crash(&data).await;
    let tar = dir.path().join("joe.tar");
    let tar_text = tar.to_str().expect("a path in text");
    let export = ["machine", "export", "joes-pc", "--output", tar_text];
    let exported = watson(&data, &export);
    assert!(exported.status.success(), "{exported:?}");
    let bytes = std::fs::read(&tar).expect("the file is there");
    assert!(bytes.windows(7).any(|window| window == b"<body/>") && bytes.len().is_multiple_of(512));
    let mode = std::fs::metadata(&tar).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is nobody else's to read");
    let again = watson(&data, &export);
    assert!(
        !again.status.success() && std::fs::read(&tar).expect("it stays") == bytes,
        "nothing is written over"
    );

    let erased = watson(&data, &["machine", "erase", "JOES-PC", "--yes", "--json"]);
    let counts: serde_json::Value = serde_json::from_slice(&erased.stdout).expect("JSON");
    assert_eq!((&counts["raw"], &counts["days"], &counts["leases"]), (&1.into(), &1.into(), &1.into()));

    let head = text(&watson(&data, &["audit", "head"]));
    let verified = watson(&data, &["audit", "verify", "--json", "--known", head.trim()]);
    assert!(verified.status.success(), "{verified:?}");
    let verdict: serde_json::Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    assert_eq!((&verdict["rows"], &verdict["broken"]), (&3.into(), &serde_json::Value::Null));
    let rows = text(&watson(&data, &["audit", "list", "--after", "1", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&rows).expect("JSON");
    let acts = listed["items"].as_array().expect("a list");
    assert_eq!(
        acts.iter().map(|row| row["act"].as_str()).collect::<Vec<_>>(),
        [Some("machine.erase"), Some("machine.erased")]
    );
    assert!(!rows.contains("oes-"), "{rows}");
    let stranger = format!("3:{}", "0".repeat(64));
    let other = watson(&data, &["audit", "verify", "--known", &stranger]);
    assert!(!other.status.success());
    let stranger = watson(&data, &["machine", "erase", "x", "--yes", "--tenant", "nobody"]);
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("there is no tenant nobody"), "{stranger:?}");
    assert!(!watson(&dir.path().join("none"), &["audit", "verify"]).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_removes_what_is_old_by_itself_and_counts_it() {
    let dir = folder();
    let settings = ["--no-token", "--set", "retention.raw_count=1", "--set", "retention.every_seconds=1"];
    let watson = Watson::start(&dir.path().join("data"), &settings);
    for number in 0..3 {
        let body = crash("app", number).to_xml_utf16();
        assert_eq!(send(watson.address, "POST", "/stage2.htm", &[], &body).await.status, 200);
    }
    for _ in 0..6_000 {
        let metrics = send(watson.address, "GET", "/metrics", &[], b"").await.text();
        if metrics.contains("watson_retired_total{what=\"raw\"} 2\n") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("two of three bodies were to go");
}
