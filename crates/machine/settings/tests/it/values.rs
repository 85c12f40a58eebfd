//! Local dumps, reasons to wait, names in any case, explanations.

use wer_settings::{FileLevel, LocalDumpType, Locations, Settings};

fn machine(text: &str) -> Settings {
    Settings::from_texts(&Locations::system(None), &[(FileLevel::System, text)]).0
}

#[test]
fn local_dumps_are_off_until_their_table_is_there() {
    assert_eq!(machine("").local_dump("game"), None);
    let dump = machine("[LocalDumps]").local_dump("/usr/bin/game").expect("a dump");
    assert_eq!((dump.dump_type, dump.count), (LocalDumpType::Mini, 10));
    assert_eq!(dump.folder, None);
    let folder = |folder: &str| machine(&format!("[LocalDumps]\nDumpFolder = '{folder}'")).local_dump("game");
    for good in ["/srv/dumps", "%LOCALAPPDATA%\\CrashDumps", "$HOME/dumps", "~/dumps"] {
        assert_eq!(folder(good).and_then(|dump| dump.folder).as_deref(), Some(good));
    }
    assert_eq!(folder("dumps").and_then(|dump| dump.folder), None);
}

#[test]
fn a_programs_table_overrides_value_by_value_and_counts_alone_for_it() {
    let text = "[LocalDumps.\"game\"]\nDumpType = 2\n";
    assert_eq!(machine(text).local_dump("other"), None);
    assert!(machine(text).wants_heap_dump("/usr/bin/game"));
    let both = machine(&format!("[LocalDumps]\nDumpCount = 3\nDumpFolder = \"/srv/dumps\"\n{text}"));
    let dump = both.local_dump("game").expect("a dump");
    assert_eq!((dump.dump_type, dump.count), (LocalDumpType::Full, 3));
    assert_eq!(dump.folder.as_deref(), Some("/srv/dumps"));
    assert!(!both.wants_heap_dump("other"));
}

#[test]
fn custom_flags_say_whether_the_heap_is_in() {
    let custom = |flags: &str| machine(&format!("[LocalDumps]\nDumpType = 0\n{flags}"));
    assert_eq!(custom("").local_dump("x").map(|dump| dump.dump_type), Some(LocalDumpType::Custom(0x121)));
    assert!(!custom("").wants_heap_dump("x"));
    assert!(custom("CustomDumpFlags = 0x202").wants_heap_dump("x"));
}

#[test]
fn the_users_file_cannot_ask_for_local_dumps() {
    let locations = Locations { user_dir: Some("/u".into()), ..Locations::system(None) };
    let (settings, warnings) = Settings::from_texts(&locations, &[(FileLevel::User, "[LocalDumps]")]);
    assert_eq!(settings.local_dump("x"), None);
    assert!(warnings.first().is_some_and(|warning| warning.to_string().contains("machine's files")));
}

#[test]
fn the_reason_to_wait_names_the_way_out() {
    let with = |consent: u8| {
        machine(&format!("CorporateWERServer = \"h\"\n[Consent]\nDefaultConsent = {consent}"))
            .waiting_reason()
    };
    assert_eq!(with(4), "");
    assert!(with(1).contains("--approve") && with(1).contains("/etc/wer/wer.toml"), "{}", with(1));
}

#[test]
fn names_are_read_in_any_case_and_truth_values_as_numbers() {
    let settings = machine("disabled = true\nmaxqueuecount = 9");
    assert!(settings.disabled());
    assert_eq!(settings.explain("MAXQUEUECOUNT").map(|known| known.value), Some("9".into()));
}

#[test]
fn every_setting_is_explained() {
    let settings = machine("CorporateWERServer = \"h\"");
    let all = settings.explain_all();
    assert!(all.iter().all(|explanation| !explanation.meaning.is_empty()));
    let server =
        all.iter().find(|explanation| explanation.name == "CorporateWERServer").expect("it is known");
    assert_eq!(server.value, "\"h\"");
    let consent = settings.explain("Consent.DefaultConsent").expect("it is known");
    assert_eq!((consent.value.as_str(), consent.file), ("1", None));
    assert_eq!(settings.explain("Consent.APPCRASH").map(|event| event.value), Some(String::new()));
    let event = machine("[Consent]\nAPPCRASH = 3").explain("Consent.appcrash").expect("an event");
    assert_eq!(event.value, "3");
    assert_eq!(settings.explain("Bogus"), None);
    let text = "[RuntimeExceptionHelperModules]\n\"/opt/m.so\" = 1";
    let module = machine(text).explain("RuntimeExceptionHelperModules.\"/opt/m.so\"").expect("an entry");
    assert_eq!(module.value, "1");
}

#[test]
fn what_files_set_is_listed_by_names_that_can_be_explained() {
    let text = "Disabled = 0\n[Consent]\nAPPCRASH = 2\n[ExcludedApplications]\n\"a.exe\" = 1\n[LocalDumps]\nDumpCount = 3\n\
                [LocalDumps.\"my.game\"]\nDumpType = 2\n[AeDebug.AutoExclusionList]\n\"d.exe\" = 1\n";
    let settings = machine(text);
    let names = settings.names_that_are_set();
    assert_eq!(
        names,
        [
            "Disabled",
            "LocalDumps.DumpCount",
            "AeDebug.AutoExclusionList.\"d.exe\"",
            "Consent.\"APPCRASH\"",
            "ExcludedApplications.\"a.exe\"",
            "LocalDumps.\"my.game\".DumpType",
        ]
    );
    for name in names {
        let explanation = settings.explain(&name).expect("it is set");
        assert!(explanation.file.is_some(), "{explanation:?}");
    }
    let count = settings.explain("LocalDumps.\"my.game\".DumpCount").expect("it is known");
    assert_eq!(count.value, "3", "the common value counts for the program");
}
