//! Dumps that come unasked.

use watson_db::{Crash, DbError, DumpAnswer, DumpUpload, Policy, QuotaOutcome, Store, UploadedFile};

use crate::world::World;
use crate::{NOW_MS, crash, on_every_place};

on_every_place!(
    a_dump_is_a_report_and_a_repeat_is_answered_the_same,
    dumps_beyond_the_quota_are_counted_and_not_kept,
    the_same_dump_sent_by_twenty_at_once_is_one,
    an_upload_without_a_dump_leaves_nothing,
);

async fn upload(store: &Store, crash: Crash, files: &[(&str, &[u8])]) -> DumpUpload {
    let mut uploaded = Vec::new();
    for (name, bytes) in files {
        let mut blob = store.begin_blob().await.unwrap();
        blob.write(bytes).await.unwrap();
        uploaded.push(UploadedFile { name: (*name).to_owned(), main: *name == "dump", blob });
    }
    DumpUpload {
        crash,
        product: "p".into(),
        version: "1".into(),
        annotations: vec![("a".into(), "b".into())],
        headers: vec![("user-agent".into(), "c".into())],
        files: uploaded,
    }
}

pub(crate) async fn send(store: &Store, crash: Crash, bytes: &[u8]) -> DumpAnswer {
    let upload = upload(store, crash, &[("log", b"log"), ("dump", bytes)]).await;
    store.take_dump(upload, NOW_MS).await.unwrap()
}

async fn a_dump_is_a_report_and_a_repeat_is_answered_the_same(world: &World) {
    let store = world.open().await;
    let first = send(&store, crash("a", 1), b"MDMP").await;
    assert!(!first.repeat && !first.late && first.quota == QuotaOutcome::Kept);
    let row = store.report(&first.report).await.unwrap().unwrap();
    assert_eq!((row.bucket, row.cab_bytes, row.job_state.as_str()), (first.bucket, 4, "open"));
    assert_eq!((row.machine.as_str(), row.event_ms), ("m1", NOW_MS - 1));
    assert_eq!(world.blob_count(), 2);

    let again = send(&store, crash("a", 1), b"other bytes").await;
    assert_eq!(again, DumpAnswer { repeat: true, ..first.clone() });
    let other = send(&store, crash("a", 2), b"MDMP").await;
    assert!(!other.repeat && other.bucket == first.bucket && other.report != first.report);
    assert_eq!(world.blob_count(), 2, "the same bytes are kept once");
    assert_eq!(store.bucket(first.bucket, NOW_MS).await.unwrap().unwrap().hits, 2);
    assert_eq!(store.counts().await.unwrap().jobs_open, 2);
    assert_eq!(store.take_job(NOW_MS, 1).await.unwrap(), None, "only cabs are analysed");
    // What is here need not be asked for.
    assert!(store.record_crash(&crash("a", 3), NOW_MS).await.unwrap().wish.is_some());
    assert!(store.record_crash(&crash("a", 4), NOW_MS).await.unwrap().wish.is_none());
}

async fn dumps_beyond_the_quota_are_counted_and_not_kept(world: &World) {
    let store = world.open_with(Policy { dumps_per_bucket: 2, ..Policy::default() }).await;
    let mut kept = Vec::new();
    for moment in 0..4_u8 {
        kept.push(send(&store, crash("a", moment.into()), &[moment]).await);
    }
    let outcomes: Vec<_> = kept.iter().map(|answer| answer.quota).collect();
    assert_eq!(outcomes, [QuotaOutcome::Kept, QuotaOutcome::Kept, QuotaOutcome::Full, QuotaOutcome::Full]);
    assert_eq!(world.blob_count(), 3);
    let again = send(&store, crash("a", 3), &[3]).await;
    assert_eq!(again, DumpAnswer { repeat: true, ..kept[3].clone() });
    assert_eq!(store.bucket(kept[0].bucket, NOW_MS).await.unwrap().unwrap().hits, 4);
    assert_eq!(store.counts().await.unwrap().reports, 2);
    assert_eq!(send(&store, crash("b", 1), b"x").await.quota, QuotaOutcome::Kept, "other buckets have room");
}

async fn the_same_dump_sent_by_twenty_at_once_is_one(world: &World) {
    let store = std::sync::Arc::new(world.open().await);
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = std::sync::Arc::clone(&store);
        senders.spawn(async move { send(&store, crash("a", 1), b"MDMP").await });
    }
    let answers = senders.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.repeat).count(), 1);
    assert!(answers.iter().all(|answer| answer.report == answers[0].report));
    assert!(answers.iter().all(|answer| answer.quota == QuotaOutcome::Kept));
    assert_eq!(store.counts().await.unwrap().reports, 1);
}

async fn an_upload_without_a_dump_leaves_nothing(world: &World) {
    let store = world.open().await;
    let upload = upload(&store, crash("a", 1), &[("log", b"log")]).await;
    assert!(matches!(store.take_dump(upload, NOW_MS).await, Err(DbError::NoDump)));
    assert_eq!((world.blob_count(), store.counts().await.unwrap().hits), (0, 0));
    assert_eq!(std::fs::read_dir(store.dir().tmp()).unwrap().count(), 0);
}
