//! `watson backup` and `watson restore` by the real program, beside a real server.

use std::path::Path;
use std::process::{Command, Output};

use crate::binary::Watson;
use crate::client::send;
use crate::world::{cab, crash, folder};
use wer_wire::Level1Response;

fn watson(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watson"));
    command.args(arguments).arg("--data").arg(data).output().expect("watson runs")
}

#[tokio::test]
async fn a_backup_of_a_running_server_becomes_a_server_that_knows_the_same() {
    let dir = folder();
    let (data, back) = (dir.path().join("data"), dir.path().join("back"));
    let backups = dir.path().join("backups");
    let backups = backups.to_str().unwrap();
    let running = Watson::start(&data, &["--no-token"]);
    let body = crash("app", 1).to_xml_utf16();
    let told = send(running.address, "POST", "/stage2.htm", &[], &body).await;
    let answer = Level1Response::parse(&told.body).unwrap();
    let bytes = cab("minidump.mdmp", b"MDMP");
    let path = answer.dump_file.clone().unwrap();
    assert_eq!(send(running.address, "PUT", &path, &[], &bytes).await.status, 200);

    let made = watson(&["backup", "--json", "--output", backups], &data);
    assert!(made.status.success(), "{made:?}");
    let json: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(json["blobs"], 1);
    let refused = watson(&["restore", "--from", backups], &data);
    assert!(!refused.status.success(), "a folder that is used is left alone");
    drop(running);

    let restored = watson(&["restore", "--from", backups], &back);
    assert!(restored.status.success(), "{restored:?}");
    let again = Watson::start(&back, &["--no-token"]);
    let repeated = send(again.address, "POST", "/stage2.htm", &[], &body).await;
    assert_eq!(repeated.text(), told.text(), "the same crash has the same answer");
    let bucket = format!("/api/buckets/{}", answer.bucket.unwrap());
    let bucket = send(again.address, "GET", &bucket, &[], b"").await.json();
    assert_eq!(bucket["hits"], 1);
    let report = format!("/reports/{}/cab", bucket["reports"][0].as_str().unwrap());
    assert_eq!(send(again.address, "GET", &report, &[], b"").await.body, bytes);
}
