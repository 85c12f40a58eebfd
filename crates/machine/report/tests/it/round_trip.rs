//! `Report.wer` loses nothing, reads Windows' own files, and no bytes make it fail otherwise than by its error.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use wer_model::{
    AttachedFile, BucketReply, ConsentChoice, FileKind, LastWords, LastWordsSource, ModuleLevel,
    ModuleOutcome, ModuleVerdict, Parameter, Report, ReportId, ReportType, Signature, SoftError, Stage,
    Statement,
};
use wer_report::report_wer::{ReportWerError, escape, parse, to_bytes, unescape};

/// Texts that try to break out of a line.
fn text() -> impl Strategy<Value = String> {
    let nasty = [
        "\r\n",
        "=",
        "\u{2410}",
        "{a}",
        "\u{240a}",
        "\u{1b}[0m",
        "\0",
        "\u{feff}",
        "[0].Name",
        " ",
        "\u{85}",
    ];
    let nasty = vec(proptest::sample::select(nasty.to_vec()), 0..6).prop_map(|parts| parts.concat());
    prop_oneof![nasty, any::<String>(), "[ -~]{0,20}"]
}

fn pair() -> impl Strategy<Value = Parameter> {
    (text(), text()).prop_map(|(name, value)| Parameter { name, value })
}

fn verdict() -> impl Strategy<Value = ModuleVerdict> {
    prop_oneof![
        Just(ModuleVerdict::NotAllowed),
        Just(ModuleVerdict::Declined),
        Just(ModuleVerdict::ClaimRefused),
        Just(ModuleVerdict::NotAsked),
        text().prop_map(|reason| ModuleVerdict::NotLoaded { reason }),
        text().prop_map(|reason| ModuleVerdict::Invalid { reason }),
        text().prop_map(|during| ModuleVerdict::TimedOut { during }),
        (any::<i32>(), text()).prop_map(|(signal, during)| ModuleVerdict::Crashed { signal, during }),
        (any::<i32>(), text()).prop_map(|(status, during)| ModuleVerdict::Exited { status, during }),
        (text(), vec(pair(), 0..4), option::of(text()), any::<bool>()).prop_map(
            |(event_name, parameters, debugger, debugger_autolaunch)| ModuleVerdict::Claimed {
                event_name,
                parameters,
                debugger,
                debugger_autolaunch
            }
        ),
    ]
}

fn outcome() -> impl Strategy<Value = ModuleOutcome> {
    let level = option::of(proptest::sample::select(&[ModuleLevel::System, ModuleLevel::User][..]));
    (text(), level, verdict()).prop_map(|(path, level, verdict)| ModuleOutcome { path, level, verdict })
}

fn file() -> impl Strategy<Value = AttachedFile> {
    let kinds = [
        FileKind::Microdump,
        FileKind::Minidump,
        FileKind::Heapdump,
        FileKind::UserDocument,
        FileKind::Other,
        FileKind::Triagedump,
        FileKind::CustomDump,
        FileKind::AuxiliaryDump,
    ];
    (text(), proptest::sample::select(kinds.to_vec()), any::<u32>(), option::of(text()))
        .prop_map(|(name, kind, flags, original_path)| AttachedFile { name, kind, flags, original_path })
}

fn soft_error() -> impl Strategy<Value = SoftError> {
    let stages = [
        Stage::Registration,
        Stage::Capture,
        Stage::Modules,
        Stage::Dump,
        Stage::Report,
        Stage::Store,
        Stage::Upload,
    ];
    (proptest::sample::select(stages.to_vec()), text())
        .prop_map(|(stage, message)| SoftError { stage, message })
}

fn last_words() -> impl Strategy<Value = LastWords> {
    let sources = [
        LastWordsSource::GlibcAbortMessage,
        LastWordsSource::RustPanic,
        LastWordsSource::CppException,
        LastWordsSource::Application,
    ];
    (proptest::sample::select(sources.to_vec()), text()).prop_map(|(source, text)| LastWords { source, text })
}

fn reply() -> impl Strategy<Value = BucketReply> {
    (any::<[Option<u64>; 2]>(), proptest::array::uniform3(option::of(text()))).prop_map(|(numbers, texts)| {
        let ([bucket, bucket_table], [solution_url, solution_text, solution_fixed_in]) = (numbers, texts);
        BucketReply { bucket, bucket_table, solution_url, solution_text, solution_fixed_in }
    })
}

prop_compose! {
    fn statement()(
        [description, namespace_partner, namespace_group, application_identity] in
            proptest::array::uniform4(text()),
        ui_texts in btree_map(0_u32..12, text(), 0..12),
    ) -> Statement {
        let ui_texts = ui_texts.into_iter().collect();
        Statement { description, namespace_partner, namespace_group, application_identity, ui_texts }
    }
}

prop_compose! {
    fn enums()(
        report_type in proptest::sample::select(vec![
            ReportType::NonCritical, ReportType::Critical, ReportType::ApplicationCrash,
            ReportType::ApplicationHang, ReportType::Kernel,
        ]),
        consent in proptest::sample::select(vec![
            ConsentChoice::NotAsked, ConsentChoice::Approved, ConsentChoice::Denied,
            ConsentChoice::AlwaysPrompt,
        ]),
    ) -> (ReportType, ConsentChoice) {
        (report_type, consent)
    }
}

prop_compose! {
    fn report()(
        id in any::<[u8; 16]>(),
        (report_type, consent) in enums(),
        (event_type, parameters) in (text(), vec(pair(), 0..11)),
        (event_time_filetime, upload_time_filetime) in (any::<u64>(), any::<Option<u64>>()),
        names in proptest::array::uniform6(text()),
        (pid, uid) in any::<(u32, u32)>(),
        dynamic_signature in btree_map(any::<u32>(), pair(), 0..5),
        (metadata, os_info) in (vec(pair(), 0..5), vec(pair(), 0..5)),
        loaded_modules in vec(text(), 0..12),
        files in vec(file(), 0..5),
        last_words in option::of(last_words()),
        modules in vec(outcome(), 0..5),
        soft_errors in vec(soft_error(), 0..5),
        (reply, key, submit_flags) in (option::of(reply()), text(), any::<u32>()),
        said in statement(),
    ) -> Report {
        // A key that is the event type's name is the event type's.
        let consent_key = if key == event_type { String::new() } else { key };
        let [application_name, application_path, application_version, friendly, capture_source, reason] = names;
        // An icon that is the executable is nobody's wish.
        let mut statement = said;
        statement.ui_texts.retain(|(number, text)| *number != 2 || *text != application_path);
        Report {
            id: ReportId(id),
            report_type,
            signature: Signature { event_type, parameters },
            event_time_filetime,
            upload_time_filetime,
            consent,
            consent_key,
            submit_flags,
            application_name,
            application_path,
            application_version,
            friendly_event_name: friendly,
            statement,
            pid,
            uid,
            capture_source,
            dynamic_signature: dynamic_signature.into_iter().collect(),
            metadata,
            loaded_modules,
            os_info,
            files,
            last_words,
            modules,
            soft_errors,
            reply,
            waiting_reason: reason,
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost(report in report()) {
        prop_assert_eq!(parse(&to_bytes(&report)), Ok(report));
    }

    #[test]
    fn escapes_are_undone(text in text()) {
        let line = escape(&text);
        prop_assert!(!line.contains(char::is_control));
        prop_assert_eq!(unescape(&line), text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_lines_make_it_panic(lines in vec(("[A-Za-z]{1,12}(\\[[0-9]{1,11}\\])?(\\.[A-Za-z]{1,8})?", text()), 0..20)) {
        let text: String = lines.iter().map(|(key, value)| format!("{key}={value}\r\n")).collect();
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let _ = parse(&bytes);
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn windows_own_files_are_read() {
    let text = "Version=1\r\nEventType=APPCRASH\r\nEventTime=132712345678901234\r\nReportType=2\r\nConsent=1\r\n\
        UploadTime=132712345690000000\r\nReportStatus=268435456\r\n\
        ReportIdentifier=8563f615-a660-4c9c-9c94-a4664a21e3bb\r\nWow64Host=34404\r\nTargetAppId=W:0006!app.exe\r\n\
        Response.BucketId=18df\r\nResponse.BucketTable=4\r\nSig[0].Name=\u{5e94}\u{7528}\r\nSig[0].Value=app.exe\r\n\
        Sig[1].Value=1.0.0.0\r\nDynamicSig[22].Name=Additional\r\nDynamicSig[22].Value=abc\r\n\
        UI[2]=C:\\new\\app.exe\r\nLoadedModule[0]=C:\\new\\app.exe\r\nOsInfo[0].Key=vermaj\r\nOsInfo[0].Value=10\r\n\
        OsInfo[1].Key=domain\r\nFile[0].CabName=minidump.mdmp\r\nFile[0].Path=minidump.mdmp\r\n\
        File[0].Flags=65538\r\nFile[0].Type=2\r\nFriendlyEventName=Stopped working\r\nAppName=App\r\n\
        AppPath=C:\\new\\app.exe\r\n";
    let report = parse(&utf16(text)).expect("a report");
    assert_eq!(report.signature.parameters.len(), 2);
    assert_eq!(report.signature.parameters[1], Parameter::new("", "1.0.0.0"));
    assert_eq!(report.application_path, "C:\\new\\app.exe");
    assert_eq!(report.os_info[1], Parameter::new("domain", ""));
    assert_eq!(report.dynamic_signature[0].0, 22);
    assert_eq!((report.files[0].kind, report.files[0].flags), (FileKind::Minidump, 65_538));
    assert_eq!(report.reply.and_then(|reply| reply.bucket_table), Some(4));
    assert_eq!(report.upload_time_filetime, Some(132_712_345_690_000_000));
}

#[test]
fn what_is_no_report_is_refused() {
    assert_eq!(parse(&[0xff, 0xfe, 0x00]), Err(ReportWerError::Encoding));
    assert_eq!(parse(b""), Err(ReportWerError::Missing("ReportIdentifier")));
    let without_event = utf16("ReportIdentifier=8563f615-a660-4c9c-9c94-a4664a21e3bb\r\n");
    assert_eq!(parse(&without_event), Err(ReportWerError::Missing("EventType")));
    let large = vec![b' '; 5 * 1024 * 1024];
    assert!(matches!(parse(&large), Err(ReportWerError::TooLarge { .. })));
}
