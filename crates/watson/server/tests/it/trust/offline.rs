//! `watson account`, `token` and `product`, and what a server with an administrator may do.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::Watson;
use crate::client::send;
use crate::world::folder;

/// Runs a command on a data folder; what it prints, if it succeeds.
fn watson(data: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("watson starts");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn what_is_made_offline_counts_for_the_server() {
    let dir = folder();
    let data = dir.path().join("data");
    assert!(watson(&data, &["account", "add", "ann"], "short\n").unwrap_err().contains("10 to 256"));
    watson(&data, &["account", "add", "ann"], "correct horse battery\n").unwrap();
    assert!(watson(&data, &["account", "add", "ann"], "correct horse battery\n").is_err());
    assert!(watson(&data, &["account", "remove", "ann"], "").unwrap_err().contains("last administrator"));
    watson(&data, &["account", "passwd", "ann"], "another horse battery\n").unwrap();
    let accounts = json(&watson(&data, &["account", "list", "--json"], "").unwrap());
    assert_eq!(accounts["items"][0]["role"], "admin");
    let token = watson(&data, &["token", "make", "ci", "--scope", "read"], "").unwrap();
    let tokens = watson(&data, &["token", "list", "--json"], "").unwrap();
    assert!(tokens.contains("\"ci\"") && !tokens.contains(&token), "a token is told once");
    watson(&data, &["product", "add", "Game", "--dialect", "minidump"], "").unwrap();
    let first = json(&watson(&data, &["product", "key", "Game", "--json"], "").unwrap());
    let second = watson(&data, &["product", "key", "game", "--others-end-in-days", "7"], "").unwrap();
    let listed = watson(&data, &["product", "keys", "GAME", "--json"], "").unwrap();
    assert!(!listed.contains(&second) && !listed.contains(first["secret"].as_str().unwrap()));
    let keys = json(&listed)["items"].clone();
    assert!(keys[0]["ends"].is_null() && keys[1]["ends"].is_string(), "{keys}");
    let number = first["id"].to_string();
    watson(&data, &["product", "revoke-key", &number], "").unwrap();
    assert!(watson(&data, &["product", "key", "nothing"], "").is_err());

    // With an administrator, any address will do; pages without a token will not.
    let public = ["--set", "listen.more=[\"0.0.0.0:0\"]"];
    let server = Watson::start(&data, &public);
    let bearer = format!("Bearer {token}");
    let api = send(server.address, "GET", "/api/v1/buckets", &[("Authorization", &bearer)], b"").await;
    assert_eq!(api.status, 200);
    let body = b"--B\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\nGame\r\n--B--\r\n";
    let post = async |target: &str| {
        let headers = [("Content-Type", "multipart/form-data; boundary=B")];
        send(server.address, "POST", target, &headers, body).await
    };
    assert_eq!(post("/crash").await.status, 401);
    assert!(post(&format!("/crash?key={second}")).await.text().starts_with("no_dump"));
    assert!(
        post(&format!("/crash?key={}", first["secret"].as_str().unwrap()))
            .await
            .text()
            .starts_with("key_revoked")
    );
    let form = b"name=ann&password=another+horse+battery";
    assert_eq!(send(server.address, "POST", "/login", &[], form).await.status, 303);
    drop(server);
    assert!(Watson::try_start(&data, &[&public[..], &["--no-token"]].concat()).is_none());
}
