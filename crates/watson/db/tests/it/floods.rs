//! Floods of made-up names: everything is counted, and little else is made of it.

use watson_db::{Crash, Policy};

use crate::world::World;
use crate::{NOW_MS, crash, on_every_place};

on_every_place!(labels_beyond_the_bound_overflow_into_one_and_still_count,);

fn from(source: &str, crash: Crash) -> Crash {
    Crash { source: Some(source.parse().unwrap()), ..crash }
}

async fn labels_beyond_the_bound_overflow_into_one_and_still_count(world: &World) {
    let policy = Policy { new_labels_per_source: 3, ..Policy::default() };
    let store = world.open_with(policy).await;
    let mut crashes = Vec::new();
    for number in 0..10 {
        crashes.push(from("192.0.2.1", crash(&format!("app{number}"), number)));
    }
    // In one batch and one by one.
    let mut buckets: Vec<i64> = Vec::new();
    for answer in store.record_hits(&crashes[..6], NOW_MS).await.unwrap() {
        buckets.push(answer.bucket);
    }
    for crash in &crashes[6..] {
        buckets.push(store.record_crash(crash, NOW_MS).await.unwrap().bucket);
    }
    let rows = store.buckets(0, NOW_MS).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.hits).collect::<Vec<_>>(), [7, 1, 1, 1]);
    assert_eq!(rows[0].event_type, "watson.overflow");
    assert_eq!(buckets.iter().filter(|bucket| **bucket == rows[0].id).count(), 7);
    // A repeat is known, and somebody else's label is made.
    let again = store.record_crash(&crashes[9], NOW_MS).await.unwrap();
    assert_eq!((again.counted, again.bucket), (false, buckets[9]));
    store.record_crash(&from("192.0.2.2", crash("other", 50)), NOW_MS).await.unwrap();
    assert_eq!(store.buckets(0, NOW_MS).await.unwrap().len(), 5);
    assert_eq!(store.counts().await.unwrap().hits, 11);
    // An hour later the same label is made after all.
    let later = NOW_MS + 60 * 60 * 1000;
    let mut late = crashes[9].clone();
    late.key = crash("app9", 99).key;
    assert_ne!(store.record_crash(&late, later).await.unwrap().bucket, buckets[9]);
}
