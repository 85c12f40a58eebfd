//! Counting.

use watson_db::{DbError, Policy, Store};
use wer_model::Parameter;

use crate::{NOW_MS, crash, open};

#[tokio::test]
async fn a_crash_counts_once_and_its_answer_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    assert!(first.counted);
    assert!(first.wish.as_ref().unwrap().memory_dump);
    let again = store.record_crash(&crash("a", 1), NOW_MS + 5).await.unwrap();
    assert_eq!((again.bucket, again.counted, &again.wish), (first.bucket, false, &first.wish));
    let row = store.bucket(first.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!((row.hits, row.first_seen_ms, row.last_seen_ms), (1, NOW_MS, NOW_MS));
    assert_eq!(row.trend.last(), Some(&1));
    assert_eq!(row.trend.iter().sum::<i64>(), 1);
}

#[tokio::test]
async fn everything_that_tells_crashes_apart_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let base = crash("a", 1);
    let mut other_machine = base.clone();
    other_machine.machine = "n".into();
    let mut other_secondary = base.clone();
    other_secondary.secondary_parameters.push(Parameter::new("BCCode", "7f"));
    for crash in [&base, &other_machine, &other_secondary, &crash("a", 2)] {
        assert!(store.record_crash(crash, NOW_MS).await.unwrap().counted);
    }
    let other_label = store.record_crash(&crash("b", 1), NOW_MS).await.unwrap();
    let rows = store.buckets(0, NOW_MS).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.hits).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(rows[1].id, other_label.bucket);
    assert_eq!(store.counts().await.unwrap().hits, 5);
    assert!(store.buckets(1, NOW_MS).await.unwrap().is_empty());
}

#[tokio::test]
async fn three_cabs_then_no_more_and_an_unused_lease_is_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut wishes = Vec::new();
    for moment in 0..4 {
        wishes.push(store.record_crash(&crash("a", moment), NOW_MS).await.unwrap().wish);
    }
    let memory: Vec<_> = wishes.iter().map(|wish| wish.as_ref().map(|wish| wish.memory_dump)).collect();
    assert_eq!(memory, [Some(true), Some(false), Some(false), None]);

    let later = NOW_MS + Policy::DEFAULT_LEASE_MS;
    let unused = wishes[0].clone().unwrap().token;
    assert!(store.cab_ticket(&unused, later).await.unwrap().is_some(), "its place is still free");
    for moment in 4..7 {
        let wish = store.record_crash(&crash("a", moment), later).await.unwrap().wish;
        assert_eq!(wish.map(|wish| wish.memory_dump), Some(moment == 4));
    }
    assert!(store.record_crash(&crash("a", 7), later).await.unwrap().wish.is_none());
    assert!(store.cab_ticket(&unused, later).await.unwrap().is_none(), "its place is taken");
}

#[tokio::test]
async fn an_expired_lease_of_the_same_crash_is_renewed_under_a_new_token() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap();
    let later = NOW_MS + Policy::DEFAULT_LEASE_MS;
    let second = store.record_crash(&crash("a", 1), later).await.unwrap().wish.unwrap();
    assert_ne!(first.token, second.token);
    assert!(store.cab_ticket(&first.token, later).await.unwrap().is_none());
    assert!(store.cab_ticket(&second.token, later).await.unwrap().is_some());
}

#[tokio::test]
async fn hits_outlive_the_process_and_the_folder_has_one_user() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    let second = Store::open(dir.path(), Policy::default()).await;
    assert!(matches!(second, Err(DbError::InUse(_))));
    store.close().await;
    drop(store);

    let store = open(dir.path()).await;
    let again = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    assert_eq!(again, watson_db::HitAnswer { counted: false, ..first.clone() });
    assert_eq!(store.record_crash(&crash("a", 2), NOW_MS).await.unwrap().bucket, first.bucket);
    assert_eq!(store.bucket(first.bucket, NOW_MS).await.unwrap().unwrap().hits, 2);
}

#[tokio::test]
async fn the_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("data");
    let _store = open(&root).await;
    for folder in ["", "blobs", "symbols", "tmp"] {
        assert_eq!(root.join(folder).metadata().unwrap().permissions().mode() & 0o777, 0o700, "{folder}");
    }
}
