//! The event log and the journal.

use std::fs;
use std::os::unix::net::UnixDatagram;

use wer_model::{CrashRecord, EventRecord, HangRecord, Parameter};
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

fn entry(record: EventRecord) -> LogEntry {
    LogEntry::Report(Box::new(record))
}

fn messages(log: &EventLog) -> Vec<String> {
    let entries = log.read().expect("a log").entries;
    let message = |entry: LogEntry| match entry {
        LogEntry::Report(record) => record.message,
        LogEntry::Failure(failure) => failure.message,
        LogEntry::Crash(crash) => crash.application_name,
        LogEntry::Hang(hang) => hang.application_name,
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
    let log = EventLog::open(root.path()).expect("a log").rotated_at(1, 1);
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
    assert!(journal::send(&socket, &entry(hostile)).expect("sent"));
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
fn each_event_has_its_id_and_its_fields_in_the_journal() {
    let crash = CrashRecord {
        event_id: 1000,
        application_name: "game".into(),
        exception_code: "0xc0000005".into(),
        report_id: Some(id(1)),
        ..CrashRecord::default()
    };
    let hang = HangRecord { event_id: 1002, hang_type: "Cross-process".into(), ..HangRecord::default() };
    let fields_of = |entry: LogEntry| fields(&journal::datagram(&entry));
    let has = |fields: &[(String, String)], key: &str, value: &str| {
        assert!(fields.iter().any(|field| *field == (key.to_owned(), value.to_owned())), "{key}: {fields:?}");
    };
    let crash = fields_of(LogEntry::Crash(Box::new(crash)));
    has(&crash, "WER_EVENT_ID", "1000");
    has(&crash, "WER_EXCEPTION_CODE", "0xc0000005");
    has(&crash, "WER_REPORT_ID", &id(1).to_string());
    has(&crash, "PRIORITY", "3");
    let hang = fields_of(LogEntry::Hang(Box::new(hang)));
    has(&hang, "WER_EVENT_ID", "1002");
    has(&hang, "WER_HANG_TYPE", "Cross-process");
    let report = fields_of(entry(record("x")));
    has(&report, "WER_EVENT_ID", "1001");
    has(&report, "WER_FAULT_BUCKET", "12");
}

#[test]
fn a_missing_or_deaf_journal_is_no_crash() {
    let (root, _store) = store();
    let socket = root.path().join("journal");
    assert!(!journal::send(&socket, &entry(record("x"))).expect("none"));
    drop(UnixDatagram::bind(&socket).expect("a socket"));
    assert!(journal::send(&socket, &entry(record("x"))).is_err());
    assert!(journal::send(&socket, &entry(record(&"x".repeat(200_000)))).is_err());
}

#[test]
fn crashes_and_hangs_have_events_of_their_own() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log");
    let crash = CrashRecord { event_id: 1000, application_name: "game".into(), ..CrashRecord::default() };
    let hang = HangRecord { event_id: 1002, application_name: "tool".into(), ..HangRecord::default() };
    log.append_entry(LogEntry::Crash(Box::new(crash))).expect("a line");
    log.append_entry(LogEntry::Hang(Box::new(hang))).expect("a line");
    log.append_failure("nothing").expect("a line");
    let entries = log.read().expect("a log").entries;
    let ids: Vec<_> = entries.iter().map(LogEntry::event_id).collect();
    assert_eq!(ids, [Some(1000), Some(1002), None]);
    assert!(entries.iter().all(|entry| entry.time().ends_with('Z')));
}

#[test]
fn as_many_older_logs_are_kept_as_are_wanted() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log").rotated_at(1, 3);
    let all: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    for message in &all {
        log.append_failure(message).expect("a line");
    }
    assert_eq!(messages(&log), all[6..]);
}

#[test]
fn a_rotation_that_was_cut_short_loses_nothing() {
    // Every state that a crash between two renames leaves: a gap at one of the numbers.
    for gap in 1..=3 {
        let (root, _store) = store();
        let log = EventLog::open(root.path()).expect("a log").rotated_at(1, 4);
        for message in ["a", "b", "c", "d"] {
            log.append_failure(message).expect("a line");
        }
        let path = |number: usize| root.path().join(format!("events.{number}.jsonl"));
        for number in (gap..=3).rev() {
            fs::rename(path(number), path(number + 1)).expect("a rename");
        }
        assert_eq!(messages(&log), ["a", "b", "c", "d"], "gap at {gap}");
        log.append_failure("e").expect("a line");
        assert_eq!(messages(&log), ["a", "b", "c", "d", "e"], "gap at {gap}");
        assert!(path(1).exists());
    }
}

#[test]
fn a_follower_sees_each_line_once_through_rotations() {
    let (root, _store) = store();
    let (writers, lines) = (4, 25);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let root = root.path();
            scope.spawn(move || {
                // Far more logs than rotations, so that none drops out before it is read.
                let log = EventLog::open(root).expect("a log").rotated_at(600, 100);
                for line in 0..lines {
                    log.append_failure(&format!("{writer}.{line}")).expect("a line");
                }
            });
        }
        let log = EventLog::open(root.path()).expect("a log").rotated_at(600, 100);
        let mut follower = log.follower().expect("a follower");
        follower
            .follow(|new| {
                assert_eq!(new.skipped, 0);
                seen.extend(new.entries.into_iter().filter_map(|entry| match entry {
                    LogEntry::Failure(failure) => Some(failure.message),
                    _ => None,
                }));
                seen.len() < writers * lines
            })
            .expect("the log");
    });
    assert!(root.path().join("events.2.jsonl").exists(), "it was rotated");
    for writer in 0..writers {
        let of_writer: Vec<_> =
            seen.iter().filter(|message| message.starts_with(&format!("{writer}."))).cloned().collect();
        let wanted: Vec<_> = (0..lines).map(|line| format!("{writer}.{line}")).collect();
        assert_eq!(of_writer, wanted);
    }
}

#[test]
fn an_entry_longer_than_a_line_may_be_is_refused() {
    let (root, _store) = store();
    let log = EventLog::open(root.path()).expect("a log");
    let refused = log.append_failure(&"x".repeat(1 << 20));
    assert!(matches!(refused, Err(wer_store::StoreError::TooLarge { .. })), "{refused:?}");
    log.append_failure("short").expect("a line");
    assert_eq!(messages(&log), ["short"]);
}
