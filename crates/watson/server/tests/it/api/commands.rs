//! The commands, as an administrator types them, against a running server.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::binary::Watson;
use crate::client::send;
use crate::world::{crash, folder};

fn watson(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(arguments)
        .env_clear()
        .env("WATSON_DATA", data)
        .output()
        .expect("it runs")
}

fn json_of(data: &Path, arguments: &[&str]) -> Value {
    let output = watson(data, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn text_of(data: &Path, arguments: &[&str]) -> String {
    let output = watson(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(data: &Path, arguments: &[&str]) -> String {
    let output = watson(data, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn what_is_collected_and_told_is_set_by_commands() {
    let dir = folder();
    let data = dir.path().join("data");
    let server = Watson::start(&data, &[]);
    let report = crash("app", 1).to_xml_utf16();
    send(server.address, "POST", "/stage2.htm", &[], &report).await;

    let add = [
        "policy",
        "add",
        "--event-type",
        "APPCRASH",
        "--parameter",
        "1=app*",
        "--cabs",
        "5",
        "--file",
        "/etc/a",
    ];
    let id = json_of(&data, &add)["id"].to_string();
    let shown = json_of(&data, &["policy", "show", &id]);
    assert_eq!((&shown["cabs"], &shown["rule"]["parameters"]["1"]), (&json!(5), &json!("app*")));
    let changed =
        json_of(&data, &["policy", "change", &id, "--cabs", "7", "--until", "2099-01-01T00:00:00Z"]);
    assert_eq!((&changed["cabs"], &changed["files"]), (&json!(7), &json!(["/etc/a"])));
    let listed = text_of(&data, &["policy", "list"]);
    assert!(listed.contains("APPCRASH P1=app*") && listed.contains("2099-01-01"), "{listed}");
    let solution = ["solution", "add", "--bucket", "1", "--text", "Update.", "--fixed-in", "2.0"];
    let solution = json_of(&data, &solution)["id"].to_string();
    let changed = json_of(&data, &["solution", "change", &solution, "--url", "https://example.com/1"]);
    assert_eq!((&changed["text"], &changed["bucket"]), (&json!("Update."), &json!(1)));
    for (command, word) in [
        (vec!["bucket", "list"], "app"),
        (vec!["bucket", "show", "1"], "APPCRASH"),
        (vec!["bucket", "days", "1"], "DATE"),
        (vec!["bucket", "leases", "1"], "open"),
        (vec!["machine", "list"], "machine-1"),
        (vec!["machine", "show", "machine-1"], "6.18"),
        (vec!["solution", "list"], "https://example.com/1"),
        (vec!["solution", "regressions"], "There is none."),
        (vec!["job", "list"], "There is none."),
        (vec!["acts", "list"], "solution.change"),
        (vec!["acts", "verify"], "head"),
    ] {
        let text = text_of(&data, &command);
        assert!(text.contains(word), "{command:?}: {text}");
    }
    let tar = dir.path().join("machine.tar");
    let export = ["machine", "export", "machine-1", "--output", tar.to_str().unwrap()];
    assert_eq!(json_of(&data, &export)["size_bytes"], json!(tar.metadata().unwrap().len()));
    assert!(refusal(&data, &export).contains("cannot make"));
    assert!(refusal(&data, &["machine", "erase", "machine-1"]).contains("--yes"));
    assert_eq!(json_of(&data, &["machine", "erase", "machine-1", "--yes"])["raw"], json!(1));
    assert!(refusal(&data, &["machine", "show", "machine-1"]).contains("no such machine"));
    text_of(&data, &["solution", "remove", &solution]);
    text_of(&data, &["policy", "remove", &id]);
    assert_eq!(json_of(&data, &["policy", "list"]), json!({ "items": [] }));
}

#[tokio::test]
async fn products_keys_and_tokens_are_made_and_revoked_by_commands() {
    let dir = folder();
    let data = dir.path().join("data");
    let _server = Watson::start(&data, &[]);
    let product = json_of(&data, &["remote-product", "add", "app", "--per-minute", "60"])["id"].to_string();
    let key = json_of(&data, &["remote-product", "add-key", &product]);
    assert_eq!(key["secret"].as_str().map(str::len), Some(64), "{key}");
    let listed = json_of(&data, &["remote-product", "keys", &product]);
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["revoked"]), (&key["id"], &Value::Null));
    text_of(&data, &["remote-product", "revoke-key", &product, &key["id"].to_string()]);
    let listed = json_of(&data, &["remote-product", "keys", &product]);
    assert!(
        listed["items"][0]["revoked"].is_string()
            && !listed.to_string().contains(key["secret"].as_str().unwrap())
    );
    assert!(refusal(&data, &["remote-product", "add", "app"]).contains("there is"));
    text_of(&data, &["remote-product", "remove", &product]);

    let secret = text_of(&data, &["remote-token", "add", "dashboard", "--scope", "read"]);
    assert_eq!(secret.trim().len(), 64, "{secret}");
    assert!(refusal(&data, &["remote-token", "add", "dashboard", "--scope", "read"]).contains("there is"));
    assert!(text_of(&data, &["remote-token", "list"]).contains("dashboard"));
    text_of(&data, &["remote-token", "revoke", "dashboard"]);
    let acts = text_of(&data, &["acts", "list"]);
    for act in ["product.add", "key.add", "key.revoke", "product.remove", "token.add", "token.revoke"] {
        assert!(acts.contains(act), "{act} is missing in\n{acts}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let dir = folder();
    let data = dir.path().join("data");
    let nobody = refusal(&data, &["policy", "list"]);
    assert!(nobody.contains("watson serve --data"), "{nobody}");
    let server = Watson::start(&data, &[]);
    for (command, words) in [
        (vec!["policy", "show", "77"], "there is no such data policy"),
        (vec!["policy", "add", "--cabs", "1"], "give the number of a bucket, or a rule"),
        (vec!["policy", "add", "--cabs", "1", "--parameter", "app"], "NUMBER=PATTERN"),
        (vec!["policy", "change", "1"], "say what changes"),
        (vec!["policy", "list", "--token", "wrong"], "this needs a token"),
        (vec!["policy", "list", "--server", "localhost"], "write a URL"),
        (vec!["machine", "show", "../policies"], "there is no such machine"),
    ] {
        let said = refusal(&data, &command);
        assert!(said.contains(words), "{command:?}: {said}");
    }
    drop(server);
    let gone = refusal(&data, &["policy", "list"]);
    assert!(gone.contains("does `watson serve` run there?"), "{gone}");
}
