//! A report's life, step by step.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use wer_model::{ReportId, ReportState};
use wer_store::{ArchivePolicy, SentCab, Store, StoreError, StoredReport};

pub(crate) fn store() -> (TempDir, Store) {
    let root = tempfile::tempdir().expect("a folder");
    let store = Store::open(root.path()).expect("a store");
    (root, store)
}

pub(crate) fn id(number: u8) -> ReportId {
    ReportId([number; 16])
}

pub(crate) fn folder_name(id: ReportId) -> String {
    format!("AppCrash_test_0123_{id}")
}

pub(crate) fn put(store: &Store, number: u8) -> StoredReport {
    let staging = store.begin(id(number)).expect("a folder");
    staging.write_file("minidump.mdmp", b"dump").expect("a file");
    staging.commit(&folder_name(id(number)), b"report", ReportState::Queued).expect("a report")
}

const KEEP_ALL: ArchivePolicy = ArchivePolicy { keep_files: true, max_count: 10 };

/// Modes of a folder and of everything below it.
fn modes(path: &std::path::Path) -> Vec<(bool, u32)> {
    let metadata = fs::metadata(path).expect("it is there");
    let mut found = vec![(metadata.is_dir(), metadata.permissions().mode() & 0o777)];
    if metadata.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            found.extend(modes(&entry.expect("an entry").path()));
        }
    }
    found
}

#[test]
fn from_begin_to_archive_to_nothing() {
    let (_root, store) = store();
    let staging = store.begin(id(1)).expect("a folder");
    assert!(store.list(ReportState::Queued).expect("a list").is_empty());
    assert!(!store.contains(id(1)).expect("an answer"));
    fs::write(staging.folder().join("minidump.mdmp"), b"dump").expect("a file");
    let queued = staging.commit(&folder_name(id(1)), b"first", ReportState::Queued).expect("a report");
    assert_eq!(store.list(ReportState::Queued).expect("a list"), std::slice::from_ref(&queued));
    assert_eq!(store.get(id(1)).expect("an answer"), Some(queued.clone()));
    assert_eq!(queued.size_bytes().expect("a size"), 9);

    store.update(&queued, b"second").expect("an update");
    assert_eq!(queued.report_wer().expect("a report"), b"second");
    assert_eq!(
        store.get(id(1)).expect("an answer").map(|report| report.stored_unix_ns),
        Some(queued.stored_unix_ns)
    );

    let archived = store.archive(&queued, KEEP_ALL).expect("the archive");
    assert!(store.list(ReportState::Queued).expect("a list").is_empty());
    assert_eq!(store.list(ReportState::Archived).expect("a list"), std::slice::from_ref(&archived));
    assert_eq!(archived.read_file("minidump.mdmp").expect("a dump"), b"dump");
    assert_eq!(archived.report_wer().expect("a report"), b"second");
    assert!(matches!(queued.report_wer(), Err(StoreError::NotFound(_))));
    assert!(matches!(store.update(&queued, b"x"), Err(StoreError::NotFound(_))));
    assert_eq!(store.archive(&archived, KEEP_ALL).expect("it stays"), archived);

    store.delete(&archived).expect("it goes");
    assert!(!store.contains(id(1)).expect("an answer"));
    assert!(matches!(store.delete(&archived), Err(StoreError::NotFound(_))));
}

#[test]
fn modes_do_not_depend_on_the_files_that_were_written() {
    let (root, store) = store();
    let staging = store.begin(id(1)).expect("a folder");
    let dump = staging.folder().join("minidump.mdmp");
    fs::write(&dump, b"dump").expect("a file");
    fs::set_permissions(&dump, fs::Permissions::from_mode(0o666)).expect("a mode");
    staging.commit(&folder_name(id(1)), b"report", ReportState::Queued).expect("a report");
    store.update(&put(&store, 2), b"again").expect("an update");
    store.record_sent_cab(&"0".repeat(40), SentCab::WithMemory).expect("an entry");
    for (is_folder, mode) in modes(root.path()).into_iter().skip(1) {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 });
    }
}

#[test]
fn an_uncommitted_report_leaves_nothing() {
    let (root, store) = store();
    let staging = store.begin(id(1)).expect("a folder");
    staging.write_file("minidump.mdmp", b"dump").expect("a file");
    fs::create_dir(staging.folder().join("inner")).expect("a folder");
    drop(staging);
    assert_eq!(fs::read_dir(root.path().join("Temp")).expect("a folder").count(), 0);
}

#[test]
fn the_archive_can_keep_parameters_only() {
    let (_root, store) = store();
    let policy = ArchivePolicy { keep_files: false, max_count: 10 };
    let archived = store.archive(&put(&store, 1), policy).expect("the archive");
    let names: Vec<String> = archived.files().expect("files").into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["Report.wer"]);
}

#[test]
fn one_file_of_a_report_can_go_and_the_report_cannot() {
    let (_root, store) = store();
    let report = put(&store, 1);
    store.remove_file(&report, "minidump.mdmp").expect("it is there");
    let left: Vec<String> = report.files().expect("files").into_iter().map(|file| file.name).collect();
    assert_eq!(left, ["Report.wer"]);
    for name in ["Report.wer", "../x", "", "a/b"] {
        let refused = store.remove_file(&report, name);
        assert!(matches!(refused, Err(StoreError::BadName(_))), "{name}: {refused:?}");
    }
}

#[test]
fn the_oldest_go_first() {
    let (_root, store) = store();
    for number in 1..=4 {
        put(&store, number);
    }
    let gone = store.enforce_quota(ReportState::Queued, 2).expect("a quota");
    assert_eq!(gone, [id(1), id(2)]);
    let left: Vec<ReportId> = store.list(ReportState::Queued).expect("a list").iter().map(|r| r.id).collect();
    assert_eq!(left, [id(3), id(4)]);
    let policy = ArchivePolicy { keep_files: true, max_count: 1 };
    for report in store.list(ReportState::Queued).expect("a list") {
        store.archive(&report, policy).expect("the archive");
    }
    assert_eq!(store.list(ReportState::Archived).expect("a list").len(), 1);
    assert!(store.contains(id(4)).expect("an answer"));
}

#[test]
fn a_report_is_found_by_the_beginning_of_its_id_or_by_its_folder() {
    let (_root, store) = store();
    put(&store, 0x11);
    let other = put(&store, 0x12);
    store.archive(&other, KEEP_ALL).expect("the archive");
    assert_eq!(store.find("11").expect("one").id, id(0x11));
    assert_eq!(store.find("11111111-11").expect("one").id, id(0x11));
    assert_eq!(store.find(&folder_name(id(0x12))).expect("one").state, ReportState::Archived);
    assert!(matches!(store.find("1"), Err(StoreError::Ambiguous { count: 2, .. })));
    assert!(matches!(store.find("2"), Err(StoreError::NotFound(_))));
    assert!(matches!(store.find(""), Err(StoreError::NotFound(_))));
    assert!(matches!(store.find("-"), Err(StoreError::NotFound(_))));
}

#[test]
fn sent_cabs_are_remembered_per_signature() {
    let (_root, store) = store();
    let (one, other) = ("a".repeat(40), "b".repeat(40));
    assert_eq!(store.sent_cab(&one).expect("an answer"), None);
    store.record_sent_cab(&one, SentCab::WithoutMemory).expect("an entry");
    assert_eq!(store.sent_cab(&one).expect("an answer"), Some(SentCab::WithoutMemory));
    store.record_sent_cab(&one, SentCab::WithMemory).expect("an entry");
    assert_eq!(store.sent_cab(&one).expect("an answer"), Some(SentCab::WithMemory));
    assert_eq!(store.sent_cab(&other).expect("an answer"), None);
    assert!(matches!(store.sent_cab("../../etc/passwd"), Err(StoreError::BadName(_))));
}
