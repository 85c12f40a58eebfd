//! Layers of settings, and what is refused.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::settings::show::{as_json, as_text};

fn file(text: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watson.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn of(text: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Loaded, String> {
    let (_dir, path) = file(text);
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let flags: Vec<FlagValue> = flags
        .iter()
        .map(|(setting, text)| FlagValue {
            flag: format!("--set {setting}"),
            setting: (*setting).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    load(Some(&path), variables, &flags).map_err(|error| {
        let said = error.to_string();
        said.replace(path.to_str().unwrap(), "FILE")
    })
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let text = "[collection]\ncabs_per_bucket = 5\nmemory_dumps_per_bucket = 4\ncabs_per_machine = 3\n";
    let variables =
        [("WATSON_COLLECTION_CABS_PER_BUCKET", "6"), ("WATSON_COLLECTION_MEMORY_DUMPS_PER_BUCKET", "7")];
    let loaded = of(text, &variables, &[("collection.cabs_per_bucket", "8")]).unwrap();
    let collection = &loaded.settings.collection;
    assert_eq!(
        (collection.cabs_per_bucket, collection.memory_dumps_per_bucket, collection.cabs_per_machine),
        (8, 7, 3)
    );
    let origin = |key| loaded.origin("collection", key);
    assert_eq!(origin("cabs_per_bucket"), Origin::Flag("--set collection.cabs_per_bucket".into()));
    assert_eq!(
        origin("memory_dumps_per_bucket"),
        Origin::Environment("WATSON_COLLECTION_MEMORY_DUMPS_PER_BUCKET".into())
    );
    assert_eq!((origin("cabs_per_machine"), origin("lease_seconds")), (Origin::File(4), Origin::Default));
}

#[test]
fn text_becomes_what_the_key_takes() {
    let variables = [
        ("WATSON_LISTEN_ADDRESS", "[::1]:80"),
        ("WATSON_LISTEN_TOKEN", "false"),
        ("WATSON_STORAGE_SYMBOL_ROOTS", "[\"/a\", \"/b\"]"),
        ("WATSON_STORAGE_DATA", "5"),
    ];
    let settings = of("", &variables, &[]).unwrap().settings;
    assert_eq!(settings.listen.address, "[::1]:80".parse().unwrap());
    assert!(!settings.listen.token);
    assert_eq!(settings.storage.symbol_roots, [PathBuf::from("/a"), PathBuf::from("/b")]);
    assert_eq!(settings.storage.data, Some(PathBuf::from("5")));
}

#[test]
fn what_is_unknown_or_of_another_kind_is_an_error_with_its_place() {
    let refused = |text: &str| of(text, &[], &[]).unwrap_err();
    for (text, said) in [
        (
            "[listen]\nadress = \"x\"\n",
            "FILE, line 2: unknown field `adress`, expected one of `address`, `more`, `token`; did you mean `address`?",
        ),
        ("\n\n[listn]\n", "did you mean `listen`?"),
        ("[limits]\n\nmax_cab_bytes = \"big\"\n", "FILE, line 3: invalid type"),
        ("[limits]\nmax_cab_bytes = -1\n", "FILE, line 2: "),
        ("[listen\n", "FILE, line 1: "),
        ("[limits]\nmax_cab_bytes = 1\n", "limits.max_cab_bytes must be 4096 to"),
        ("[limits]\nmax_cab_bytes = 1\n", "(from FILE, line 2)"),
        ("[storage]\ndatabase = \"postgres:///w\"\n", "storage.blobs (or --blobs) must be set"),
        ("[log]\nlevel = \"a=b=c\"\n", "log.level is no level"),
    ] {
        let refusal = refused(text);
        assert!(refusal.contains(said), "{text}: {refusal}");
    }
    let variable = of("", &[("WATSON_LISTEN_ADRESS", "x")], &[]).unwrap_err();
    assert!(variable.contains("did you mean `address`?"), "{variable}");
    let variable = of("", &[("WATSON_LIMITS_MAX_CAB_BYTES", "lots")], &[]).unwrap_err();
    assert!(variable.starts_with("the variable WATSON_LIMITS_MAX_CAB_BYTES: invalid type"), "{variable}");
    let flag = of("", &[], &[("collecton.cabs_per_bucket", "1")]).unwrap_err();
    assert!(flag.contains("did you mean `collection`?"), "{flag}");
    assert!(of("", &[("WATSON_LONG_TESTS", "1")], &[]).is_ok(), "a variable of no section is no setting");
}

#[test]
fn a_file_that_is_missing_or_endless_is_refused() {
    assert!(matches!(load(Some(Path::new("/nowhere/x.toml")), [], &[]), Err(SettingsError::Read { .. })));
    assert!(matches!(load(Some(Path::new("/dev/zero")), [], &[]), Err(SettingsError::TooLarge { .. })));
}

#[test]
fn what_is_shown_is_a_settings_file_without_secrets() {
    let text = "[storage]\ndatabase = \"postgres://w:hunter2@db/w\"\nblobs = \"/b\"\n";
    let loaded = of(text, &[("WATSON_LISTEN_TOKEN", "false")], &[]).unwrap();
    let (shown, json) = (as_text(&loaded), as_json(&loaded));
    assert!(!shown.contains("hunter2") && !json.to_string().contains("hunter2"), "{shown}");
    assert!(shown.contains("# WATSON_LISTEN_TOKEN") && shown.contains("# line 2"), "{shown}");
    let (_dir, again) = file(&shown);
    assert_eq!(load(Some(&again), [], &[]).unwrap().settings.limits, loaded.settings.limits);
    assert_eq!(
        json["settings"]["listen.token"],
        serde_json::json!({
            "value": false, "from": "environment", "name": "WATSON_LISTEN_TOKEN", "line": null, "on_reload": false
        })
    );
    assert_eq!(json["settings"]["storage.database"]["line"], 2);
    assert_eq!(json["settings"]["log.level"]["on_reload"], true);
}
