//! The machine's context with a user's own settings.

use std::path::PathBuf;

use wer_fault::Context;
use wer_fault::user_places::UserPlaces;
use wer_model::Consent;
use wer_settings::Locations;
use wer_sys::{Credentials, Process};

fn ourselves() -> Credentials {
    let status = Process::open(std::process::id()).and_then(|us| us.status());
    Credentials::of(&status.expect("our own status"))
}

#[test]
fn a_users_consent_counts_behind_the_machines_and_only_where_the_machine_reports() {
    let root = tempfile::tempdir().expect("a folder");
    let home = root.path().join("home");
    std::fs::create_dir_all(home.join(".config/wer")).expect("a folder");
    std::fs::create_dir_all(root.path().join("etc/wer")).expect("a folder");
    let users = "CorporateWERServer = 'evil.example'\n[Consent]\nDefaultConsent = 4\nBEX64 = 2\n";
    std::fs::write(home.join(".config/wer/wer.toml"), users).expect("a file");
    std::fs::write(root.path().join("etc/wer/wer.toml"), "[Consent]\nBEX64 = 1\n").expect("a file");
    let places =
        UserPlaces::from_environment(&|name| (name == "HOME").then(|| home.clone().into_os_string()));

    let machine = Context::system(Some(root.path()), PathBuf::new());
    assert_eq!(machine.settings.consent_for("APPCRASH"), Consent::AlwaysAsk);
    let context = machine.for_user(&ourselves(), &places).expect("the user's");
    assert_eq!(context.warnings, []);
    assert_eq!(context.settings.consent_for("APPCRASH"), Consent::AllData);
    assert_eq!(context.settings.consent_for("BEX64"), Consent::AlwaysAsk);
    assert_eq!(context.settings.server(), None);

    assert!(machine.for_user(&ourselves(), &UserPlaces::default()).is_none());
    let of_user = Locations { user_dir: Some(home.join(".config/wer")), ..machine.locations.clone() };
    assert!(Context::for_locations(of_user).for_user(&ourselves(), &places).is_none());
    let embedded = Context::embedded(&|_| None, 0, PathBuf::new());
    assert!(embedded.for_user(&ourselves(), &places).is_none());
}
