//! Policy before machine before user; exclusion before inclusion; who may set what.

use wer_model::{Consent, ModuleLevel};
use wer_settings::{FileLevel, Locations, Settings};

fn settings(texts: &[(FileLevel, &str)]) -> Settings {
    let locations = Locations { user_dir: Some("/home/joe/.config/wer".into()), ..Locations::system(None) };
    Settings::from_texts(&locations, texts).0
}

use FileLevel::{Policy, System, User};

#[test]
fn each_value_comes_from_the_strongest_file_that_has_it() {
    let settings = settings(&[
        (User, "MaxQueueCount = 1\nMaxArchiveCount = 1\nForceQueue = 1"),
        (Policy, "MaxQueueCount = 3"),
        (System, "MaxQueueCount = 2\nMaxArchiveCount = 2"),
    ]);
    assert_eq!(settings.max_queue_count(), 3);
    assert_eq!(settings.max_archive_count(), 2);
    assert!(settings.force_queue());
    let explanation = settings.explain("MaxQueueCount").expect("it is known");
    assert_eq!(explanation.value, "3");
    assert_eq!(explanation.file.as_deref(), Some("/etc/wer/policy.toml".as_ref()));
    assert_eq!(
        explanation.overridden,
        [
            ("/etc/wer/wer.toml".into(), "2".to_owned()),
            ("/home/joe/.config/wer/wer.toml".into(), "1".to_owned())
        ]
    );
}

#[test]
fn a_server_is_taken_from_one_file_only() {
    let settings = settings(&[
        (System, "CorporateWERServer = \"wer.example\"\nCorporateWERUseSSL = 1"),
        (User, "CorporateWERServer = \"evil.example\"\nCorporateWERPortNumber = 1\nCorporateWERUseSSL = 0"),
    ]);
    let server = settings.server().expect("a server");
    assert_eq!((server.host.as_str(), server.port, server.use_ssl), ("wer.example", 1273, true));
    let port = settings.explain("CorporateWERPortNumber").expect("it is known");
    assert_eq!((port.value.as_str(), port.file), ("1273", None));
}

#[test]
fn an_empty_server_in_a_stronger_file_means_none() {
    let settings =
        settings(&[(Policy, "CorporateWERServer = \"\""), (User, "CorporateWERServer = \"wer.example\"")]);
    assert_eq!(settings.server(), None);
    assert!(settings.waiting_reason().contains("CorporateWERServer"));
}

#[test]
fn consent_of_an_event_wins_unless_the_default_overrides() {
    let events = "[Consent]\nDefaultConsent = 2\nAPPCRASH = 4";
    assert_eq!(settings(&[(User, events)]).consent_for("appcrash"), Consent::AllData);
    assert_eq!(settings(&[(User, events)]).consent_for("BEX64"), Consent::Parameters);
    let firm = settings(&[(Policy, "[Consent]\nDefaultOverrideBehavior = 1"), (User, events)]);
    assert_eq!(firm.consent_for("APPCRASH"), Consent::Parameters);
    let none = settings(&[(Policy, "[Consent]\nDefaultConsent = 0"), (User, events)]);
    assert_eq!(none.consent_for("APPCRASH"), Consent::Disabled);
}

#[test]
fn only_policy_may_disable_consent() {
    let settings = settings(&[(User, "[Consent]\nDefaultConsent = 0\nAPPCRASH = 0")]);
    assert_eq!(settings.consent_for("APPCRASH"), Consent::AlwaysAsk);
}

#[test]
fn a_module_has_the_level_of_the_file_that_lists_it() {
    let list = |path: &str, number: u8| format!("[RuntimeExceptionHelperModules]\n\"{path}\" = {number}\n");
    let (system, user) = (list("/opt/a.so", 1), list("/opt/b.so", 1));
    let both = settings(&[(System, &system), (User, &user)]);
    assert_eq!(both.module_level("/opt/a.so"), Some(ModuleLevel::System));
    assert_eq!(both.module_level("/opt/b.so"), Some(ModuleLevel::User));
    assert_eq!(both.module_level("/opt/../opt/a.so"), None);
    assert_eq!(both.module_level("/opt/A.so"), None);
    let forbidden = list("/opt/b.so", 0);
    assert_eq!(settings(&[(Policy, &forbidden), (User, &user)]).module_level("/opt/b.so"), None);
}

#[test]
fn any_file_excludes_a_program() {
    let settings = settings(&[
        (Policy, "[ExcludedApplications]\n\"game\" = 0"),
        (User, "[ExcludedApplications]\n\"game\" = 1"),
    ]);
    assert!(settings.is_excluded("game"));
    assert!(!settings.is_excluded("Game"));
}

#[test]
fn a_debugger_is_named_by_the_machine_and_asked_for_by_lists() {
    let machine =
        "[AeDebug]\nDebugger = \"gdb -p %ld\"\nAuto = \"1\"\n[AeDebug.AutoExclusionList]\n\"dwm\" = 1\n";
    let user = "[DebugApplications]\n\"*\" = 1\n\"game\" = 0\n[AeDebug]\nDebugger = \"mine\"\n";
    let settings = settings(&[(System, machine), (User, user)]);
    let of = |program: &str| settings.ae_debug(program);
    assert_eq!(of("/usr/bin/game").automatic(), Some("gdb -p %ld"));
    assert!(of("other").must_ask && of("other").automatic().is_none());
    assert!(of("/x/dwm").is_excluded && !of("game").is_excluded);
    assert_eq!(of("game").debugger.as_deref(), Some("gdb -p %ld"));
    let excluded = settings.explain("AeDebug.AutoExclusionList.dwm").expect("it is known");
    assert_eq!(excluded.value, "1");
}

#[test]
fn helper_modules_are_listed_with_the_strongest_files_word() {
    let system = "[RuntimeExceptionHelperModules]\n\"/a.so\" = 0\n";
    let user = "[RuntimeExceptionHelperModules]\n\"/a.so\" = 1\n\"/b.so\" = 1\n";
    let modules = settings(&[(System, system), (User, user)]).helper_modules();
    let shown: Vec<_> = modules.iter().map(|m| (m.path.as_str(), m.level, m.allowed)).collect();
    assert_eq!(shown, [("/a.so", System, false), ("/b.so", User, true)]);
}
