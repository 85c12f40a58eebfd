//! What is asked of whom, and what they are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::task::JoinSet;
use watson_db::collection::DataPolicy;
use watson_db::{
    CabOutcome, Crash, DEFAULT_TENANT, JobFailure, Policy, Quota, Reading, Rule, Scope, Solution, Store,
    Wants,
};
use wer_model::Parameter;

use crate::world::{World, folder};
use crate::{NOW_MS, blob, crash, on_every_place};

on_every_place!(
    a_policy_asks_for_what_it_names_and_ends,
    a_solution_is_told_and_a_fixed_version_that_crashes_is_a_regression,
);

const QUOTA: Quota = Quota { wanted: 20, memory_dumps: 20, max_spoiled: 100, per_machine: 1 };

fn rule(application: &str) -> Scope {
    Scope::Rule(Rule {
        event_type: "APPCRASH".into(),
        parameters: BTreeMap::from([(1, application.to_owned())]),
    })
}

async fn a_policy_asks_for_what_it_names_and_ends(world: &World) {
    let store = world.open().await;
    let wants = Wants { dump_type: "heap".into(), files: vec!["/etc/a".into()], ..Wants::default() };
    let policy = DataPolicy {
        tenant: DEFAULT_TENANT,
        scope: rule("a*"),
        quota: Quota { wanted: 1, ..QUOTA },
        wants: wants.clone(),
        until_ms: Some(NOW_MS + 1_000),
    };
    let id = store.add_policy(&policy, "test", NOW_MS).await.unwrap();
    let wish = async |application: &str, moment: u64, now_ms: i64| {
        store.record_crash(&crash(application, moment), now_ms).await.unwrap().wish
    };
    assert_eq!(wish("app", 1, NOW_MS).await.unwrap().wants, wants);
    assert_eq!(wish("app", 2, NOW_MS).await, None, "one was wanted");
    assert_eq!(wish("b", 3, NOW_MS).await.unwrap().wants, Wants::default(), "the rule is not for it");
    assert_eq!(wish("a2", 4, NOW_MS).await.unwrap().wants, wants, "each bucket has its own quota");
    assert_eq!(wish("a3", 5, NOW_MS + 1_000).await.unwrap().wants, Wants::default(), "it is over");
    store.remove_policy(id, "test", NOW_MS).await.unwrap();
    assert_eq!(wish("a4", 6, NOW_MS).await.unwrap().wants, Wants::default());
    assert!(matches!(store.remove_policy(id, "test", NOW_MS).await, Err(watson_db::DbError::Missing(_))));
}

async fn a_solution_is_told_and_a_fixed_version_that_crashes_is_a_regression(world: &World) {
    let store = world.open().await;
    let version =
        |version: &str, moment: u64| Crash { application_version: version.into(), ..crash("app", moment) };
    let first = store.record_crash(&version("1.9", 1), NOW_MS).await.unwrap();
    assert_eq!(first.solution, None);
    let mut solution = Solution {
        id: 0,
        url: "https://example.com/1".into(),
        text: "update".into(),
        fixed_in: Some("1.10".into()),
    };
    let scope = Scope::Label(first.bucket);
    solution.id = store.add_solution(DEFAULT_TENANT, &scope, &solution, "test", NOW_MS).await.unwrap();
    let told = store.record_crash(&version("1.9", 2), NOW_MS).await.unwrap();
    assert_eq!(told.solution.as_ref(), Some(&solution));
    let again = store.record_crash(&version("1.9", 1), NOW_MS).await.unwrap();
    assert_eq!(again.solution.as_ref(), Some(&solution), "a machine that asks again learns it");
    assert_eq!(store.record_crash(&crash("other", 3), NOW_MS).await.unwrap().solution, None);
    assert_eq!(store.regressions(None).await.unwrap(), []);
    for (moment, now_ms) in [(4, NOW_MS), (5, NOW_MS + 7), (5, NOW_MS + 9)] {
        store.record_crash(&version("1.10.1", moment), now_ms).await.unwrap();
    }
    let regressions = store.regressions(None).await.unwrap();
    assert_eq!(regressions.len(), 1, "{regressions:?}");
    let one = &regressions[0];
    assert_eq!((one.solution, one.bucket, one.version.as_str()), (solution.id, first.bucket, "1.10.1"));
    assert_eq!((one.count, one.first_ms, one.last_ms), (2, NOW_MS, NOW_MS + 7));
}

/// What a machine does that is asked for a cab.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    Silent,
    Junk,
    Good,
}

impl Machine {
    /// 60 % are silent, 10 % send junk.
    fn of(number: u64) -> Self {
        match number % 10 {
            0..6 => Self::Silent,
            6 => Self::Junk,
            _ => Self::Good,
        }
    }
}

/// Places that are taken at this moment, told by the rows themselves.
async fn taken(pool: &sqlx::PgPool, now_ms: i64) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM lease WHERE policy <> 0 AND (state = 'used' OR (state = 'open' AND expires_ms > $1))",
    )
    .bind(now_ms)
    .fetch_one(pool)
    .await
    .unwrap()
}

/// One machine crashes; where it is asked, it does what it does, and what it sent is analysed.
async fn live(store: &Store, number: u64, moment: u64, now_ms: i64) {
    let mut crash = Crash { machine: format!("pc-{number}"), ..crash("app", moment) };
    crash.event_ms = Some(now_ms - i64::try_from(number).unwrap());
    let Some(wish) = store.record_crash(&crash, now_ms).await.unwrap().wish else { return };
    if Machine::of(number) == Machine::Silent {
        return;
    }
    let ticket = store.cab_ticket(&wish.token, now_ms).await.unwrap().expect("it has just been asked");
    let bytes = if Machine::of(number) == Machine::Junk { b"MSCF junk" } else { b"MSCF good" };
    let blob = blob(store, bytes).await;
    assert!(matches!(store.commit_cab(&ticket, &blob, now_ms).await.unwrap(), CabOutcome::Stored { .. }));
}

async fn analyze(store: &Store, junk: &str, now_ms: i64) {
    for job in store.lease_jobs(100, now_ms, 1_000).await.unwrap() {
        if job.blob == junk {
            store.fail_job(&job, "junk", JobFailure::Poison).await.unwrap();
        } else {
            store.finish_job(&job, &Reading::default(), now_ms).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_usable_cabs_of_two_hundred_machines_by_two_processes_and_never_more_outstanding() {
    let world = World::postgres();
    let other_folder = folder();
    let open =
        async |folder| Arc::new(Store::open_at(folder, &world.places(), Policy::default()).await.unwrap());
    let stores = [open(world.dir.path()).await, open(other_folder.path()).await];
    let policy = DataPolicy {
        tenant: DEFAULT_TENANT,
        scope: rule("app"),
        quota: QUOTA,
        wants: Wants::default(),
        until_ms: None,
    };
    stores[0].add_policy(&policy, "test", NOW_MS).await.unwrap();
    let junk = blob(&stores[0], b"MSCF junk").await.sha256;
    let url = world.places().database.unwrap();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let most = Arc::new(AtomicI64::new(0));
    // Leases last an hour. In each hour, every machine crashes once.
    for hour in 0..40 {
        let now_ms = NOW_MS + hour * Policy::DEFAULT_LEASE_MS;
        let mut machines = JoinSet::new();
        for number in 0..200_u64 {
            let (store, pool, most) =
                (Arc::clone(&stores[(number % 2) as usize]), pool.clone(), Arc::clone(&most));
            let moment = u64::try_from(hour).unwrap() * 1_000 + number;
            machines.spawn(async move {
                live(&store, number, moment, now_ms).await;
                if number % 20 == 0 {
                    most.fetch_max(taken(&pool, now_ms).await, Ordering::Relaxed);
                }
            });
        }
        machines.join_all().await;
        most.fetch_max(taken(&pool, now_ms).await, Ordering::Relaxed);
        for store in &stores {
            analyze(store, &junk, now_ms).await;
        }
    }
    let good: i64 = sqlx::query_scalar("SELECT count(*) FROM lease WHERE policy <> 0 AND state = 'used'")
        .fetch_one(&pool)
        .await
        .unwrap();
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT machine FROM lease WHERE state = 'used' GROUP BY machine HAVING count(*) > 1) AS m",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((good, most.load(Ordering::Relaxed), twice), (20, 20, 0));
    assert_eq!(stores[1].counts().await.unwrap().hits, 40 * 200, "and every crash is counted");
}

#[tokio::test]
async fn room_that_another_process_makes_is_found_with_the_next_look_at_the_orders() {
    let world = World::postgres();
    let other_folder = folder();
    let open = async |folder| Store::open_at(folder, &world.places(), Policy::default()).await.unwrap();
    let stores = [open(world.dir.path()).await, open(other_folder.path()).await];
    let policy = |wanted| DataPolicy {
        tenant: DEFAULT_TENANT,
        scope: rule("app"),
        quota: Quota { wanted, ..QUOTA },
        wants: Wants::default(),
        until_ms: None,
    };
    let id = stores[0].add_policy(&policy(1), "test", NOW_MS).await.unwrap();
    let wish = async |store: &Store, number: u64, now_ms: i64| {
        store.record_crash(&crash("app", number), now_ms).await.unwrap().wish
    };
    assert!(wish(&stores[1], 1, NOW_MS).await.is_some());
    assert_eq!(wish(&stores[1], 2, NOW_MS).await, None, "the bucket is full, and known to be");
    stores[0].change_policy(id, &policy(2), "test", NOW_MS).await.unwrap();
    let later_ms = NOW_MS + watson_db::limits::ORDERS_GOOD_FOR_MS + 1;
    assert!(wish(&stores[1], 3, later_ms).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_count_exactly() {
    let world = World::postgres();
    let other_folder = folder();
    let open =
        async |folder| Arc::new(Store::open_at(folder, &world.places(), Policy::default()).await.unwrap());
    let stores = [open(world.dir.path()).await, open(other_folder.path()).await];
    let mut senders = JoinSet::new();
    for sender in 0..8_u64 {
        let store = Arc::clone(&stores[(sender % 2) as usize]);
        senders.spawn(async move {
            for round in 0..10_u64 {
                // Each crash is told twice, by both processes; labels come in another order every time.
                let batch: Vec<_> = (0..60_u64)
                    .map(|n| {
                        let n = (n * 7 + sender * 13 + round) % 60;
                        let mut crash =
                            crash(&format!("app{}", n % 30), (sender / 2) * 10_000 + round * 100 + n);
                        crash.signature.parameters.push(Parameter::new("v", ""));
                        crash
                    })
                    .collect();
                store.record_hits(&batch, NOW_MS).await.unwrap();
            }
        });
    }
    senders.join_all().await;
    let rows = stores[0].buckets(0, NOW_MS).await.unwrap();
    let hits: Vec<_> = rows.iter().map(|row| row.hits).collect();
    assert_eq!(hits, [4 * 10 * 2; 30]);
}
