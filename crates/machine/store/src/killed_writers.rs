//! Writers that are killed at random points, 1,000 times, several at a time on one store. Whatever a writer was told is
//! done stays done; what it was not told is done whole or not at all.
//!
//! A writer is this test binary again, with [`ROLE`] set; it says on standard output what it was told.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wer_model::{ReportId, ReportState};

use crate::store::VISIBLE;
use crate::{ArchivePolicy, EventLog, FailureRecord, LogEntry, Store, StoredReport, fail_point};

/// The store's root, and the writer's number.
const ROLE: &str = "WER_STORE_WRITER";
const KILLED: u32 = 1_000;
/// Those that live count too; there are no more than this.
const WRITERS: u32 = 2_000;
/// At one time.
const TOGETHER: u32 = 4;
/// A few more points than a writer reaches: some live.
const POINTS: u64 = 40;

const DUMP: &[u8] = b"a dump of some length, whose half would be noticed";
const FIRST: &[u8] = b"Report.wer, as first written";
const SECOND: &[u8] = b"Report.wer, written over the first, and longer";
const POLICY: ArchivePolicy = ArchivePolicy { keep_files: true, max_count: 1_000 };

fn id(number: u32) -> ReportId {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    ReportId(bytes)
}

/// A fixed series that looks random.
fn shuffled(number: u32) -> u64 {
    let mut state = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

fn tell(word: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("told {word}\n").as_bytes()).expect("the test reads");
    out.flush().expect("the test reads");
}

/// The life of one report; every third is deleted at its end.
fn write(root: &Path, number: u32) {
    let store = Store::open(root).expect("a store");
    let staging = store.begin(id(number)).expect("a folder");
    staging.write_file("minidump.mdmp", DUMP).expect("a file");
    let name = format!("AppCrash_test_{}", id(number));
    let report = staging.commit(&name, FIRST, ReportState::Queued).expect("a report");
    tell("committed");
    store.update(&report, SECOND).expect("an update");
    tell("updated");
    let log = EventLog::open(root).expect("a log").rotated_at(2_000, 1_000);
    log.append_failure(&format!("line {number}")).expect("a line");
    tell("logged");
    let report = store.archive(&report, POLICY).expect("the archive");
    tell("archived");
    if number.is_multiple_of(3) {
        tell("deleting");
        store.delete(&report).expect("it goes");
        tell("deleted");
    }
}

#[test]
fn a_writer() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let (number, root) = role.split_once(':').expect("a number and a root");
    write(Path::new(root), number.parse().expect("a number"));
}

fn start(root: &Path, number: u32) -> Child {
    let own = std::env::current_exe().expect("our own path");
    Command::new(own)
        .args(["--exact", "killed_writers::a_writer", "--nocapture", "--test-threads=1"])
        .env(ROLE, format!("{number}:{}", root.display()))
        .env(fail_point::VARIABLE, (shuffled(number) % POINTS).to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a writer")
}

/// What a writer was told before its end.
fn told(child: Child) -> (Vec<String>, bool) {
    let output = child.wait_with_output().expect("its output");
    let text = String::from_utf8(output.stdout).expect("text");
    let words = text.lines().filter_map(|line| line.split_once("told ").map(|(_, word)| word.to_owned()));
    let is_killed = !output.status.success();
    let by_us = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(9);
    assert!(!is_killed || by_us, "a writer failed by itself: {:?} {text}", output.status);
    (words.collect(), is_killed)
}

fn everywhere(store: &Store, id: ReportId) -> Vec<StoredReport> {
    let reports = VISIBLE.into_iter().flat_map(|state| store.list(state).expect("a list"));
    reports.filter(|report| report.id == id).collect()
}

fn check(store: &Store, number: u32, words: &[String]) {
    let was_told = |word: &str| words.iter().any(|told| told == word);
    let found = everywhere(store, id(number));
    assert!(found.len() <= 1, "writer {number} left it twice: {found:?}");
    if was_told("committed") && !was_told("deleting") {
        assert_eq!(found.len(), 1, "writer {number} was told {words:?} and it is lost");
    }
    if was_told("deleted") {
        assert!(found.is_empty(), "writer {number} deleted it");
    }
    let Some(report) = found.first() else { return };
    let bytes = report.report_wer().expect("a report");
    assert!(
        bytes == SECOND || (bytes == FIRST && !was_told("updated")),
        "writer {number}, {words:?}: {bytes:?}"
    );
    assert_eq!(report.read_file("minidump.mdmp").expect("a dump"), DUMP);
    if was_told("archived") {
        assert_eq!(report.state, ReportState::Archived, "writer {number}");
    }
}

#[test]
fn a_thousand_killed_writers_lose_double_and_halve_nothing() {
    // Flushing is free there, and what is tested is the order of steps.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let root = folder.path();
    let (mut killed, mut logged) = (0, BTreeMap::new());
    for first in (0..WRITERS).step_by(TOGETHER as usize) {
        if killed >= KILLED {
            break;
        }
        let children: Vec<_> =
            (first..first + TOGETHER).map(|number| (number, start(root, number))).collect();
        let ends: Vec<_> = children.into_iter().map(|(number, child)| (number, told(child))).collect();
        let store = Store::open(root).expect("a store");
        for (number, (words, is_killed)) in &ends {
            check(&store, *number, words);
            killed += u32::from(*is_killed);
            logged.insert(format!("line {number}"), words.iter().any(|word| word == "logged"));
        }
        store.purge().expect("a purge");
        store.sweep_older_than(Duration::ZERO);
        assert_eq!(store.temp().names(9).expect("names"), Vec::<String>::new(), "after {first}");
    }
    let lived = u32::try_from(logged.len()).expect("few") - killed;
    assert!(killed >= KILLED && lived > 0, "{killed} were killed, {lived} lived");
    let log = EventLog::open(root).expect("a log").rotated_at(2_000, 1_000).read().expect("a log");
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for entry in log.entries {
        let LogEntry::Failure(FailureRecord { message, .. }) = entry else { panic!("{entry:?}") };
        *seen.entry(message).or_default() += 1;
    }
    for (line, was_told) in &logged {
        let times = seen.get(line).copied().unwrap_or(0);
        assert!(times == 1 || (times == 0 && !was_told), "{line} is there {times} times");
    }
    assert_eq!(log.skipped, 0, "one write per line");
}
