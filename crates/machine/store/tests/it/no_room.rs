//! Stores that cannot be written: full, read-only, tampered with. What is there stays, and the error says where and why.
//!
//! A limit on the size of files stands for a full disk: it is set by a shell for a child that is this test again.

use std::path::Path;
use std::process::Command;

use wer_model::ReportState;
use wer_store::{EventLog, Store, StoreError};

use super::life::{folder_name, id, put, store};

/// The store's root, for the child.
const ROLE: &str = "WER_STORE_WITHOUT_ROOM";

/// Runs a test of this file again, behind a shell's words. `None` where the words cannot be had here.
fn again(test: &str, root: &Path, words: &str, role: &str) -> Option<String> {
    let own = std::env::current_exe().expect("our own path");
    let output = Command::new("sh")
        .args(["-c", &format!("{words} exec \"$@\""), "sh"])
        .arg(own)
        .args(["--exact", &format!("it::no_room::{test}"), "--nocapture"])
        .env(ROLE, format!("{role}:{}", root.display()))
        .output()
        .expect("a shell");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if text.contains("not permitted") && !text.contains("running 1 test") {
        return None;
    }
    assert!(output.status.success(), "{text}");
    Some(text)
}

fn role(name: &str) -> Option<std::path::PathBuf> {
    let role = std::env::var(ROLE).ok()?;
    role.strip_prefix(name)?.strip_prefix(':').map(Into::into)
}

fn reason<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.expect_err("it cannot be written").to_string()
}

#[test]
fn a_full_disk_loses_nothing_that_is_there() {
    if let Some(root) = role("full") {
        let store = Store::open(&root).expect("a store");
        let report = store.get(id(1)).expect("an answer").expect("a report");
        let large = vec![b'x'; 100_000];
        let staging = store.begin(id(2)).expect("a folder");
        let refused = reason(staging.write_file("memory.hdmp", &large));
        assert!(refused.contains("memory.hdmp") && refused.contains("File too large"), "{refused}");
        drop(staging);
        let staging = store.begin(id(2)).expect("a folder");
        reason(staging.commit(&folder_name(id(2)), &large, ReportState::Queued));
        assert!(!store.contains(id(2)).expect("an answer"));
        reason(store.update(&report, &large));
        reason(EventLog::open(&root).expect("a log").append_failure(&"y".repeat(100_000)));
        return;
    }
    let (root, store) = store();
    let report = put(&store, 1);
    let log = EventLog::open(root.path()).expect("a log");
    log.append_failure("before").expect("a line");
    let text =
        again("a_full_disk_loses_nothing_that_is_there", root.path(), "trap '' XFSZ; ulimit -f 16;", "full");
    assert!(text.expect("a shell has limits").contains("1 passed"));
    assert_eq!(report.report_wer().expect("the old one"), b"report");
    assert_eq!(store.list(ReportState::Queued).expect("a list").len(), 1);
    assert_eq!(
        std::fs::read_dir(root.path().join("Temp")).expect("a folder").count(),
        0,
        "nothing is left over"
    );
    let update = store.update(&report, b"there is room again");
    update.expect("the leftover of the failed one is in nobody's way");
    log.append_failure("after").expect("a line");
    let entries = log.read().expect("a log").entries;
    let messages: Vec<_> = entries.iter().map(|entry| format!("{entry:?}")).collect();
    assert!(messages.first().is_some_and(|first| first.contains("before")), "{messages:?}");
    assert!(messages.last().is_some_and(|last| last.contains("after")), "{messages:?}");
}

#[test]
fn a_read_only_store_can_be_read() {
    if let Some(root) = role("read-only") {
        let store = Store::open(&root).expect("it is there");
        let report = store.get(id(1)).expect("an answer").expect("a report");
        assert_eq!(report.report_wer().expect("a report"), b"report");
        assert_eq!(EventLog::open(&root).expect("a log").read().expect("a log").entries.len(), 1);
        for refused in [
            reason(store.begin(id(2))),
            reason(store.update(&report, b"new")),
            reason(store.delete(&report)),
            reason(store.purge()),
            reason(EventLog::open(&root).expect("a log").append_failure("x")),
        ] {
            assert!(
                refused.contains("Read-only file system") && refused.contains(&*root.to_string_lossy()),
                "{refused}"
            );
        }
        return;
    }
    let (root, store) = store();
    let report = put(&store, 1);
    EventLog::open(root.path()).expect("a log").append_failure("before").expect("a line");
    let path = root.path().display();
    let words = format!("mount --bind '{path}' '{path}' && mount -o remount,ro,bind '{path}' &&");
    let script = format!("exec unshare -m -r sh -c \"{words} exec \\\"\\$@\\\"\" sh \"$@\"; ");
    let text = again("a_read_only_store_can_be_read", root.path(), &script, "read-only");
    if let Some(text) = text {
        assert!(text.contains("1 passed"), "{text}");
    }
    assert_eq!(report.report_wer().expect("the old one"), b"report");
}

#[test]
fn a_tampered_store_loses_only_what_was_tampered_with() {
    let (root, store) = store();
    let (kept, hurt) = (put(&store, 1), put(&store, 2));
    std::fs::remove_file(hurt.folder.join("Report.wer")).expect("it goes");
    let queue = root.path().join("ReportQueue");
    std::fs::write(queue.join(folder_name(id(3))), b"a file in a folder's place").expect("a file");
    std::fs::create_dir(queue.join("no name of ours")).expect("a folder");
    std::fs::create_dir(queue.join(folder_name(id(4)))).expect("an empty folder");
    assert_eq!(store.list(ReportState::Queued).expect("a list"), std::slice::from_ref(&kept));
    assert_eq!(store.keys(ReportState::Queued).expect("keys"), [folder_name(id(1))]);
    assert!(matches!(hurt.report_wer(), Err(StoreError::Io { .. })));
    assert_eq!(store.purge().expect("a purge"), 1, "what is no report is nobody's to delete");
    assert!(queue.join("no name of ours").exists());
    std::fs::remove_dir_all(&queue).expect("it goes");
    std::fs::write(&queue, b"").expect("a file in its place");
    let refused = reason(Store::open(root.path()));
    assert!(refused.contains("ReportQueue"), "{refused}");
}
