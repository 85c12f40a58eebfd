//! The event log and the journal.

use std::fs;
use std::os::unix::net::UnixDatagram;

use wer_model::{EventRecord, Parameter};
use wer_store::{EventLog, LogEntry, journal};

use super::life::{id, store};

fn record(message: &str) -> EventRecord {
    EventRecord {
        time: String::new(),
        event_id: 1001,
        fault_bucket: "12".into(),
        bucket_type: 4,
        event_name: "APPCRASH".into(),
        response: "Not available".into(),
        cab_id: "0".into(),
        parameters: vec![Parameter::new("Application Name", "game"), Parameter::new("Empty", "")],
        attached_files: Vec::new(),
        folder: "/store/x".into(),
        analysis_symbol: String::new(),
        rechecking: 0,
        report_id: id(1),
        report_status: 4,
        hashed_bucket: String::new(),
        cab_guid: String::new(),
        pid: 42,
        message: message.into(),
        notes: vec!["one".into(), "two".into()],
    }
}

fn messages(log: &EventLog) -> Vec<String> {
    let entries = log.read().expect("a log").entries;
    let message = |entry: LogEntry| match entry {
        LogEntry::Report(record) => record.message,
        LogEntry::Failure(failure) => failure.message,
    };
    entries.into_iter().map(message).collect()
}

#[test]
fn records_come_back_with_their_time() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log");
    log.append(&record("line one\nline two")).expect("a line");
    log.append_failure("no report").expect("a line");
    let entries = log.read().expect("a log");
    assert_eq!(entries.skipped, 0);
    let [LogEntry::Report(first), LogEntry::Failure(second)] = entries.entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert!(first.time.ends_with('Z') && first.time.contains('T'), "{}", first.time);
    assert_eq!(EventRecord { time: String::new(), ..(**first).clone() }, record("line one\nline two"));
    assert!(!second.time.is_empty());
    assert_eq!(fs::read_to_string(root.path().join("events.jsonl")).expect("a file").lines().count(), 2);
}

#[test]
fn a_torn_line_costs_only_itself() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log");
    log.append(&record("one")).expect("a line");
    let path = root.path().join("events.jsonl");
    let whole = fs::read(&path).expect("a file");
    fs::write(&path, [&whole[..], &whole[..whole.len() / 2]].concat()).expect("a torn file");
    assert_eq!(messages(&log), ["one"]);
    log.append(&record("two")).expect("a line");
    assert_eq!(messages(&log), ["one", "two"]);
    assert_eq!(log.read().expect("a log").skipped, 1);
}

#[test]
fn a_full_log_becomes_the_older_one() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log").rotated_at(1);
    for message in ["one", "two", "three"] {
        log.append(&record(message)).expect("a line");
    }
    assert_eq!(messages(&log), ["two", "three"]);
    assert!(root.path().join("events.1.jsonl").exists());
}

#[test]
fn lines_of_many_writers_stay_whole() {
    let (root, _store) = store();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let root = root.path();
            scope.spawn(move || {
                let log = EventLog::open(root).expect("a log");
                for line in 0..10 {
                    log.append_failure(&format!("{number}.{line}")).expect("a line");
                }
            });
        }
    });
    let entries = EventLog::open(root.path()).expect("a log").read().expect("a log");
    assert_eq!((entries.entries.len(), entries.skipped), (40, 0));
}

/// Reads the journal's protocol back.
fn fields(mut datagram: &[u8]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    while !datagram.is_empty() {
        let end = datagram.iter().position(|byte| matches!(byte, b'=' | b'\n')).expect("a key");
        let key = String::from_utf8(datagram[..end].to_vec()).expect("a key");
        let (value, rest) = if datagram[end] == b'=' {
            let stop = datagram.iter().position(|byte| *byte == b'\n').expect("an end of line");
            (&datagram[end + 1..stop], &datagram[stop + 1..])
        } else {
            let length = datagram[end + 1..end + 9].try_into().map(u64::from_le_bytes).expect("a length");
            let stop = end + 9 + usize::try_from(length).expect("a length");
            assert_eq!(datagram[stop], b'\n');
            (&datagram[end + 9..stop], &datagram[stop + 1..])
        };
        fields.push((key, String::from_utf8(value.to_vec()).expect("text")));
        datagram = rest;
    }
    fields
}

#[test]
fn the_journal_gets_one_datagram_of_fields() {
    let (root, _store) = store();
    let socket = root.path().join("journal");
    let listener = UnixDatagram::bind(&socket).expect("a socket");
    let hostile = record("crashed\nPRIORITY=0");
    assert!(journal::send(&socket, &hostile).expect("sent"));
    let mut buffer = [0; 4096];
    let length = listener.recv(&mut buffer).expect("a datagram");
    let fields = fields(&buffer[..length]);
    let value = |key: &str| {
        let mut values = fields.iter().filter(|(other, _)| other == key).map(|(_, value)| value.as_str());
        let first = values.next();
        (first, values.count())
    };
    assert_eq!(value("MESSAGE"), (Some("crashed\nPRIORITY=0"), 0));
    assert_eq!(value("PRIORITY"), (Some("6"), 0));
    assert_eq!(value("MESSAGE_ID"), (Some(journal::MESSAGE_ID), 0));
    assert_eq!(value("WER_P1"), (Some("game"), 0));
    assert_eq!(value("WER_P2"), (None, 0));
    assert_eq!(value("WER_NOTE"), (Some("one"), 1));
}

#[test]
fn a_missing_or_deaf_journal_is_no_crash() {
    let (root, _store) = store();
    let socket = root.path().join("journal");
    assert!(!journal::send(&socket, &record("x")).expect("none"));
    drop(UnixDatagram::bind(&socket).expect("a socket"));
    assert!(journal::send(&socket, &record("x")).is_err());
    assert!(journal::send(&socket, &record(&"x".repeat(200_000))).is_err());
}
