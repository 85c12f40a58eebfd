//! Event type and P1..P10 of each kind of crash and claim.

use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;
use wer_model::{ModuleLevel, ModuleOutcome, ModuleVerdict, Parameter, Report, ReportType};
use wer_report::{HangFacts, build_hang_report, build_report};
use wer_snapshot::ProcessSnapshot;

use super::sample::{inputs, snapshot};

fn event_and_values(report: &Report) -> (String, Vec<String>) {
    let values = report.signature.parameters.iter().map(|parameter| parameter.value.clone());
    (report.signature.event_type.clone(), values.collect())
}

fn crash_at(instruction: u64, access: AccessKind) -> ProcessSnapshot {
    let mut snapshot = snapshot();
    let exception = snapshot.exception.as_mut().expect("the sample has one");
    exception.instruction = instruction;
    exception.access = Some(access);
    snapshot
}

fn place(instruction: u64, access: AccessKind) -> (String, String, String) {
    let report = build_report(&crash_at(instruction, access), &[], inputs());
    let value = |name: &str| {
        let parameter = report.signature.parameters.iter().find(|parameter| parameter.name == name);
        parameter.map(|parameter| parameter.value.clone()).unwrap_or_default()
    };
    (value("Fault Module Name"), value("Exception Offset"), report.signature.event_type.clone())
}

#[test]
fn a_null_write_is_an_appcrash_with_eight_parameters() {
    let report = build_report(&snapshot(), &[], inputs());
    assert_eq!(report.report_type, ReportType::ApplicationCrash);
    let (event, values) = event_and_values(&report);
    assert_eq!(event, "APPCRASH");
    assert_eq!(
        values,
        ["my app", "0.0.0.0", "abcd0102", "my app", "0.0.0.0", "abcd0102", "c0000005", "0000000000001234"]
    );
}

#[test]
fn a_module_without_build_id_has_a_version_and_no_timestamp() {
    let report = build_report(&crash_at(0x7000_0010, AccessKind::Read), &[], inputs());
    let (_, values) = event_and_values(&report);
    assert_eq!(values[3..6], ["libm.so.6.1.2", "6.1.2.0", "00000000"]);
}

#[test]
fn outside_of_modules_nothing_depends_on_randomized_addresses() {
    let at = |instruction| {
        let (module, offset, _) = place(instruction, AccessKind::Read);
        (module, offset)
    };
    let names = [
        (0, "StackHash_19f1", "PCH_NULL+0000000000000000"),
        (0x18, "StackHash_dec6", "PCH_NULL+0000000000000018"),
        (0x6000_1abc, "StackHash_c8f9", "PCH_MEMORY+0000000000000abc"),
        (0x6800_0020, "memfd:jit", "0000000000001020"),
        (0xdead_beef_f123, "StackHash_de0a", "PCH_UNMAPPED+0000000000000123"),
    ];
    for (instruction, module, offset) in names {
        assert_eq!(at(instruction), (module.into(), offset.into()), "{instruction:x}");
    }
    assert_eq!(at(0x6000_1abc), at(0x6000_0abc), "only the place in its page counts");
}

#[test]
fn executing_data_is_a_bex64_with_its_own_order() {
    let report = build_report(&crash_at(0x6000_1abc, AccessKind::Execute), &[], inputs());
    let (event, values) = event_and_values(&report);
    assert_eq!(event, "BEX64");
    assert_eq!(
        values[3..],
        [
            "StackHash_c8f9",
            "0.0.0.0",
            "00000000",
            "PCH_MEMORY+0000000000000abc",
            "c0000005",
            "0000000000000008"
        ]
    );
    let names: Vec<&str> =
        report.signature.parameters.iter().map(|pair| pair.name.as_str()).skip(6).collect();
    assert_eq!(names, ["Exception Offset", "Exception Code", "Exception Data"]);
}

#[test]
fn a_smashed_stack_is_a_bex64_with_its_fail_code() {
    let mut snapshot = crash_at(0x7000_0010, AccessKind::Read);
    let exception = snapshot.exception.as_mut().expect("the sample has one");
    (exception.status, exception.access) = (NtStatus::STACK_BUFFER_OVERRUN, None);
    let (event, values) = event_and_values(&build_report(&snapshot, &[], inputs()));
    assert_eq!(event, "BEX64");
    assert_eq!(values[6..], ["0000000000000010", "c0000409", "0000000000000002"]);
}

proptest::proptest! {
    /// Wherever an instruction is and whatever happened there, the event has its own parameters in its own order.
    #[test]
    fn every_crash_has_the_parameters_of_its_event(
        instruction: u64, low in 0u64..0x2_0000, is_low: bool, access in 0u8..4, smashed: bool,
    ) {
        let access = [None, Some(AccessKind::Read), Some(AccessKind::Write), Some(AccessKind::Execute)][usize::from(access)];
        let mut snapshot = snapshot();
        let exception = snapshot.exception.as_mut().expect("the sample has one");
        exception.instruction = if is_low { low } else { instruction };
        exception.access = access;
        if smashed {
            exception.status = NtStatus::STACK_BUFFER_OVERRUN;
        }
        let (event, values) = event_and_values(&build_report(&snapshot, &[], inputs()));
        let (offset, code) = match event.as_str() {
            "BEX64" => {
                assert!(smashed || access == Some(AccessKind::Execute));
                assert_eq!(values.len(), 9);
                assert_eq!(values[8], if smashed { "0000000000000002" } else { "0000000000000008" });
                (&values[6], &values[7])
            }
            _ => {
                assert_eq!((event.as_str(), values.len()), ("APPCRASH", 8));
                assert!(!smashed && access != Some(AccessKind::Execute));
                (&values[7], &values[6])
            }
        };
        assert_eq!(code, if smashed { "c0000409" } else { "c0000005" });
        let digits = match values[3].strip_prefix("StackHash_") {
            Some(hash) => {
                assert!(hash.len() == 4 && hash.bytes().all(|c| c.is_ascii_hexdigit()));
                assert_eq!((values[4].as_str(), values[5].as_str()), ("0.0.0.0", "00000000"));
                offset.strip_prefix("PCH_").and_then(|it| it.split_once('+')).expect("a place").1
            }
            None => offset,
        };
        assert!(digits.len() == 16 && u64::from_str_radix(digits, 16).is_ok(), "{offset}");
    }
}

#[test]
fn a_hang_names_what_it_waits_for_and_on_whom() {
    let mut snapshot = snapshot();
    snapshot.exception = None;
    let alone = HangFacts { signature: "1a2b".into(), hang_type: 2, waiting_on: None };
    let report = build_hang_report(&snapshot, &[], inputs(), &alone);
    assert_eq!(report.report_type, ReportType::ApplicationHang);
    let (event, values) = event_and_values(&report);
    assert_eq!((event.as_str(), values[3..].join(" ")), ("AppHangB1", "1a2b 2".into()));
    let other = HangFacts { waiting_on: Some("server".into()), hang_type: 3, ..alone };
    let (event, values) = event_and_values(&build_hang_report(&snapshot, &[], inputs(), &other));
    assert_eq!((event.as_str(), values[3..].join(" ")), ("AppHangXProcB1", "1a2b 3 server 0.0.0.0".into()));
    let (event, values) =
        event_and_values(&build_hang_report(&snapshot, &[claim("MyHang", 1)], inputs(), &other));
    assert_eq!((event.as_str(), values.len()), ("MyHang", 1));
}

#[test]
fn a_living_process_is_no_crash() {
    let mut snapshot = snapshot();
    snapshot.exception = None;
    let report = build_report(&snapshot, &[], inputs());
    assert_eq!(report.report_type, ReportType::NonCritical);
    assert_eq!(event_and_values(&report).0, "LiveSnapshot");
    assert_eq!(report.signature.parameters.len(), 3);
}

fn claim(event_name: &str, pairs: usize) -> ModuleOutcome {
    ModuleOutcome {
        path: "/opt/app/module.so".into(),
        level: Some(ModuleLevel::System),
        verdict: ModuleVerdict::Claimed {
            event_name: event_name.into(),
            parameters: (0..pairs)
                .map(|n| Parameter::new(format!("Name {n}"), format!("value {n}")))
                .collect(),
            debugger: None,
            debugger_autolaunch: false,
        },
    }
}

#[test]
fn a_claim_names_the_event_and_its_pairs() {
    let declined = ModuleOutcome { verdict: ModuleVerdict::Declined, ..claim("", 0) };
    let report = build_report(&snapshot(), &[declined, claim("My crash report", 2)], inputs());
    let (event, values) = event_and_values(&report);
    assert_eq!(event, "My crash report");
    assert_eq!(values, ["value 0", "value 1"]);
    assert_eq!(report.modules.len(), 2);
}

#[test]
fn a_claim_without_a_name_leaves_the_event_to_the_system() {
    let report = build_report(&snapshot(), &[claim("", 2)], inputs());
    assert_eq!(event_and_values(&report).0, "APPCRASH");
    assert_eq!(report.signature.parameters.len(), 8);
}

#[test]
fn a_claim_is_cut_to_windows_lengths() {
    let report = build_report(&snapshot(), &[claim(&"e".repeat(100), 40)], inputs());
    assert_eq!(report.signature.event_type.len(), 64);
    assert_eq!(report.signature.parameters.len(), 10);
    let mut long = crash_at(0x5000_0000, AccessKind::Read);
    long.process.executable = format!("/{}", "n".repeat(1000));
    let report = build_report(&long, &[], inputs());
    assert_eq!(report.signature.parameters.first().map(|parameter| parameter.value.len()), Some(259));
}

#[test]
fn last_words_come_from_the_capture_first_and_are_limited() {
    let mut snapshot = snapshot();
    snapshot.registrations.last_words = Some("\u{e9}".repeat(4000));
    let words = build_report(&snapshot, &[], inputs()).last_words.expect("registered words");
    assert_eq!(words.text.len(), 4096);
    snapshot.last_words = Some(super::sample::last_words());
    let words = build_report(&snapshot, &[], inputs()).last_words;
    assert_eq!(words, Some(super::sample::last_words()));
}
