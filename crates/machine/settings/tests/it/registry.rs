//! Registry exports, as regedit writes them and as people and liars do.

use wer_settings::edit::{Change, NewValue};
use wer_settings::registry::import::import;
use wer_settings::registry::{Data, Entry, Import, Line, RegistryError, parse};
use wer_settings::{FileLevel, Locations, Settings, edit};

const HEADER: &str = "Windows Registry Editor Version 5.00\r\n\r\n";
const WER: &str = "SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting";

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn read(body: &str) -> Vec<Line> {
    parse(format!("{HEADER}{body}").as_bytes()).expect("an export")
}

fn imported(body: &str) -> Import {
    import(&read(body))
}

fn error(body: &str) -> RegistryError {
    parse(format!("{HEADER}{body}").as_bytes()).expect_err("no export")
}

fn set(path: &[&str], value: NewValue) -> Change {
    Change::Set(path.iter().map(|key| (*key).to_owned()).collect(), value)
}

#[test]
fn an_export_of_every_key_becomes_settings() {
    let export = format!(
        "{HEADER}[HKEY_LOCAL_MACHINE\\{WER}]\r\n\"Disabled\"=dword:00000000\r\n\"MaxQueueCount\"=dword:00000014\r\n\
         \"EnableZip\"=dword:00000001\r\n\"MachineID\"=\"0123\"\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\{WER}\\Consent]\r\n\"DefaultConsent\"=dword:00000003\r\n\"APPCRASH\"=dword:00000004\r\n\
         \"NewUserDefaultConsent\"=dword:1\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\{WER}\\LocalDumps]\r\n\r\n[HKEY_LOCAL_MACHINE\\{WER}\\LocalDumps\\game.exe]\r\n\
         \"DumpFolder\"=hex(2):25,00,4c,00,4f,00,43,00,41,00,4c,00,41,00,50,00,50,00,44,\\\r\n  \
         00,41,00,54,00,41,00,25,00,5c,00,44,00,00,00\r\n\"DumpType\"=dword:00000002\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\{WER}\\RuntimeExceptionHelperModules]\r\n\"/opt/m.so\"=dword:00000000\r\n\
         \"C:\\\\m.dll\"=dword:00000000\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug]\r\n\
         \"Debugger\"=\"gdb \\\"-p\\\" %ld\"\r\n\"Auto\"=\"1\"\r\n\"UserDebuggerHotKey\"=dword:0\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug\\AutoExclusionList]\r\n\"DWM.exe\"=dword:00000001\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\Windows Error Reporting]\r\n\"DontSendAdditionalData\"=dword:00000001\r\n\r\n\
         [HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\Windows Error Reporting\\ExcludedApplications]\r\n\"noisy.exe\"=\"\"\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes]\r\n@=\"x\"\r\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let locations =
        Locations { user_dir: Some(folder.path().join("user")), ..Locations::system(Some(folder.path())) };
    let import = import(&parse(&utf16(&export)).expect("an export"));
    for (level, changes) in import.changes() {
        edit::apply(&locations, level, &changes).expect("a file");
    }
    let (settings, warnings) = Settings::load(&locations);
    assert_eq!(warnings, []);
    assert_eq!(settings.max_queue_count(), 20);
    assert_eq!(settings.consent_for("APPCRASH"), wer_model::Consent::AllData);
    assert!(settings.dont_send_additional_data() && settings.is_excluded("noisy.exe"));
    let dump = settings.local_dump("game.exe").expect("a dump");
    assert_eq!(
        (dump.dump_type, dump.folder.as_deref()),
        (wer_settings::LocalDumpType::Full, Some("%LOCALAPPDATA%/D"))
    );
    assert_eq!(settings.ae_debug("x").automatic(), Some("gdb \"-p\" %ld"));
    assert!(settings.ae_debug("DWM.exe").is_excluded);
    assert!(settings.module_level("/opt/m.so").is_some());
    let ignored: Vec<_> = import.ignored.iter().map(|one| one.name.as_deref().unwrap_or("")).collect();
    assert_eq!(
        ignored,
        ["EnableZip", "MachineID", "NewUserDefaultConsent", "C:\\m.dll", "UserDebuggerHotKey", "", ""]
    );
    assert!(import.ignored.iter().all(|one| one.line > 2 && !one.reason.is_empty()), "{:#?}", import.ignored);
}

#[test]
fn every_kind_of_data_is_read_in_both_versions() {
    let data = |text: &[u8]| {
        let lines = parse(text).expect("an export");
        lines
            .into_iter()
            .filter_map(|line| match line.entry {
                Entry::Value(_, data) => Some(data),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let new = format!(
        "{HEADER}[HKLM\\x]\n\"a\"=dword:ff\n\"b\"=hex(b):01,00,00,00,00,00,00,00\n\"c\"=\"two\nlines \\\\ \\\"q\\\"\" ; why\n\
         \"d\"=hex(7):61,00,00,00,62,00,00,00,00,00\n\"e\"=hex:de,ad\n\"f\"=-\n\"g\"=hex(4):05,00,00,00\n\"h\"=hex(1):\n\"i\"=hex(0):\n"
    );
    assert_eq!(
        data(new.as_bytes()),
        [
            Data::Dword(0xFF),
            Data::Qword(1),
            Data::Text("two\nlines \\ \"q\"".into()),
            Data::Texts(vec!["a".into(), "b".into()]),
            Data::Binary,
            Data::Deleted,
            Data::Dword(5),
            Data::Text(String::new()),
            Data::Binary,
        ]
    );
    let old = b"REGEDIT4\r\n\r\n[HKCU\\x]\r\n\"a\"=hex(2):61,62,00\r\n";
    assert_eq!(data(old), [Data::Text("ab".into())]);
    let marked = [b"\xEF\xBB\xBF".as_slice(), old].concat();
    assert_eq!(data(&marked), [Data::Text("ab".into())]);
}

#[test]
fn deletions_take_values_programs_and_keys_out() {
    let import = imported(&format!(
        "[HKLM\\{WER}]\n\"disabled\"=-\n[-HKLM\\{WER}\\LocalDumps\\game.exe]\n[-HKCU\\{WER}\\Consent]\n"
    ));
    let remove = |path: &[&str]| Change::Remove(path.iter().map(|key| (*key).to_owned()).collect());
    let changes: Vec<_> = import.imported.iter().map(|one| (one.level, one.change.clone())).collect();
    assert_eq!(
        changes,
        [
            (FileLevel::System, remove(&["Disabled"])),
            (FileLevel::System, remove(&["LocalDumps", "game.exe"])),
            (FileLevel::User, remove(&["Consent"])),
        ]
    );
    let all = imported(&format!("[-HKLM\\{WER}]\n"));
    assert!(all.imported.iter().any(|one| one.change == remove(&["ExcludedApplications"])));
    let own = all.imported.iter().any(|one| one.change == remove(&["HoldMilliseconds"]));
    assert!(!own, "what Windows does not know, its export cannot delete");
}

#[test]
fn values_out_of_range_are_ignored_with_the_range() {
    let import = imported(&format!(
        "[HKLM\\{WER}]\n\"MaxQueueCount\"=dword:ffffffff\n\"Disabled\"=\"yes\"\n\"CorporateWERServer\"=hex:00\n\
         [HKLM\\{WER}\\Consent]\n\"APPCRASH\"=dword:0\n[HKCU\\{WER}\\LocalDumps]\n\"DumpType\"=dword:2\n\
         [HKCU\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug]\n\"Auto\"=\"1\"\n"
    ));
    assert_eq!(import.imported, []);
    let reasons: Vec<_> = import.ignored.iter().map(|one| one.reason.as_str()).collect();
    let wanted = [
        "from 1 to 500",
        "a number",
        "a text",
        "1 to 4",
        "machine's key",
        "machine's key",
        "machine's files",
    ];
    assert_eq!(reasons.len(), wanted.len(), "{reasons:#?}");
    assert!(reasons.iter().zip(wanted).all(|(reason, word)| reason.contains(word)), "{reasons:#?}");
}

#[test]
fn a_policy_of_the_machine_may_disable_consent() {
    let key = "HKEY_LOCAL_MACHINE\\Software\\Policies\\Microsoft\\Windows\\Windows Error Reporting\\Consent";
    let import = imported(&format!("[{key}]\n\"APPCRASH\"=dword:0\n"));
    let [one] = import.imported.as_slice() else { panic!("one change, not {import:?}") };
    assert_eq!(one.level, FileLevel::Policy);
    assert_eq!(one.change, set(&["Consent", "APPCRASH"], NewValue::Number(0)));
}

#[test]
fn what_is_no_export_names_its_line() {
    let line = |body: &str| error(body).line;
    for body in [
        "[HKLM\\x\n",
        "[HKLM\\x] y\n",
        "[]\n",
        "\"a\"=dword:1\n",
        "[HKLM\\x]\n[-HKLM\\y]\n\"a\"=dword:1\n",
        "[HKLM\\x]\n\"a\n",
        "[HKLM\\x]\n\"a\" dword:1\n",
        "[HKLM\\x]\n\"a\"=dword:\n",
        "[HKLM\\x]\n\"a\"=dword:123456789\n",
        "[HKLM\\x]\n\"a\"=hex:zz\n",
        "[HKLM\\x]\n\"a\"=hex:01,\\\n",
        "[HKLM\\x]\n\"a\"=hex(b):01\n",
        "[HKLM\\x]\n\"a\"=hex(2):61\n",
        "[HKLM\\x]\n\"a\"=\"open\n\nmore\n",
        "[HKLM\\x]\n\"a\"=\"x\"y\n",
        "[HKLM\\x]\nnonsense\n",
    ] {
        let wanted = if body.starts_with("[HKLM\\x]\n[-") {
            5
        } else if body.starts_with("[HKLM\\x]\n") {
            4
        } else {
            3
        };
        assert_eq!(line(body), wanted, "{body}");
    }
    for bytes in
        [b"".as_slice(), b"[HKLM]\n", b"\xFE\xFF\0R", b"\xFF\xFER", b"REGEDIT4\n\xE4", b"REGEDIT4\nx\0"]
    {
        assert!(parse(bytes).is_err(), "{bytes:?}");
    }
}
