//! What the server tells administrators to give to machines is what machines read.

use std::process::Command;

use wer_testkit::{Sandbox, SandboxOptions, Store};

#[test]
fn the_values_for_windows_machines_are_read_by_the_import() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("fleet.reg");
    let ended = Command::new(sandbox.built().binary("watson"))
        .args(["fleet", "windows", "--server", "watson.example.net", "--port", "4711", "--output"])
        .arg(&file)
        .output()
        .expect("watson runs");
    assert!(ended.status.success(), "{ended:?}");
    let recipe = String::from_utf8_lossy(&ended.stdout);
    assert!(
        recipe.contains("reg import fleet.reg") && recipe.contains("http://watson.example.net:4711/"),
        "{recipe}"
    );

    let import = ["config", "import", file.to_str().expect("a path that is text")];
    let ended = sandbox.wer(Store::User, &import).expect("wer runs");
    assert!(ended.status.success(), "{}", ended.describe());
    for (name, value) in [
        ("CorporateWERServer", "watson.example.net"),
        ("CorporateWERPortNumber", "4711"),
        ("CorporateWERUseSSL", "0"),
        ("Consent.DefaultConsent", "4"),
    ] {
        let ended = sandbox.wer(Store::User, &["config", "get", name]).expect("wer runs");
        assert_eq!(ended.stdout.trim().trim_matches('"'), value, "{name}: {}", ended.describe());
    }
}
