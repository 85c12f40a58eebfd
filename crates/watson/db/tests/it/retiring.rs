//! What is old goes, and nothing else.

use watson_db::{
    Budget, DbError, Keep, KeepScope, Kept, Policy, Retention, RetentionRule, Retired, Store, time::DAY_MS,
};

use crate::dumps::send;
use crate::world::World;
use crate::{NOW_MS, crash, on_every_place, past, report};

on_every_place!(
    reports_bodies_and_annotations_go_by_age_and_counts_stay,
    a_rule_of_a_label_goes_before_one_of_a_product_before_one_of_a_tenant_before_the_settings,
    the_newest_of_each_label_stay,
    the_clock_of_a_machine_neither_keeps_nor_removes_its_reports,
    a_running_analysis_and_an_open_lease_are_left_alone,
    a_small_budget_ends_early_and_the_next_run_goes_on,
    a_rule_replaces_the_one_before_it_and_is_written_down,
);

const ALL: Budget = Budget { batches: 1_000 };

fn keeping(what: Kept, keep: Keep) -> Retention {
    let for_ever = Keep::default();
    let mut settings = Retention { reports: for_ever, raw: for_ever, annotations: for_ever, lease_days: 35 };
    match what {
        Kept::Reports => settings.reports = keep,
        Kept::Raw => settings.raw = keep,
        Kept::Annotations => settings.annotations = keep,
    }
    settings
}

fn rule(scope: KeepScope, what: Kept, keep: Keep) -> RetentionRule {
    RetentionRule { id: 0, tenant: 1, scope, what, keep }
}

async fn apply(store: &Store, settings: &Retention, days: i64) -> Retired {
    store.apply_retention(settings, NOW_MS + days * DAY_MS, ALL).await.unwrap()
}

async fn reports_bodies_and_annotations_go_by_age_and_counts_stay(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF").await;
    let dump = send(&store, crash("b", 2), b"MDMP").await;
    assert_eq!(apply(&store, &Retention::default(), 1).await, Retired::default(), "nothing is due");

    let annotations = keeping(Kept::Annotations, Keep::days(10));
    assert_eq!(apply(&store, &annotations, 11).await.annotations, 1, "a cab has none");
    assert_eq!(apply(&store, &annotations, 11).await, Retired::default());
    assert_eq!(past::number(world, "SELECT count(*) FROM report WHERE headers <> '[]'").await, 0);

    assert_eq!(apply(&store, &keeping(Kept::Raw, Keep::days(10)), 11).await.raw, 2);
    assert_eq!(past::number(world, "SELECT count(*) FROM raw").await, 0);

    let gone = apply(&store, &keeping(Kept::Reports, Keep::days(10)), 11).await;
    assert_eq!(gone.reports, 2);
    assert!(
        store.report(&id).await.unwrap().is_none() && store.report(&dump.report).await.unwrap().is_none()
    );
    for table in
        ["SELECT count(*) FROM job", "SELECT count(*) FROM report_file", "SELECT count(*) FROM analysis"]
    {
        assert_eq!(past::number(world, table).await, 0, "{table}");
    }
    assert_eq!(past::number(world, "SELECT count(*) FROM lease WHERE machine_name <> ''").await, 0);
    assert_eq!(store.counts().await.unwrap().hits, 2, "exact counts stay");
    assert!(
        !store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().counted,
        "and it is known as told before"
    );
    // The dump's place is free again, and the cab's is not.
    assert_eq!(past::number(world, "SELECT count(*) FROM lease").await, 1);

    assert_eq!(store.verify_audit(None).await.unwrap().broken, None);
    assert_eq!(store.verify_audit(None).await.unwrap().rows, 3, "each batch is written down");
}

async fn a_rule_of_a_label_goes_before_one_of_a_product_before_one_of_a_tenant_before_the_settings(
    world: &World,
) {
    let store = world.open().await;
    let label = report(&store, &crash("label", 1), b"MSCF1").await;
    let product = report(&store, &crash("product", 2), b"MSCF2").await;
    let tenant = report(&store, &crash("tenant", 3), b"MSCF3").await;
    let mut other = crash("product", 4);
    other.tenant = store.tenant("other", "test", NOW_MS).await.unwrap();
    let other = report(&store, &other, b"MSCF4").await;
    let bucket = store.report(&label).await.unwrap().unwrap().bucket;
    for (scope, days) in
        [(KeepScope::Label(bucket), 5), (KeepScope::Product("product".into()), 10), (KeepScope::All, 20)]
    {
        store.set_retention(&rule(scope, Kept::Reports, Keep::days(days)), "ann", NOW_MS).await.unwrap();
    }
    let settings = keeping(Kept::Reports, Keep::days(30));
    for (day, left) in [(4, 4), (6, 3), (11, 2), (21, 1), (31, 0)] {
        apply(&store, &settings, day).await;
        let mut here = 0;
        for id in [&label, &product, &tenant, &other] {
            here += i32::from(store.report(id).await.unwrap().is_some());
        }
        assert_eq!(here, left, "on day {day}");
    }
    // The same for bodies, whose label is looked up.
    for (scope, days) in [(KeepScope::Label(bucket), 50), (KeepScope::All, 40)] {
        store.set_retention(&rule(scope, Kept::Raw, Keep::days(days)), "ann", NOW_MS).await.unwrap();
    }
    let settings = keeping(Kept::Raw, Keep::days(45));
    for (day, left) in [(39, 4), (41, 2), (46, 1), (51, 0)] {
        apply(&store, &settings, day).await;
        assert_eq!(past::number(world, "SELECT count(*) FROM raw").await, left, "on day {day}");
    }
}

async fn the_clock_of_a_machine_neither_keeps_nor_removes_its_reports(world: &World) {
    let store = world.open().await;
    let year_1601 = -11_644_473_600_000;
    let year_2099 = 4_070_908_800_000;
    let mut sent = Vec::new();
    for (moment, event_ms) in (1..).zip([year_1601, year_2099, i64::MIN, i64::MAX, NOW_MS]) {
        let crash = watson_db::Crash { event_ms: Some(event_ms), ..crash("a", moment) };
        sent.push(send(&store, crash, &[moment as u8]).await);
    }
    let settings = keeping(Kept::Reports, Keep::days(10));
    assert_eq!(apply(&store, &settings, 9).await, Retired::default(), "they came nine days ago");
    for answer in &sent {
        assert!(store.report(&answer.report).await.unwrap().is_some());
    }
    assert_eq!(apply(&store, &settings, 11).await.reports, 5);
}

async fn the_newest_of_each_label_stay(world: &World) {
    let store = world.open_with(Policy { dumps_per_bucket: 100, ..Policy::default() }).await;
    for (application, first, dumps) in [("a", 1, 5_u8), ("b", 11, 2)] {
        for moment in 0..dumps {
            send(&store, crash(application, u64::from(moment) + first), &[moment, dumps]).await;
        }
    }
    let keep = Keep { days: None, count: Some(2) };
    assert_eq!(apply(&store, &keeping(Kept::Reports, keep), 0).await.reports, 3);
    assert_eq!(store.counts().await.unwrap().reports, 4);
    let none = rule(KeepScope::Product("p".into()), Kept::Reports, Keep { days: None, count: Some(0) });
    store.set_retention(&none, "ann", NOW_MS).await.unwrap();
    assert_eq!(apply(&store, &keeping(Kept::Reports, keep), 0).await.reports, 4);
    let bodies = Keep { days: None, count: Some(3) };
    assert_eq!(apply(&store, &keeping(Kept::Raw, bodies), 0).await.raw, 4, "of 7");
}

async fn a_running_analysis_and_an_open_lease_are_left_alone(world: &World) {
    let store = world.open().await;
    let wish = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap();
    let id = report(&store, &crash("a", 2), b"MSCF").await;
    let later = NOW_MS + 400 * DAY_MS;
    let job = store.take_job(later, 60_000).await.unwrap().unwrap();
    let settings = Retention { reports: Keep::days(1), raw: Keep::days(1), ..Retention::default() };
    let gone = store.apply_retention(&settings, later, ALL).await.unwrap();
    assert_eq!((gone.reports, gone.raw), (0, 2));
    store.finish_job(&job, &watson_db::Reading::default(), later).await.unwrap();
    assert!(store.report(&id).await.unwrap().unwrap().reading.is_some());
    assert_eq!(store.apply_retention(&settings, later, ALL).await.unwrap().reports, 1);

    // An upload that has begun keeps its lease, however old its crash is.
    assert_eq!(
        past::number(world, "SELECT count(*) FROM lease WHERE state = 'open'").await,
        0,
        "long expired"
    );
    assert!(store.cab_ticket(&wish.token, later).await.unwrap().is_none());
    let fresh = store.record_crash(&crash("b", 3), NOW_MS).await.unwrap().wish.unwrap();
    let soon = NOW_MS + DAY_MS;
    assert_eq!(store.apply_retention(&settings, soon, ALL).await.unwrap().leases, 0);
    assert!(store.cab_ticket(&fresh.token, soon).await.unwrap().is_some());
}

async fn a_small_budget_ends_early_and_the_next_run_goes_on(world: &World) {
    let store = world.open().await;
    let batch: Vec<_> = (0..1_200).map(|moment| crash("a", moment)).collect();
    store.record_hits(&batch, NOW_MS).await.unwrap();
    let settings = keeping(Kept::Raw, Keep::days(1));
    let mut removed = Vec::new();
    loop {
        let run = store.apply_retention(&settings, NOW_MS + 2 * DAY_MS, Budget { batches: 1 }).await.unwrap();
        removed.push(run.raw);
        if !run.more {
            break;
        }
    }
    assert_eq!(removed, [500, 500, 200, 0]);
}

async fn a_rule_replaces_the_one_before_it_and_is_written_down(world: &World) {
    let store = world.open().await;
    let set = async |scope, what, keep| store.set_retention(&rule(scope, what, keep), "ann", NOW_MS).await;
    set(KeepScope::All, Kept::Raw, Keep::days(3)).await.unwrap();
    set(KeepScope::Product(String::new()), Kept::Raw, Keep::days(4)).await.unwrap();
    let id = set(KeepScope::All, Kept::Raw, Keep::days(5)).await.unwrap();
    let rules = store.retention_rules().await.unwrap();
    assert_eq!(rules.len(), 2);
    assert!(rules.iter().any(|rule| (rule.id, rule.keep.days) == (id, Some(5))));
    let counted = Keep { days: None, count: Some(1) };
    assert!(matches!(set(KeepScope::All, Kept::Raw, counted).await, Err(DbError::Refused(_))));
    store.remove_retention(id, "ann", NOW_MS).await.unwrap();
    assert!(matches!(store.remove_retention(id, "ann", NOW_MS).await, Err(DbError::Missing(_))));
    let acts: Vec<_> = store.audit_rows(0).await.unwrap().into_iter().map(|row| row.act).collect();
    assert_eq!(acts, ["retention.set", "retention.set", "retention.set", "retention.unset"]);
}
