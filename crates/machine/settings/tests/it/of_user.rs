//! A user's file behind the machine's.

use std::path::Path;

use wer_model::{Consent, ModuleLevel};
use wer_settings::{FileLevel, Locations, Settings};

const USERS: &str = "Disabled = 1\nForceQueue = 1\nMaxQueueCount = 1\nLoggingDisabled = 1\nHoldMilliseconds = 1000\n\
    CorporateWERServer = 'evil.example'\nMaxRegisteredFileBytes = 0\nConfigureArchive = 1\n\
    [Consent]\nDefaultConsent = 4\nAPPCRASH = 3\n[LocalDumps]\nDumpType = 2\n\
    [AeDebug]\nDebugger = '/bin/evil'\nAuto = 1\n[ExcludedApplications]\ngame = 1\n\
    [RuntimeExceptionHelperModules]\n'/m.so' = 1\n";

fn with_user(machine: &str) -> Settings {
    let (machine, _) = Settings::from_texts(&Locations::system(None), &[(FileLevel::System, machine)]);
    machine.with_user(Path::new("/home/joe/.config/wer/wer.toml"), USERS).0
}

#[test]
fn a_user_decides_of_reports_and_not_of_the_machine() {
    let (plain, both) = (with_user(""), with_user("CorporateWERServer = 'wer.example'"));
    assert!(plain.disabled() && plain.force_queue() && plain.is_excluded("game"));
    assert_eq!(plain.consent_for("BEX64"), Consent::AllData);
    assert_eq!(plain.consent_for("APPCRASH"), Consent::SafeData);
    assert_eq!(plain.module_level("/m.so"), Some(ModuleLevel::User));
    assert_eq!((plain.max_queue_count(), plain.hold_ms()), (50, 30_000));
    assert!(!plain.logging_disabled() && plain.archive_keeps_files());
    assert_eq!(plain.server(), None);
    assert_eq!(both.server().map(|server| server.host).as_deref(), Some("wer.example"));
    assert_eq!(plain.local_dump("game"), None);
    assert_eq!(plain.ae_debug("game").automatic(), None);
    assert!(plain.file_limits().one_file_bytes > 0);
}

#[test]
fn what_the_machine_says_counts_for_more() {
    let both = with_user("Disabled = 0\n[Consent]\nDefaultConsent = 1\nAPPCRASH = 2\n");
    assert!(!both.disabled());
    assert_eq!(both.consent_for("BEX64"), Consent::AlwaysAsk);
    assert_eq!(both.consent_for("APPCRASH"), Consent::Parameters);
}

#[test]
fn a_broken_file_counts_for_nothing_and_is_named() {
    let (machine, _) = Settings::from_texts(&Locations::system(None), &[]);
    let (settings, warnings) = machine.with_user(Path::new("/home/joe/wer.toml"), "Disabled = [");
    assert!(!settings.disabled());
    assert!(warnings.first().is_some_and(|warning| warning.to_string().contains("/home/joe/wer.toml")));
}
