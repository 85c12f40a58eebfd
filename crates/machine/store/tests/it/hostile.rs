//! Names and links that want to lead elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use wer_model::ReportState;
use wer_store::{Store, StoreError};

use super::life::{folder_name, id, put, store};

#[test]
fn names_are_one_component() {
    let (_root, store) = store();
    let report = put(&store, 1);
    for name in ["../../secret", "/etc/passwd", "..", ".", "", "a/b", "a\0b", &"n".repeat(300)] {
        assert!(matches!(report.open_file(name), Err(StoreError::BadName(_))), "{name:?}");
        let staging = store.begin(id(2)).expect("a folder");
        assert!(matches!(staging.write_file(name, b""), Err(StoreError::BadName(_))), "{name:?}");
    }
}

#[test]
fn a_folder_must_be_named_after_its_report() {
    let (root, store) = store();
    for name in [folder_name(id(2)), format!("../{}", id(1)), id(1).to_string() + "x", String::new()] {
        let staging = store.begin(id(1)).expect("a folder");
        let refused = staging.commit(&name, b"report", ReportState::Queued);
        assert!(matches!(refused, Err(StoreError::BadName(_))), "{name:?}");
    }
    let staging = store.begin(id(1)).expect("a folder");
    assert!(staging.commit(&folder_name(id(1)), b"report", ReportState::Temp).is_err());
    assert_eq!(fs::read_dir(root.path().join("Temp")).expect("a folder").count(), 0);
}

#[test]
fn links_and_pipes_are_no_files_of_a_report() {
    let (root, store) = store();
    fs::write(root.path().join("secret"), b"secret").expect("a file");
    let report = put(&store, 1);
    symlink(root.path().join("secret"), report.folder.join("link")).expect("a link");
    fs::create_dir(report.folder.join("folder")).expect("a folder");
    let names: Vec<String> = report.files().expect("files").into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["Report.wer", "minidump.mdmp"]);
    assert!(matches!(report.open_file("link"), Err(StoreError::NotAFile(_))));
    assert!(matches!(report.open_file("folder"), Err(StoreError::NotAFile(_))));

    let staging = store.begin(id(2)).expect("a folder");
    symlink(root.path().join("secret"), staging.folder().join("dump")).expect("a link");
    let refused = staging.commit(&folder_name(id(2)), b"report", ReportState::Queued);
    assert!(matches!(refused, Err(StoreError::NotAFile(_))));
    assert!(!store.contains(id(2)).expect("an answer"));
    store.delete(&report).expect("it goes");
    assert_eq!(fs::read(root.path().join("secret")).expect("it stays"), b"secret");
}

#[test]
fn a_report_wer_that_is_a_link_makes_no_report() {
    let (root, store) = store();
    let report = put(&store, 1);
    fs::remove_file(report.folder.join("Report.wer")).expect("it goes");
    symlink("/etc/passwd", report.folder.join("Report.wer")).expect("a link");
    assert!(store.list(ReportState::Queued).expect("a list").is_empty());
    assert!(report.report_wer().is_err());
    // Neither does a folder that is a link.
    symlink("/", root.path().join("ReportQueue").join(folder_name(id(2)))).expect("a link");
    assert!(store.list(ReportState::Queued).expect("a list").is_empty());
    assert!(!store.contains(id(2)).expect("an answer"));
}

#[test]
fn a_state_that_is_a_link_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    symlink(elsewhere.path(), root.path().join("ReportQueue")).expect("a link");
    assert!(Store::open(root.path()).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 0);
}

#[test]
fn a_store_that_others_can_write_to_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
    let refused = Store::open(root.path()).expect_err("others may write").to_string();
    assert!(refused.contains("chmod go-w"), "{refused}");
    assert!(matches!(Store::open("relative".as_ref()), Err(StoreError::Untrusted { .. })));
}

#[test]
fn a_report_wer_beyond_its_limit_is_not_read() {
    let (_root, store) = store();
    let report = put(&store, 1);
    let file = fs::File::create(report.folder.join("Report.wer")).expect("a file");
    file.set_len(1 << 40).expect("a sparse file");
    assert!(matches!(report.report_wer(), Err(StoreError::TooLarge { .. })));
}
