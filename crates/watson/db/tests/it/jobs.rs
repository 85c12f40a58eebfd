//! Jobs: taken once, given back after a stop, poison after too many failures.

use watson_db::{JobFailure, Policy, Reading};

use crate::world::World;
use crate::{NOW_MS, crash, on_every_place, report};

on_every_place!(a_job_is_taken_once_and_given_back, a_failed_job_waits_and_poison_gives_the_place_back);

async fn a_job_is_taken_once_and_given_back(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF").await;
    let job = store.take_job(NOW_MS, 1_000).await.unwrap().unwrap();
    assert_eq!((&job.report, job.attempts), (&id, 1));
    assert_eq!(store.take_job(NOW_MS, 1_000).await.unwrap(), None);
    let late = store.take_job(NOW_MS + 1_000, 1_000).await.unwrap().unwrap();
    assert_eq!(late.attempts, 2, "its holder is late");
    // Elsewhere another process may be at work on it.
    let given_back = u64::from(world.places().database.is_none());
    assert_eq!(store.requeue_jobs().await.unwrap(), given_back);
    assert_eq!(store.lease_jobs(5, NOW_MS, 1_000).await.unwrap().len() as u64, given_back);

    let reading = Reading { signature: Some("main".into()), ..Reading::default() };
    store.finish_job(&job, &reading, NOW_MS).await.unwrap();
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!((row.job_state.as_str(), row.reading), ("done", Some(reading)));
    let bucket = store.bucket(row.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!(bucket.signature.as_deref(), Some("main"));
    assert_eq!(store.take_job(i64::MAX / 2, 1).await.unwrap(), None);
}

async fn a_failed_job_waits_and_poison_gives_the_place_back(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF").await;
    for moment in 2..4 {
        report(&store, &crash("a", moment), b"MSCF").await;
    }
    assert!(store.record_crash(&crash("a", 4), NOW_MS).await.unwrap().wish.is_none());
    let job = store.take_job(NOW_MS, 1_000).await.unwrap().unwrap();
    assert_eq!(job.report, id);
    store.fail_job(&job, "it died", JobFailure::Again { run_after_ms: NOW_MS + 10 }).await.unwrap();
    assert_ne!(store.take_job(NOW_MS, 1_000).await.unwrap().unwrap().report, id, "others are not blocked");

    store.fail_job(&job, "it died again", JobFailure::Poison).await.unwrap();
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!((row.job_state.as_str(), row.job_error.as_str()), ("poison", "it died again"));
    assert_eq!(store.counts().await.unwrap().jobs_poison, 1);
    let wish = store.record_crash(&crash("a", 5), NOW_MS).await.unwrap().wish.unwrap();
    assert!(wish.memory_dump, "the spoiled cab was the one with memory");
    let same = store.record_crash(&crash("a", 1), NOW_MS + Policy::DEFAULT_LEASE_MS).await.unwrap();
    assert_eq!(same.wish, None, "the spoiled crash is not asked again");
}
