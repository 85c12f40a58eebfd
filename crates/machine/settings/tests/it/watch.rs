//! Settings while their files change.

use std::fs;
use std::path::Path;

use wer_settings::watch::SettingsWatch;
use wer_settings::{Locations, Settings};

fn locations(folder: &Path) -> Locations {
    Locations { user_dir: Some(folder.join("home/user/config/wer")), ..Locations::system(Some(folder)) }
}

/// As `wer config` and editors write: another file, renamed.
fn replace(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, text).expect("a file");
    fs::rename(beside, file).expect("a rename");
}

#[test]
fn a_change_counts_at_once_and_a_bad_file_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    fs::create_dir_all(&locations.system_dir).expect("a folder");
    let file = locations.system_file();
    fs::write(&file, "MaxQueueCount = 1\n").expect("a file");
    let (mut watch, first) = SettingsWatch::start(locations.clone()).expect("a watch");
    assert_eq!((first.settings.max_queue_count(), first.warnings.len()), (1, 0));

    replace(&file, "MaxQueueCount = 2\n");
    assert_eq!(watch.wait().expect("a change").settings.max_queue_count(), 2);

    replace(&file, "MaxQueueCount = 3\nDisabled = = 1\n");
    let bad = watch.wait().expect("a change");
    assert_eq!(bad.settings.max_queue_count(), 2, "the last good values");
    assert_eq!(bad.kept, std::slice::from_ref(&file));
    assert!(bad.warnings[0].to_string().contains("wer.toml:2:"), "{:?}", bad.warnings);
    let (later, warnings) = Settings::load(&locations);
    assert_eq!((later.max_queue_count(), warnings.len()), (2, 1), "for a process that starts now too");

    replace(&file, "MaxQueueCount = 4\n");
    let good = watch.wait().expect("a change");
    assert_eq!((good.settings.max_queue_count(), good.kept.len()), (4, 0));

    fs::remove_file(&file).expect("it goes");
    assert_eq!(watch.wait().expect("a change").settings.max_queue_count(), 50);
    replace(&file, "[");
    let bad = watch.wait().expect("a change");
    assert_eq!((bad.settings.max_queue_count(), bad.kept.len()), (50, 0), "nothing is left to keep");
}

#[test]
fn a_bad_policy_keeps_forbidding_what_it_forbade() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    fs::create_dir_all(&locations.system_dir).expect("a folder");
    let policy = "[Consent]\nDefaultConsent = 2\n";
    fs::write(locations.policy_file(), policy).expect("a file");
    fs::write(locations.system_file(), "[Consent]\nDefaultConsent = 4\n").expect("a file");
    let (mut watch, _) = SettingsWatch::start(locations.clone()).expect("a watch");
    replace(&locations.policy_file(), "[Consent\n");
    let bad = watch.wait().expect("a change");
    assert_eq!(bad.settings.consent_for("APPCRASH"), wer_model::Consent::Parameters);
    fs::remove_dir_all(locations.store_root.join("LastGoodSettings")).expect("it goes");
    let (settings, _) = Settings::load(&locations);
    assert_eq!(settings.consent_for("APPCRASH"), wer_model::Consent::Disabled, "nothing is known");
}

#[test]
fn folders_that_come_later_and_go_again_are_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    let (mut watch, first) = SettingsWatch::start(locations.clone()).expect("a watch");
    assert!(!first.settings.disabled());
    let file = locations.user_file().expect("a user");
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    replace(&file, "Disabled = 1\n");
    assert!(watch.wait().expect("a change").settings.disabled());
    fs::rename(folder.path().join("home/user/config/wer"), folder.path().join("away")).expect("a rename");
    assert!(!watch.wait().expect("a change").settings.disabled());
    fs::rename(folder.path().join("away"), folder.path().join("home/user/config/wer")).expect("a rename");
    assert!(watch.wait().expect("a change").settings.disabled());
}
