//! A broken file never stops reporting.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::fs::{FileType, Mode};
use wer_model::Consent;
use wer_settings::{FileLevel, Locations, Settings, SettingsWarning};

fn locations(folder: &std::path::Path) -> Locations {
    Locations { user_dir: Some(folder.join("user")), ..Locations::system(Some(folder)) }
}

#[test]
fn without_files_the_defaults_count_and_nobody_is_warned() {
    let folder = tempfile::tempdir().expect("a folder");
    let (settings, warnings) = Settings::load(&locations(folder.path()));
    assert_eq!(warnings, []);
    assert!(!settings.disabled());
    assert_eq!((settings.max_queue_count(), settings.max_archive_count()), (50, 1000));
    assert_eq!(settings.consent_for("APPCRASH"), Consent::AlwaysAsk);
    assert_eq!(settings.hold_ms(), 30_000);
    assert_eq!(settings.file_limits().one_file_bytes, 64 << 20);
    assert_eq!(settings.file_limits().all_files_bytes, 256 << 20);
    assert_eq!(settings.server(), None);
    assert!(settings.archive_keeps_files());
}

#[test]
fn a_file_that_is_no_toml_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    fs::create_dir_all(&locations.system_dir).expect("a folder");
    fs::write(locations.system_file(), "Disabled = = 1\n").expect("a file");
    fs::write(locations.policy_file(), "MaxQueueCount = 7\n").expect("a file");
    let (settings, warnings) = Settings::load(&locations);
    assert_eq!(settings.max_queue_count(), 7);
    assert!(!settings.disabled());
    let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
    assert!(warning.to_string().contains("wer.toml"), "{warning}");
}

#[test]
fn what_is_not_a_readable_text_file_is_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    fs::create_dir_all(locations.system_file()).expect("a folder in the file's place");
    fs::write(locations.policy_file(), [0xff, 0xfe, 0x00]).expect("a file");
    let user = locations.user_file().expect("a user's file");
    fs::create_dir_all(user.parent().expect("a folder")).expect("a folder");
    fs::write(&user, vec![b'#'; 1024 * 1024 + 1]).expect("a large file");
    let (settings, warnings) = Settings::load(&locations);
    assert!(!settings.disabled());
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings.iter().all(|warning| matches!(warning, SettingsWarning::Unreadable { .. })));
}

#[test]
fn wrong_values_and_unknown_names_are_named() {
    let text = r#"
Disabled = "yes"
MaxQueueCount = 501
Bogus = 1
QueuePesterInterval = 1
Consent = 3
[LocalDumps]
DumpFolder = "relative"
Nonsense = 1
[ExcludedApplications]
"/usr/bin/python3" = 1
[RuntimeExceptionHelperModules]
"module.so" = 1
"/opt/m.so" = 2
"#;
    let (settings, warnings) = Settings::from_texts(&Locations::system(None), &[(FileLevel::System, text)]);
    assert!(!settings.disabled());
    assert_eq!(settings.max_queue_count(), 50);
    let sentences: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let about = |name: &str| sentences.iter().filter(|sentence| sentence.contains(name)).count();
    for name in [
        "Disabled",
        "MaxQueueCount",
        "Bogus",
        "QueuePesterInterval",
        "Consent",
        "LocalDumps.DumpFolder",
        "LocalDumps.Nonsense",
        "/usr/bin/python3",
        "\"module.so\"",
        "/opt/m.so",
    ] {
        assert_eq!(about(name), 1, "{name}: {sentences:#?}");
    }
    assert_eq!(sentences.len(), 10, "{sentences:#?}");
    assert!(sentences.iter().all(|sentence| sentence.contains("/etc/wer/wer.toml")), "{sentences:#?}");
}

/// Why a machine's file is not read.
fn refusal(make: impl Fn(&std::path::Path)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    fs::create_dir_all(&locations.system_dir).expect("a folder");
    make(&locations.system_file());
    let (settings, warnings) = Settings::load(&locations);
    assert!(!settings.disabled());
    let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
    assert!(warning.is_about_whole_file(), "{warning}");
    warning.to_string()
}

#[test]
fn files_that_others_could_have_written_are_refused_at_once() {
    let text = "Disabled = 1\n";
    let link = refusal(|file| {
        let target = file.with_file_name("elsewhere");
        fs::write(&target, text).expect("a file");
        symlink(target, file).expect("a link");
    });
    assert!(link.contains("symbolic link"), "{link}");
    let pipe = refusal(|file| {
        rustix::fs::mknodat(rustix::fs::CWD, file, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
    });
    assert!(pipe.contains("not a regular file"), "{pipe}");
    let open_to_all = refusal(|file| {
        fs::write(file, text).expect("a file");
        fs::set_permissions(file, fs::Permissions::from_mode(0o666)).expect("a mode");
    });
    assert!(open_to_all.contains("chmod go-w"), "{open_to_all}");
    let binary = refusal(|file| fs::write(file, "a = 1\n\0\0").expect("a file"));
    assert!(binary.contains("binary"), "{binary}");
    let latin1 = refusal(|file| fs::write(file, b"a = 1\nb = \"\xe4\"\n").expect("a file"));
    assert!(latin1.contains("line 2 is not UTF-8"), "{latin1}");
    if rustix::process::geteuid().is_root() {
        let foreign = refusal(|file| {
            fs::write(file, text).expect("a file");
            std::os::unix::fs::chown(file, Some(12_345), None).expect("another owner");
        });
        assert!(foreign.contains("belongs to user 12345"), "{foreign}");
    }
}

#[test]
fn warnings_name_the_line() {
    let place_of = |text: &str| {
        let locations = Locations::system(None);
        let (_, warnings) = Settings::from_texts(&locations, &[(FileLevel::System, text)]);
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        warning.to_string()
    };
    for (text, place) in [
        ("Disabled = 1\nDisabled = = 1\n", "wer.toml:2:"),
        ("# one\n\n  Bogus = 1\n", "wer.toml:3:3 "),
        ("[Consent]\nAPPCRASH = 9\n", "wer.toml:2:1 "),
        ("[Consent]\n\"an event\" = 9\n", "wer.toml:2:1 "),
        ("[LocalDumps]\n[LocalDumps.\"my game\"]\nDumpCount = 1\nDumpType = 7\n", "wer.toml:4:1 "),
        ("ExcludedApplications = { \"a/b\" = 1 }\n", "wer.toml:1:26 "),
        ("[AeDebug.AutoExclusionList]\n\"x\" = 1\n\"y/z\" = 1\n", "wer.toml:3:1 "),
    ] {
        let sentence = place_of(text);
        assert!(sentence.contains(place), "{text}: {sentence}");
    }
}

#[test]
fn nothing_is_sent_while_the_policy_cannot_be_read() {
    let consent = |policy: &str| {
        let texts = [(FileLevel::Policy, policy), (FileLevel::User, "[Consent]\nDefaultConsent = 4\n")];
        let locations = Locations { user_dir: Some("/u".into()), ..Locations::system(None) };
        Settings::from_texts(&locations, &texts).0.consent_for("APPCRASH")
    };
    assert_eq!(consent("MaxQueueCount = 0"), Consent::AllData, "a bad value costs itself");
    assert_eq!(consent("[Consent"), Consent::Disabled);
}
