//! Level 2: the cab's bytes as they arrive.

use std::io::{Cursor, Read};

use wer_model::{FileKind, Report, SubmitOutcome, SubmitResult};
use wer_upload::{DataScope, SentBefore, UploadInput, cab_contents, send, send_within};

use super::loopback::{Loopback, Reply, Request, folder, impatient, input, report, utf16};

const WANTS_CAB: &str = "iData=1\nBucket=7\nDumpFile=/cabs/7 a.cab\n";

fn exchange(input: &UploadInput<'_>, answer: &str, put: Option<Reply>) -> (SubmitOutcome, Vec<Request>) {
    let replies = std::iter::once(Reply::lines(answer)).chain(put).collect();
    let loopback = Loopback::start(replies);
    let outcome = send(input, &loopback.server);
    (outcome, loopback.finish())
}

fn taken() -> Option<Reply> {
    Some(Reply::Whole(201, Vec::new()))
}

/// Names and contents of the cab in a PUT.
fn members(request: &Request) -> Vec<(String, Vec<u8>)> {
    let mut cabinet = cab::Cabinet::new(Cursor::new(request.body.clone())).expect("a cab");
    let names: Vec<String> = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries())
        .map(|file| file.name().to_owned())
        .collect();
    names
        .into_iter()
        .map(|name| {
            let mut bytes = Vec::new();
            cabinet.read_file(&name).expect("a member").read_to_end(&mut bytes).expect("its bytes");
            (name, bytes)
        })
        .collect()
}

fn names(request: &Request) -> Vec<String> {
    members(request).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_cab_arrives_whole_and_smaller() {
    let (report, folder) = (report(), folder());
    let (outcome, requests) =
        exchange(&input(&report, folder.path(), DataScope::AllData), WANTS_CAB, taken());
    assert_eq!(outcome.result, SubmitResult::ReportUploadedCab, "{}", outcome.explanation);
    assert_eq!(requests[1].line, "PUT /cabs/7%20a.cab HTTP/1.1");
    assert!(
        requests[1]
            .headers
            .iter()
            .any(|line| line.starts_with("host: 127.0.0.1") || line.starts_with("Host: 127.0.0.1"))
    );
    let members = members(&requests[1]);
    for (name, bytes) in &members {
        assert_eq!(bytes, &std::fs::read(folder.path().join(name)).expect("a file"), "{name}");
    }
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "Report.wer",
        "WERInternalMetadata.xml",
        "minidump.mdmp",
        "file000_private.log",
        "file001_public.log",
    ];
    assert_eq!(names, expected);
    assert_eq!(outcome.sent_files, expected);
    assert!(requests[1].body.len() < 10_000, "{} bytes", requests[1].body.len());
    assert_eq!(cab_contents(&report, &outcome), Some(SentBefore::WithoutMemory));
}

#[test]
fn memory_goes_only_when_it_is_asked_for() {
    let (mut report, folder) = (report(), folder());
    let asks = format!("{WANTS_CAB}MemoryDump=1\n");
    let (outcome, requests) = exchange(&input(&report, folder.path(), DataScope::AllData), &asks, taken());
    assert!(names(&requests[1]).contains(&"registered.dmp".to_owned()));
    assert_eq!(cab_contents(&report, &outcome), Some(SentBefore::WithMemory));

    std::fs::write(folder.path().join("memory.hdmp"), b"heap").expect("a file");
    let heap = wer_model::AttachedFile {
        name: "memory.hdmp".into(),
        kind: FileKind::Heapdump,
        ..report.files[0].clone()
    };
    report.files.push(heap);
    let (_, requests) = exchange(&input(&report, folder.path(), DataScope::AllData), &asks, taken());
    let names = names(&requests[1]);
    assert!(
        names.contains(&"memory.hdmp".to_owned()) && !names.contains(&"registered.dmp".to_owned()),
        "{names:?}"
    );
}

#[test]
fn a_report_with_a_heap_dump_only_sends_nothing_to_a_server_that_asks_for_a_mini_dump() {
    let (mut report, folder) = (report(), folder());
    std::fs::write(folder.path().join("memory.hdmp"), b"heap").expect("a file");
    report.files.truncate(1);
    report.files[0].name = "memory.hdmp".into();
    report.files[0].kind = FileKind::Heapdump;
    let (outcome, requests) = exchange(&input(&report, folder.path(), DataScope::AllData), WANTS_CAB, None);
    assert_eq!((outcome.result, requests.len()), (SubmitResult::ReportUploaded, 1));
    assert!(outcome.explanation.contains("asks for a mini dump"), "{}", outcome.explanation);
    let asks = format!("{WANTS_CAB}MemoryDump=1\n");
    let (_, requests) = exchange(&input(&report, folder.path(), DataScope::AllData), &asks, taken());
    assert!(names(&requests[1]).contains(&"memory.hdmp".to_owned()));
}

#[test]
fn the_machine_has_a_name_only_where_the_plan_gives_it_one() {
    let (report, folder) = (report(), folder());
    let named = input(&report, folder.path(), DataScope::ParametersOnly);
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux has one");
    for (names_machine, expected) in [(true, name.trim()), (false, "")] {
        let (_, requests) = exchange(&UploadInput { names_machine, ..named }, "iData=0\n", None);
        let machine = format!("machinename=\"{expected}\"");
        let body: Vec<u8> = machine.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(requests[0].body.windows(body.len()).any(|part| part == body), "{machine}");
    }
}

#[test]
fn safe_data_holds_no_dump_and_no_last_words() {
    let (report, folder) = (report(), folder());
    let asks = format!("{WANTS_CAB}MemoryDump=1\nfDoc=1\n");
    let (_, requests) = exchange(&input(&report, folder.path(), DataScope::SafeData), &asks, taken());
    let members = members(&requests[1]);
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Report.wer", "WERInternalMetadata.xml", "file001_public.log"]);
    assert_eq!(members[0].1, utf16("Version=1\r\n"));
}

#[test]
fn without_consent_for_more_it_waits_or_ends() {
    let (report, folder) = (report(), folder());
    let (waits, requests) = exchange(&input(&report, folder.path(), DataScope::Parameters), WANTS_CAB, None);
    assert_eq!((waits.result, requests.len()), (SubmitResult::ReportQueued, 1));
    assert_eq!(waits.reply.and_then(|reply| reply.bucket), Some(7));
    assert!(waits.explanation.contains("--approve"), "{}", waits.explanation);
    let (ends, requests) =
        exchange(&input(&report, folder.path(), DataScope::ParametersOnly), WANTS_CAB, None);
    assert_eq!((ends.result, requests.len()), (SubmitResult::ReportUploaded, 1));
}

#[test]
fn one_cab_per_signature() {
    let (report, folder) = (report(), folder());
    let again = |sent_before, bypass_throttling| UploadInput {
        sent_before: Some(sent_before),
        bypass_throttling,
        ..input(&report, folder.path(), DataScope::AllData)
    };
    let (outcome, requests) = exchange(&again(SentBefore::WithoutMemory, false), WANTS_CAB, None);
    assert_eq!((outcome.result, requests.len()), (SubmitResult::Throttled, 1));
    let (outcome, _) = exchange(&again(SentBefore::WithoutMemory, true), WANTS_CAB, taken());
    assert_eq!(outcome.result, SubmitResult::ReportUploadedCab);
    let memory = format!("{WANTS_CAB}MemoryDump=1\n");
    let (outcome, _) = exchange(&again(SentBefore::WithoutMemory, false), &memory, taken());
    assert_eq!(outcome.result, SubmitResult::ReportUploadedCab);
    let (outcome, _) = exchange(&again(SentBefore::WithMemory, false), &memory, None);
    assert_eq!(outcome.result, SubmitResult::Throttled);
}

#[test]
fn a_cab_that_is_not_taken_is_sent_again_unless_it_is_refused() {
    let (report, folder) = (report(), folder());
    let input = input(&report, folder.path(), DataScope::AllData);
    for (status, result) in [
        (200, SubmitResult::ReportUploadedCab),
        (413, SubmitResult::ReportUploaded),
        (404, SubmitResult::ReportUploaded),
        (500, SubmitResult::ReportQueued),
        (429, SubmitResult::ReportQueued),
    ] {
        let (outcome, _) = exchange(&input, WANTS_CAB, Some(Reply::Whole(status, b"why\r\n".to_vec())));
        assert_eq!(outcome.result, result, "{status}");
        assert_eq!(outcome.reply.and_then(|reply| reply.bucket), Some(7));
        assert_eq!(outcome.sent_files.is_empty(), status != 200);
    }
    let (outcome, _) = exchange(&input, WANTS_CAB, Some(Reply::Raw(Vec::new())));
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    let loopback = Loopback::start(vec![Reply::lines(WANTS_CAB), Reply::Silence]);
    let outcome = send_within(&input, &loopback.server, impatient());
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    loopback.finish();
}

#[test]
fn files_that_lie_about_themselves_are_left_out() {
    let (mut report, folder): (Report, _) = (report(), folder());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.log")).expect("a link");
    for name in ["link.log", "../../etc/passwd", "missing.log", "MINIDUMP.MDMP", "a\\b"] {
        let file =
            wer_model::AttachedFile { name: name.into(), kind: FileKind::Other, ..report.files[0].clone() };
        report.files.push(file);
    }
    std::fs::write(folder.path().join("MINIDUMP.MDMP"), b"twice").expect("a file");
    let (outcome, requests) =
        exchange(&input(&report, folder.path(), DataScope::AllData), WANTS_CAB, taken());
    assert_eq!(names(&requests[1]).len(), 5);
    for name in ["link.log", "../../etc/passwd", "missing.log", "MINIDUMP.MDMP"] {
        assert!(outcome.explanation.contains(&format!("{name} was not sent")), "{}", outcome.explanation);
    }
}

#[test]
fn a_folder_that_is_gone_keeps_the_report_queued() {
    let report = report();
    let (outcome, requests) =
        exchange(&input(&report, "/nonexistent".as_ref(), DataScope::AllData), WANTS_CAB, None);
    assert_eq!((outcome.result, requests.len()), (SubmitResult::ReportQueued, 1));
    assert!(outcome.explanation.contains("cab could not be made"), "{}", outcome.explanation);
}
