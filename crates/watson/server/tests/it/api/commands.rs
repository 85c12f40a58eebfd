//! The commands, as an administrator types them, against a running server.

use std::path::Path;
use std::process::{Command, Output, Stdio};

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

/// The same with something on standard input.
fn piped(data: &Path, arguments: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(arguments)
        .env_clear()
        .env("WATSON_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().expect("it ends")
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
        (vec!["bucket", "machines", "1"], "exact"),
        (vec!["audit", "list"], "solution.change"),
        (vec!["audit", "verify"], "head"),
        (vec!["audit", "head"], ":"),
        (vec!["quota", "show"], "reports_per_minute"),
        (vec!["storage", "show"], "blob_bytes"),
        (vec!["debug-file", "list"], "There is none."),
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

/// Everything that decides who may do what and what is kept, by commands alone.
fn administer(data: &Path) {
    let tenant = json_of(data, &["tenant", "add", "acme"])["id"].clone();
    assert!(text_of(data, &["tenant", "list"]).contains("acme"));
    let add = ["product", "add", "App", "--per-minute", "60", "--tenant", "acme"];
    let product = json_of(data, &add)["id"].to_string();
    assert!(refusal(data, &["product", "add", "X", "--tenant", "nobody"]).contains("watson tenant add"));
    let policy = ["policy", "add", "--cabs", "1", "--event-type", "X", "--tenant"];
    let added = json_of(data, &[&policy[..], &["acme"]].concat());
    let policy_id = added["id"].to_string();
    assert_eq!(json_of(data, &["policy", "show", &policy_id])["tenant"], tenant);
    text_of(data, &["policy", "remove", &policy_id]);
    assert!(refusal(data, &[&policy[..], &["nobody"]].concat()).contains("there is no tenant nobody"));
    let solution = ["solution", "add", "--text", "t", "--event-type", "X", "--tenant", "nobody"];
    assert!(refusal(data, &solution).contains("there is no tenant nobody"));
    assert!(
        refusal(data, &["machine", "show", "m", "--tenant", "nobody"]).contains("there is no tenant nobody")
    );
    assert!(refusal(data, &["machine", "show", "m", "--tenant", "acme"]).contains("no such machine"));
    let changed =
        json_of(data, &["product", "change", "app", "--per-minute", "7", "--key-required", "false"]);
    assert_eq!((&changed["per_minute"], &changed["key_required"]), (&json!(7), &json!(false)));
    assert_eq!((&changed["tenant"], &changed["name"]), (&tenant, &json!("App")));
    let key = json_of(data, &["product", "key", "app"]);
    assert_eq!(key["secret"].as_str().map(str::len), Some(64), "{key}");
    let listed = json_of(data, &["product", "keys", &product]);
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["revoked"]), (&key["id"], &Value::Null));
    text_of(data, &["product", "revoke-key", &key["id"].to_string()]);
    let listed = json_of(data, &["product", "keys", "app"]);
    assert!(listed["items"][0]["revoked"].is_string());
    assert!(!listed.to_string().contains(key["secret"].as_str().unwrap()));
    assert!(refusal(data, &add).contains("there is"));
    text_of(data, &["product", "remove", &product]);

    let secret = text_of(data, &["token", "make", "dashboard", "--scope", "read", "--days", "3"]);
    assert_eq!(secret.trim().len(), 64, "{secret}");
    assert!(refusal(data, &["token", "add", "dashboard"]).contains("there is"));
    assert!(json_of(data, &["token", "list"])["items"][0]["ends"].is_string());
    text_of(data, &["token", "revoke", "dashboard"]);

    let rule =
        json_of(data, &["retention", "set", "reports", "--product", "App", "--days", "30"])["id"].to_string();
    let listed = json_of(data, &["retention", "list"]);
    assert_eq!((&listed["items"][0]["days"], &listed["items"][0]["what"]), (&json!(30), &json!("reports")));
    text_of(data, &["retention", "remove", &rule]);
    text_of(
        data,
        &["privacy", "set", "--tenant", "acme", "--user", "hash", "--no-raw", "--collect", "no-memory"],
    );
    let listed = json_of(data, &["privacy", "list"]);
    let (whose, rules) = (&listed["items"][0]["tenant"], &listed["items"][0]["rules"]);
    assert_eq!((whose, &rules["user"], &rules["raw"]), (&tenant, &json!("hash"), &json!(false)));
    assert_eq!((&rules["paths"], &rules["collect"]), (&json!("keep"), &json!("no_memory")));
    text_of(data, &["privacy", "remove", "--tenant", "acme"]);
    assert!(refusal(data, &["privacy", "remove"]).contains("there is no such privacy rule"));

    let password = |arguments: &[&str]| piped(data, arguments, "correct horse battery\n");
    assert!(password(&["account", "add", "ann"]).status.success());
    assert!(password(&["account", "add", "eve", "--role", "reader"]).status.success());
    assert!(!piped(data, &["account", "add", "bob"], "short\n").status.success());
    assert!(password(&["account", "passwd", "eve"]).status.success());
    text_of(data, &["account", "remove", "eve"]);
    assert!(refusal(data, &["account", "remove", "ann"]).contains("last administrator"));
    let listed = json_of(data, &["account", "list"]);
    assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["role"]), (&json!("ann"), &json!("admin")));

    let acts = text_of(data, &["audit", "list"]);
    for act in [
        "tenant.add",
        "product.add",
        "product.change",
        "key.add",
        "key.revoke",
        "product.remove",
        "token.add",
        "token.revoke",
        "retention.",
        "privacy.set",
        "privacy.unset",
        "account.add",
        "account.password",
        "account.remove",
    ] {
        assert!(acts.contains(act), "{act} is missing in\n{acts}");
    }
    assert!(watson(data, &["audit", "verify"]).status.success());
}

#[tokio::test]
async fn who_may_do_what_is_set_through_a_running_server() {
    let dir = folder();
    let data = dir.path().join("data");
    let _server = Watson::start(&data, &[]);
    administer(&data);
    assert!(text_of(&data, &["audit", "list"]).contains("local token"));
    let begun = json_of(&data, &["storage", "check"]);
    assert_eq!(begun["begun"], json!(true));
    for _ in 0..6_000 {
        let shown = json_of(&data, &["storage", "show"]);
        if shown["fsck"]["result"]["wrong"] == json!(0) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the check has not ended");
}

#[tokio::test]
async fn who_may_do_what_is_set_where_no_server_runs() {
    let dir = folder();
    let data = dir.path().join("data");
    assert!(refusal(&data, &["product", "list"]).contains("is no folder"));
    assert!(!data.exists(), "nothing is made to look at");
    administer(&data);
    assert!(text_of(&data, &["audit", "list"]).contains("command line"));
    assert!(refusal(&data, &["storage", "check"]).contains("watson fsck"));
    assert!(refusal(&data, &["quota", "show"]).contains("only a running server"));
    let add = ["policy", "add", "--event-type", "*", "--cabs", "5"];
    let id = json_of(&data, &add)["id"].clone();
    let server = Watson::start(&data, &[]);
    let listed = json_of(&data, &["policy", "list"]);
    assert_eq!(listed["items"][0]["id"], id, "the server has what was set before it ran");
    drop(server);
    assert_eq!(json_of(&data, &["policy", "list"]), listed, "so has the store after it");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let dir = folder();
    let data = dir.path().join("data");
    let nobody = refusal(&data, &["policy", "list"]);
    assert!(nobody.contains("watson serve --data"), "{nobody}");
    let nowhere =
        Command::new(env!("CARGO_BIN_EXE_watson")).args(["policy", "list"]).env_clear().output().unwrap();
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("which server?"), "{nowhere:?}");
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
    let port = server.address.port();
    drop(server);
    let gone = refusal(&data, &["policy", "list", "--server", &format!("http://127.0.0.1:{port}")]);
    assert!(gone.contains("does `watson serve` run there"), "{gone}");
}
