//! When machines were last heard of.

use watson_db::{Crash, DEFAULT_TENANT, MachineFilter};

use crate::world::World;
use crate::{NOW_MS, crash, on_every_place};

on_every_place!(
    machines_are_known_by_their_last_report,
    machines_come_in_pages_and_are_told_by_their_silence
);

const HOUR_MS: i64 = 60 * 60 * 1000;

async fn machines_are_known_by_their_last_report(world: &World) {
    let store = world.open().await;
    let of = |application: &str, os: &str, moment: u64| Crash {
        machine: "PC-7".into(),
        os: os.into(),
        ..crash(application, moment)
    };
    store.record_crash(&of("app", "6.1", 1), NOW_MS).await.unwrap();
    store.record_crash(&of("app", "6.1", 2), NOW_MS + 5).await.unwrap();
    store.record_crash(&of("other", "6.2", 3), NOW_MS + HOUR_MS).await.unwrap();
    let (machine, applications) = store.machine(DEFAULT_TENANT, "pc-7").await.unwrap().unwrap();
    assert_eq!((machine.name.as_str(), machine.os.as_str()), ("PC-7", "6.2"));
    assert_eq!((machine.first_ms, machine.last_ms), (NOW_MS, NOW_MS + HOUR_MS));
    let names: Vec<_> = applications.iter().map(|one| (one.application.as_str(), one.last_ms)).collect();
    assert_eq!(names, [("other", NOW_MS + HOUR_MS), ("app", NOW_MS)]);
    let same = store.machine(DEFAULT_TENANT, &machine.id).await.unwrap().unwrap();
    assert_eq!(same.0, machine, "its pseudonym names it too");
    assert!(store.machine(2, "pc-7").await.unwrap().is_none(), "of another tenant");
    assert!(store.machine(DEFAULT_TENANT, "pc-8").await.unwrap().is_none());
}

async fn machines_come_in_pages_and_are_told_by_their_silence(world: &World) {
    let store = world.open().await;
    for number in 0..10_u64 {
        let at_ms = NOW_MS + i64::try_from(number / 2).unwrap() * HOUR_MS;
        let crash = Crash { machine: format!("m{number}"), ..crash("app", number) };
        store.record_crash(&crash, at_ms).await.unwrap();
    }
    let mut filter = MachineFilter::default();
    let mut seen = Vec::new();
    loop {
        let page = store.machines(&filter, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some((last.last_ms, last.id.clone()));
        seen.extend(page.into_iter().map(|row| (row.last_ms, row.name)));
    }
    let times: Vec<_> = seen.iter().map(|(last_ms, _)| *last_ms).collect();
    assert!(times.is_sorted_by(|one, other| one >= other), "{seen:?}");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10);
    let silent = MachineFilter { silent_since_ms: Some(NOW_MS + 2 * HOUR_MS), ..MachineFilter::default() };
    assert_eq!(store.machines(&silent, 100).await.unwrap().len(), 4);
    let other = MachineFilter { tenant: Some(2), ..MachineFilter::default() };
    assert!(store.machines(&other, 100).await.unwrap().is_empty());
}
