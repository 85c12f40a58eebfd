//! Keys that a command makes, rotates and revokes beside two running servers on one database: both follow by themselves.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::binary::Watson;
use crate::client::{Reply, send};
use crate::postgres::PostgresForTest;
use crate::world::folder;

/// Runs `watson product` at the server of a data folder; what it prints.
fn product(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_watson"))
        .arg("product")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .expect("watson runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A form without a dump: whoever is admitted is told that.
async fn knock(server: &Watson, key: &str) -> Reply {
    let body = b"--B\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\nGame\r\n--B--\r\n";
    let kind = [("Content-Type", "multipart/form-data; boundary=B")];
    send(server.address, "POST", &format!("/crash?key={key}"), &kind, body).await
}

/// Knocks until the answer begins so: what others have changed is followed within two seconds, on a machine that is not
/// busy.
async fn until(server: &Watson, key: &str, begin: &str) {
    let mut last = String::new();
    for _ in 0..3_000 {
        last = knock(server, key).await.text();
        if last.starts_with(begin) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it still says {last}, and not {begin}");
}

#[tokio::test]
async fn what_a_command_does_to_keys_both_servers_follow() {
    let (dir, postgres) = (folder(), PostgresForTest::start());
    let (url, blobs) = (postgres.url(), dir.path().join("shared"));
    let options = ["--database", &url, "--blobs", blobs.to_str().unwrap()];
    let servers = [
        Watson::start(&dir.path().join("one"), &options),
        Watson::start(&dir.path().join("other"), &options),
    ];
    let command = |arguments: &[&str]| product(&dir.path().join("one"), arguments);
    command(&["add", "Game"]);
    let first: serde_json::Value = serde_json::from_str(&command(&["key", "Game", "--json"])).unwrap();
    let (key, number) = (first["secret"].as_str().unwrap().to_owned(), first["id"].to_string());
    for server in &servers {
        until(server, &key, "no_dump").await;
        assert!(knock(server, &"0".repeat(64)).await.text().starts_with("key_unknown"));
    }
    // A rotation whose overlap is over at once: the successor is good, and the one before it ends.
    let next = command(&["key", "Game", "--others-end-in-days", "0"]);
    for server in &servers {
        until(server, &next, "no_dump").await;
        until(server, &key, "key_ended").await;
    }
    let another: serde_json::Value = serde_json::from_str(&command(&["key", "Game", "--json"])).unwrap();
    let another_key = another["secret"].as_str().unwrap();
    for server in &servers {
        until(server, another_key, "no_dump").await;
    }
    command(&["revoke-key", &another["id"].to_string()]);
    command(&["revoke-key", &number]);
    for server in &servers {
        until(server, another_key, "key_revoked").await;
        until(server, &key, "key_revoked").await;
        assert!(knock(server, &next).await.text().starts_with("no_dump"), "the others stay good");
    }
}
