//! Several writers at one time.

use std::sync::Barrier;
use std::thread;

use wer_model::ReportState;
use wer_store::{ArchivePolicy, Store, StoreError};

use super::life::{folder_name, id, put, store};

#[test]
fn of_two_writers_of_one_id_exactly_one_commits() {
    let (root, store) = store();
    let start = Barrier::new(4);
    let committed: Vec<bool> = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|number| {
                let (start, root) = (&start, root.path());
                scope.spawn(move || {
                    let store = Store::open(root).expect("a store");
                    let staging = store.begin(id(9)).expect("a folder");
                    // Two ways of capture may see another signature, and so name the folder differently.
                    let name = format!("AppCrash_way{number}_{}", id(9));
                    start.wait();
                    match staging.commit(&name, b"report", ReportState::Queued) {
                        Ok(_) => true,
                        Err(StoreError::AlreadyStored(_)) => false,
                        Err(other) => panic!("{other}"),
                    }
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    assert_eq!(committed.iter().filter(|done| **done).count(), 1);
    assert_eq!(store.list(ReportState::Queued).expect("a list").len(), 1);
}

#[test]
fn an_archived_report_is_not_committed_again() {
    let (_root, store) = store();
    let report = put(&store, 1);
    store.archive(&report, ArchivePolicy { keep_files: true, max_count: 9 }).expect("the archive");
    let again = store.begin(id(1)).expect("a folder").commit(&folder_name(id(1)), b"", ReportState::Queued);
    assert!(matches!(again, Err(StoreError::AlreadyStored(_))));
}

#[test]
fn updates_and_archiving_never_show_half_a_report() {
    let (root, store) = store();
    let report = put(&store, 1);
    let long = vec![b'x'; 300_000];
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = Store::open(root.path()).expect("a store");
            let mut seen = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) || seen == 0 {
                for state in [ReportState::Queued, ReportState::Archived] {
                    for found in store.list(state).expect("a list") {
                        if let Ok(bytes) = found.report_wer() {
                            assert!(bytes == b"report" || bytes == long, "{} bytes", bytes.len());
                            seen += 1;
                        }
                    }
                }
            }
        });
        for _ in 0..20 {
            store.update(&report, &long).expect("an update");
            store.update(&report, b"report").expect("an update");
        }
        store.archive(&report, ArchivePolicy { keep_files: true, max_count: 9 }).expect("the archive");
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().expect("a reader");
    });
    let states =
        [ReportState::Queued, ReportState::Archived].map(|state| store.list(state).expect("a list").len());
    assert_eq!(states, [0, 1]);
}
