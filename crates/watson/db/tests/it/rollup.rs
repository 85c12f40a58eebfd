//! What becomes smaller with time.

use watson_db::{Crash, Policy, Store, limits, time};

use crate::world::{World, folder};
use crate::{NOW_MS, crash, on_every_place};

on_every_place!(
    machines_are_exact_up_to_a_limit_and_then_a_sketch,
    parts_of_old_counters_become_one,
    what_is_told_again_after_the_window_is_late,
    two_stores_on_one_database_count_exactly_and_end,
);

const DAY_MS: i64 = 86_400_000;

async fn tell(store: &Store, application: &str, moments: std::ops::Range<u64>) -> i64 {
    let all: Vec<_> = moments.map(|moment| crash(application, moment)).collect();
    let mut bucket = 0;
    for some in all.chunks(2_000) {
        bucket = store.record_hits(some, NOW_MS).await.unwrap()[0].bucket;
    }
    bucket
}

async fn machines_are_exact_up_to_a_limit_and_then_a_sketch(world: &World) {
    let store = world.open().await;
    let today = time::day_of(NOW_MS);
    let limit = u64::try_from(limits::MAX_MACHINE_ROWS).unwrap();
    let few = tell(&store, "few", 0..limit).await;
    let many = tell(&store, "many", 10_000..10_001 + limit).await;
    // A machine that crashes again is no further one.
    store.record_crash(&Crash { event_ms: Some(NOW_MS - 90_000), ..crash("few", 7) }, NOW_MS).await.unwrap();
    let machines = async |bucket, days| store.distinct_machines(bucket, days).await.unwrap();
    for bucket in [few, many] {
        assert!(machines(bucket, today..=today).await.exact);
    }
    assert_eq!(store.roll_up(NOW_MS).await.unwrap().machines, limit + 1);
    assert_eq!(store.roll_up(NOW_MS).await.unwrap().machines, 0, "what is rolled up stays so");
    let exact = machines(few, today..=today).await;
    assert_eq!((exact.count, exact.exact), (limits::MAX_MACHINE_ROWS, true));
    let about = |count: i64, expected: u64| count.abs_diff(i64::try_from(expected).unwrap()) < expected / 20;
    let estimate = machines(many, today - 3..=today).await;
    assert!(!estimate.exact && about(estimate.count, limit + 1), "{estimate:?}");

    // Known ones and new ones after the sketch was made, seen at once and after the next roll-up.
    tell(&store, "many", 100_000..103_000).await;
    let yesterday = Crash { event_ms: Some(NOW_MS - DAY_MS), ..crash("many", 10_005) };
    store.record_crash(&yesterday, NOW_MS).await.unwrap();
    let before = machines(many, today - 1..=today).await;
    assert!(about(before.count, limit + 3_001), "{before:?}");
    assert_eq!(store.roll_up(NOW_MS).await.unwrap().machines, 3_000);
    assert_eq!(machines(many, today - 1..=today).await, before);
    assert!(machines(many, today - 1..=today - 1).await.exact);
    let by_day = store.machines_by_day(many, today - 3..=today).await.unwrap();
    let [(first, sketched), (second, exact)] = by_day.as_slice() else { panic!("{by_day:?}") };
    assert_eq!((*first, sketched.exact, *second), (today, false, today - 1));
    assert!(about(sketched.count, limit + 3_001) && exact.exact && exact.count == 1, "{by_day:?}");
    assert_eq!(store.machines_by_day(few, today + 1..=today + 9).await.unwrap(), []);
    let row = store.bucket(many, NOW_MS).await.unwrap().unwrap();
    assert_eq!(u64::try_from(row.hits).unwrap(), limit + 3_002, "hits are hits");
}

async fn parts_of_old_counters_become_one(world: &World) {
    let store = world.open().await;
    let late = Crash { event_ms: Some(0), ..crash("a", 9) };
    let bucket = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().bucket;
    store.record_crash(&crash("a", 2), NOW_MS).await.unwrap();
    store.record_crash(&late, NOW_MS).await.unwrap();
    assert_eq!(store.roll_up(NOW_MS).await.unwrap().shards, 0, "today's are written to");
    let later = NOW_MS + 40 * DAY_MS;
    // SQLite has one process, and its part is the common one.
    let parts = if world.places().database.is_some() { 2 } else { 0 };
    assert_eq!(store.roll_up(later).await.unwrap().shards, parts);
    assert_eq!(store.roll_up(later).await.unwrap().shards, 0);
    let row = store.bucket(bucket, later).await.unwrap().unwrap();
    assert_eq!((row.hits, row.late_hits, row.last_seen_ms), (2, 1, NOW_MS));
}

async fn what_is_told_again_after_the_window_is_late(world: &World) {
    let store = world.open_with(Policy { window_days: 10, ..Policy::default() }).await;
    let dated = crash("a", 1);
    let undated = Crash { event_ms: None, ..crash("a", 2) };
    let of_1601 = Crash { event_ms: Some(-11_644_473_600_000), ..crash("a", 3) };
    let of_2099 = Crash { event_ms: Some(4_086_000_000_000), ..crash("a", 4) };
    let all = [&dated, &undated, &of_1601, &of_2099];
    let tell = async |crash: &Crash, day: i64| {
        let answer = store.record_crash(crash, NOW_MS + day * DAY_MS).await.unwrap();
        (answer.counted, answer.late)
    };
    assert_eq!(tell(&dated, 0).await, (true, false));
    assert_eq!(tell(&undated, 0).await, (true, false));
    assert_eq!(tell(&of_1601, 0).await, (true, true));
    assert_eq!(tell(&of_2099, 0).await, (true, true));
    assert_eq!(store.roll_up(NOW_MS + 10 * DAY_MS).await.unwrap().forgotten, 0);
    for crash in all {
        assert!(!tell(crash, 10).await.0, "known to the last day of the window");
    }
    assert_eq!(store.roll_up(NOW_MS + 12 * DAY_MS).await.unwrap().forgotten, 4);
    assert_eq!(tell(&dated, 12).await, (true, true), "late, and in no exact count");
    assert_eq!(tell(&of_1601, 12).await, (true, true));
    let row = store.buckets(0, NOW_MS).await.unwrap().remove(0);
    assert_eq!((row.hits, row.late_hits), (2, 4));
}

/// Two processes tell the same labels, in other orders, each other's repeats among them.
async fn two_stores_on_one_database_count_exactly_and_end(world: &World) {
    let first = std::sync::Arc::new(world.open().await);
    let other_folder = folder();
    // SQLite has one process: the same store twice.
    let second = if world.places().database.is_some() {
        let places = watson_db::Places {
            blobs: Some(watson_db::BlobsAt::Folder(world.dir.path().to_owned())),
            ..world.places()
        };
        std::sync::Arc::new(Store::open_at(other_folder.path(), &places, Policy::default()).await.unwrap())
    } else {
        std::sync::Arc::clone(&first)
    };
    let applications = ["e", "d", "c", "b", "a"];
    let mut tellers = tokio::task::JoinSet::new();
    for (number, store) in [&first, &second, &first, &second].into_iter().enumerate() {
        let store = std::sync::Arc::clone(store);
        tellers.spawn(async move {
            for round in 0..20_u64 {
                let mut batch: Vec<_> =
                    (0..50_u64).map(|n| crash(applications[(n % 5) as usize], round * 40 + n)).collect();
                if number % 2 == 1 {
                    batch.reverse();
                }
                store.record_hits(&batch, NOW_MS).await.unwrap();
            }
        });
    }
    tellers.join_all().await;
    // 810 moments, each told under one application by whoever came first.
    let rows = first.buckets(0, NOW_MS).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.hits).sum::<i64>(), 810);
    assert_eq!(rows.len(), 5);
    let today = time::day_of(NOW_MS);
    for row in rows {
        let machines = first.distinct_machines(row.id, today - 1..=today).await.unwrap();
        assert_eq!((machines.count, machines.exact), (row.hits, true));
    }
}
