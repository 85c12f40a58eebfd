//! The exact text of what is written.

use wer_model::{BucketReply, ModuleLevel, ModuleOutcome, ModuleVerdict, Parameter, Report};
use wer_report::{build_report, event_record, internal_metadata, report_wer};

use super::sample::{inputs, last_words, snapshot};

fn report() -> Report {
    let mut snapshot = snapshot();
    snapshot.last_words = Some(last_words());
    let outcomes = [
        ModuleOutcome {
            path: "/opt/app/slow.so".into(),
            level: Some(ModuleLevel::User),
            verdict: ModuleVerdict::TimedOut { during: "OutOfProcessExceptionEventCallback".into() },
        },
        ModuleOutcome {
            path: "/opt/app/module.so".into(),
            level: Some(ModuleLevel::System),
            verdict: ModuleVerdict::Claimed {
                event_name: "My crash report".into(),
                parameters: vec![Parameter::new("Version", "1.0"), Parameter::new("Status", "All is well")],
                debugger: Some("gdb -p 1".into()),
                debugger_autolaunch: false,
            },
        },
    ];
    let mut report = build_report(&snapshot, &outcomes, inputs());
    report.reply = Some(BucketReply {
        bucket: Some(2_126_685_426_455_206_130),
        bucket_table: Some(4),
        solution_url: Some("https://wer.example/solution".into()),
        solution_text: Some("Update.\nThen restart.".into()),
        solution_fixed_in: Some("1.10".into()),
    });
    report
}

fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().copied().map(u16::from_le_bytes).collect();
    let text = String::from_utf16(&units).expect("what is written is UTF-16");
    text.strip_prefix('\u{feff}').expect("a byte order mark").to_owned()
}

#[test]
fn report_wer_has_windows_lines_then_ours() {
    let text = text(&report_wer::to_bytes(&report()));
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
}

#[test]
fn internal_metadata_is_well_formed_xml() {
    let text = text(&internal_metadata::to_bytes(&report(), &snapshot()));
    let mut reader = quick_xml::reader::Reader::from_str(&text);
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Eof => break,
            _ => continue,
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_event_record_has_the_fields_of_event_1001() {
    let record = event_record(&report(), "/store/ReportQueue/folder".as_ref(), "my app crashed.");
    insta::assert_json_snapshot!(record);
}

#[test]
fn a_sent_report_says_so() {
    let mut report = report();
    assert_eq!(wer_report::report_status(&report), 4);
    report.upload_time_filetime = Some(133_445_056_430_000_000);
    assert_eq!(wer_report::report_status(&report), 0x1000_0000);
    let text = text(&report_wer::to_bytes(&report));
    assert!(text.contains("UploadTime=133445056430000000\r\nReportStatus=268435456\r\n"), "{text}");
}

#[test]
fn a_crash_and_a_hang_have_the_fields_of_events_1000_and_1002() {
    let id = Some(inputs().id);
    let crash = wer_report::crash_record(&snapshot(), id);
    insta::assert_snapshot!("event_1000", crash.text());
    let hang = wer_report::hang_record(&snapshot(), id, "Cross-process", 12);
    insta::assert_snapshot!("event_1002", hang.text());
    let record = event_record(&report(), "/store/ReportQueue/folder".as_ref(), "my app crashed.");
    insta::assert_snapshot!("event_1001", record.text());
}
