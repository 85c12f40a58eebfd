//! Counting.

use watson_db::{DEFAULT_TENANT, IdempotencyKey, KeyKind, Policy, Store};

use crate::world::{World, folder};
use crate::{NOW_MS, crash, on_every_place};

on_every_place!(
    a_crash_counts_once_and_its_answer_stays,
    everything_that_tells_crashes_apart_does,
    three_cabs_then_no_more_and_an_unused_lease_is_given_again,
    an_expired_lease_of_the_same_crash_is_renewed_under_a_new_token,
    hits_outlive_the_process,
    a_batch_counts_its_repeats_once_and_answers_in_order,
    late_reports_are_known_and_never_in_exact_counts,
    a_machine_is_asked_once,
    text_that_one_database_cannot_hold_is_kept_by_both_alike,
);

async fn a_crash_counts_once_and_its_answer_stays(world: &World) {
    let store = world.open().await;
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

async fn everything_that_tells_crashes_apart_does(world: &World) {
    let store = world.open().await;
    let base = crash("a", 1);
    let mut other_id = base.clone();
    other_id.key = IdempotencyKey::new(KeyKind::Level1, [7; 16]);
    let mut other_kind = base.clone();
    other_kind.key.kind = KeyKind::Dump;
    let mut other_time = base.clone();
    other_time.event_ms = Some(NOW_MS - 2);
    for crash in [&base, &other_id, &other_kind, &other_time] {
        assert!(store.record_crash(crash, NOW_MS).await.unwrap().counted);
    }
    let other_label = store.record_crash(&crash("b", 2), NOW_MS).await.unwrap();
    let mut other_tenant = base.clone();
    other_tenant.tenant = store.tenant("other", "test", NOW_MS).await.unwrap();
    assert_ne!(other_tenant.tenant, DEFAULT_TENANT);
    assert_eq!(other_tenant.tenant, store.tenant("other", "test", NOW_MS).await.unwrap());
    let of_tenant = store.record_crash(&other_tenant, NOW_MS).await.unwrap();
    let rows = store.buckets(0, NOW_MS).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.hits).collect::<Vec<_>>(), [4, 1, 1]);
    assert_eq!([rows[1].id, rows[2].id], [other_label.bucket, of_tenant.bucket]);
    assert_eq!(store.counts().await.unwrap().hits, 6);
    assert!(store.buckets(1, NOW_MS).await.unwrap().is_empty());
}

async fn three_cabs_then_no_more_and_an_unused_lease_is_given_again(world: &World) {
    let store = world.open().await;
    let mut wishes = Vec::new();
    for moment in 0..4 {
        wishes.push(store.record_crash(&crash("a", moment), NOW_MS).await.unwrap().wish);
    }
    let memory: Vec<_> = wishes.iter().map(|wish| wish.as_ref().map(|wish| wish.memory_dump)).collect();
    assert_eq!(memory, [Some(true), Some(false), Some(false), None]);

    let later = NOW_MS + Policy::DEFAULT_LEASE_MS;
    let unused = wishes[0].clone().unwrap().token;
    assert!(store.cab_ticket(&unused, later).await.unwrap().is_some(), "its place is still free");
    for moment in 4..6 {
        let wish = store.record_crash(&crash("a", moment), later).await.unwrap().wish;
        assert_eq!(wish.map(|wish| wish.memory_dump), Some(false), "the late cab is on its way");
    }
    assert!(store.record_crash(&crash("a", 6), later).await.unwrap().wish.is_none());
    let other = wishes[1].clone().unwrap().token;
    assert!(store.cab_ticket(&other, later).await.unwrap().is_none(), "its place is taken");
}

async fn an_expired_lease_of_the_same_crash_is_renewed_under_a_new_token(world: &World) {
    let store = world.open().await;
    let first = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap();
    let later = NOW_MS + Policy::DEFAULT_LEASE_MS;
    let second = store.record_crash(&crash("a", 1), later).await.unwrap().wish.unwrap();
    assert_ne!(first.token, second.token);
    assert!(store.cab_ticket(&first.token, later).await.unwrap().is_none());
    assert!(store.cab_ticket(&second.token, later).await.unwrap().is_some());
}

async fn hits_outlive_the_process(world: &World) {
    let store = world.open().await;
    let first = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    store.close().await;
    drop(store);

    let store = world.open().await;
    let again = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    assert_eq!(again, watson_db::HitAnswer { counted: false, ..first.clone() });
    assert_eq!(store.record_crash(&crash("a", 2), NOW_MS).await.unwrap().bucket, first.bucket);
    assert_eq!(store.bucket(first.bucket, NOW_MS).await.unwrap().unwrap().hits, 2);
}

async fn a_batch_counts_its_repeats_once_and_answers_in_order(world: &World) {
    let store = world.open().await;
    // More than one statement's rows, labels mixed, each crash twice.
    let batch: Vec<_> =
        (0..300_u64).map(|n| crash(["z", "a", "m"][(n % 3) as usize], (n % 150) * 3 + n % 3)).collect();
    let answers = store.record_hits(&batch, NOW_MS).await.unwrap();
    assert_eq!(answers.len(), 300);
    assert!(answers[..150].iter().all(|answer| answer.counted));
    assert!(answers[150..].iter().all(|answer| !answer.counted));
    for (crash, answer) in batch.iter().zip(&answers) {
        let row = store.bucket(answer.bucket, NOW_MS).await.unwrap().unwrap();
        assert_eq!((row.application, row.hits), (crash.application.clone(), 50));
    }
    let (first, second) = answers.split_at(150);
    assert!(first.iter().zip(second).all(|(one, other)| one.bucket == other.bucket));
    assert_eq!(first.iter().filter(|answer| answer.wish.is_some()).count(), 9);
}

async fn late_reports_are_known_and_never_in_exact_counts(world: &World) {
    const DAY_MS: i64 = 86_400_000;
    let store = world.open().await;
    let at = |moment: u64, event_ms: i64| watson_db::Crash { event_ms: Some(event_ms), ..crash("a", moment) };
    let year_1601 = -11_644_473_600_000;
    for (moment, event_ms) in
        [(1, NOW_MS - 36 * DAY_MS), (2, NOW_MS + 2 * DAY_MS), (3, year_1601), (4, i64::MAX)]
    {
        let answer = store.record_crash(&at(moment, event_ms), NOW_MS).await.unwrap();
        assert!(answer.late && answer.counted && answer.wish.is_none(), "{event_ms}");
        assert!(!store.record_crash(&at(moment, event_ms), NOW_MS).await.unwrap().counted, "{event_ms}");
    }
    let answer = store.record_crash(&at(5, NOW_MS - 35 * DAY_MS), NOW_MS).await.unwrap();
    assert!(!answer.late);
    // In the window when it came, out of it when it is told again: known all the same.
    let again = store.record_crash(&at(5, NOW_MS - 35 * DAY_MS), NOW_MS + 9 * DAY_MS).await.unwrap();
    assert!(!again.counted && !again.late);
    let undated = watson_db::Crash { event_ms: None, ..crash("a", 6) };
    assert!(!store.record_crash(&undated, NOW_MS).await.unwrap().late);
    assert!(!store.record_crash(&undated, NOW_MS + 9 * DAY_MS).await.unwrap().counted);
    let row = store.bucket(answer.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!((row.hits, row.late_hits), (2, 4));
}

async fn a_machine_is_asked_once(world: &World) {
    let store = world.open().await;
    let on = |machine: &str, moment| watson_db::Crash { machine: machine.into(), ..crash("a", moment) };
    let asked = async |crash: watson_db::Crash, now_ms| {
        store.record_crash(&crash, now_ms).await.unwrap().wish.is_some()
    };
    assert!(asked(on("PC", 1), NOW_MS).await);
    assert!(!asked(on("pc", 2), NOW_MS).await);
    let expired = NOW_MS + Policy::DEFAULT_LEASE_MS;
    assert!(!asked(on("PC", 3), expired).await, "it had its hour; another one is asked");
    assert!(asked(on("PC", 4), expired + 86_400_000).await, "nobody else came for a day");
    let nobody = |moment| watson_db::Crash { machine: String::new(), ..crash("b", moment) };
    assert!(asked(nobody(5), NOW_MS).await && asked(nobody(6), NOW_MS).await, "nobody knows who they are");
}

async fn text_that_one_database_cannot_hold_is_kept_by_both_alike(world: &World) {
    let store = world.open().await;
    let mut odd = crash("a\0b", 1);
    odd.machine = "\u{10ffff}\0".into();
    let answer = store.record_crash(&odd, NOW_MS).await.unwrap();
    let row = store.bucket(answer.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!(row.application, "a\u{fffd}b");
    assert!(!store.record_crash(&odd, NOW_MS).await.unwrap().counted);
    let mut long = crash(&"x".repeat(100_000), 2);
    long.machine = "y".repeat(100_000);
    assert!(store.record_crash(&long, NOW_MS).await.unwrap().counted, "no index is too narrow for it");
}

#[tokio::test]
async fn a_data_folder_has_one_process() {
    let dir = folder();
    let _store = Store::open(dir.path(), Policy::default()).await.unwrap();
    let second = Store::open(dir.path(), Policy::default()).await;
    assert!(matches!(second, Err(watson_db::DbError::InUse(_))));
}
