//! Cabs become blobs, reports and jobs.

use watson_db::{CabOutcome, blob::blob_path};

use crate::{NOW_MS, blob, crash, open, report};

#[tokio::test]
async fn a_cab_is_on_disk_under_its_hash_and_repeats_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = report(&store, &crash("a", 1), b"MSCF one").await;
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!(std::fs::read(blob_path(&store.dir().blobs(), &row.blob)).unwrap(), b"MSCF one");
    assert_eq!((row.cab_bytes, row.job_state.as_str(), row.machine.as_str()), (8, "open", "m"));
    assert_eq!(row.event_ms, NOW_MS);

    let wish = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap();
    let ticket = store.cab_ticket(&wish.token, i64::MAX).await.unwrap().expect("a used token stays good");
    assert_eq!(ticket.here, Some((id.clone(), row.blob)));
    let same = blob(&store, b"MSCF one").await;
    assert_eq!(
        store.commit_cab(&ticket, &same, NOW_MS).await.unwrap(),
        CabOutcome::AlreadyHere { report: id.clone() }
    );
    let other = blob(&store, b"MSCF two").await;
    assert_eq!(store.commit_cab(&ticket, &other, NOW_MS).await.unwrap(), CabOutcome::Different);
    assert_eq!(store.bucket(row.bucket, NOW_MS).await.unwrap().unwrap().reports, [id]);
}

#[tokio::test]
async fn unknown_tokens_and_reports_are_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.cab_ticket("../../etc/passwd", NOW_MS).await.unwrap(), None);
    assert_eq!(store.report("nothing").await.unwrap(), None);
    assert_eq!(store.bucket(7, NOW_MS).await.unwrap(), None);
}

#[tokio::test]
async fn an_unfinished_blob_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut writer = store.begin_blob().await.unwrap();
    writer.write(b"half").await.unwrap();
    let tmp = store.dir().tmp();
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0);
    std::fs::write(tmp.join("left"), b"x").unwrap();
    drop(store);
    let _store = open(dir.path()).await;
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0);
}
