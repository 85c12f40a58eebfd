//! Reports by key, counted, measured and purged.

use std::fs::File;

use wer_model::ReportState;
use wer_store::{ArchivePolicy, StoreError};

use super::life::{folder_name, id, put, store};

#[test]
fn a_key_is_the_name_of_a_folder_in_one_state() {
    let (_root, store) = store();
    assert_eq!(store.keys(ReportState::Queued).expect("keys"), Vec::<String>::new());
    let (first, second) = (put(&store, 2), put(&store, 1));
    let keys = store.keys(ReportState::Queued).expect("keys");
    assert_eq!(keys, [folder_name(id(2)), folder_name(id(1))], "oldest first");
    assert_eq!(store.by_key(ReportState::Queued, &keys[1]).expect("a report"), second);
    let archived =
        store.archive(&first, ArchivePolicy { keep_files: true, max_count: 9 }).expect("the archive");
    let gone = store.by_key(ReportState::Queued, &keys[0]);
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    assert_eq!(store.by_key(ReportState::Archived, &keys[0]).expect("a report"), archived);
    assert_eq!(
        [ReportState::Queued, ReportState::Archived].map(|s| store.count(s).expect("a count")),
        [1, 1]
    );
}

#[test]
fn what_is_no_key_opens_nothing() {
    let (_root, store) = store();
    put(&store, 1);
    let long = "k".repeat(300);
    for key in ["", ".", "..", "a/b", "../ReportQueue", "a\0b", &long] {
        let refused = store.by_key(ReportState::Queued, key);
        assert!(matches!(refused, Err(StoreError::BadName(_))), "{key:?}: {refused:?}");
    }
    for key in ["Report.wer", "nothing", &id(1).to_string()] {
        let refused = store.by_key(ReportState::Queued, key);
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{key:?}: {refused:?}");
    }
    assert!(store.by_key(ReportState::Temp, &folder_name(id(1))).is_err());
}

#[test]
fn holes_take_no_room() {
    let (_root, store) = store();
    let report = put(&store, 1);
    let dense = store.size_on_disk_bytes(ReportState::Queued).expect("a size");
    assert!(dense > 0);
    let sparse = File::create(report.folder.join("memory.hdmp")).expect("a file");
    sparse.set_len(1 << 30).expect("a hole");
    assert!(store.size_on_disk_bytes(ReportState::Queued).expect("a size") < 1 << 30);
    assert!(report.size_bytes().expect("a size") > 1 << 30);
    assert_eq!(store.size_on_disk_bytes(ReportState::Archived).expect("a size"), 0);
}

#[test]
fn a_purge_empties_queue_and_archive() {
    let (_root, store) = store();
    let first = put(&store, 1);
    store.archive(&first, ArchivePolicy { keep_files: true, max_count: 9 }).expect("the archive");
    put(&store, 2);
    assert_eq!(store.purge().expect("a purge"), 2);
    assert_eq!(store.purge().expect("a purge"), 0);
    assert!(!store.contains(id(1)).expect("an answer") && !store.contains(id(2)).expect("an answer"));
}
