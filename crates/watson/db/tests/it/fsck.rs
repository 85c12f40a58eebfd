//! What a check finds, and what it repairs.

use std::path::PathBuf;

use watson_db::{Flaw, FsckOptions, FsckReport, Store, last_run};

use crate::world::World;
use crate::{NOW_MS, blob, crash, on_every_place, report};

on_every_place!(
    a_sound_store_has_no_findings,
    bytes_that_are_gone_cut_changed_or_nobodys_are_found,
    counters_leases_and_jobs_that_disagree_are_found,
    the_last_sweep_and_the_last_check_are_remembered,
);

const LOOK: FsckOptions = FsckOptions { hash: true, repair: false, grace_ms: -1 };
const REPAIR: FsckOptions = FsckOptions { repair: true, ..LOOK };

async fn check(store: &Store, options: &FsckOptions) -> FsckReport {
    store.fsck(options, NOW_MS).await.unwrap()
}

fn flaws(report: &FsckReport) -> Vec<(Flaw, u64)> {
    report.found.iter().map(|(flaw, count)| (*flaw, *count)).collect()
}

async fn a_sound_store_has_no_findings(world: &World) {
    let store = world.open().await;
    for moment in 0..3 {
        report(&store, &crash(&format!("a{moment}"), moment), format!("MSCF {moment}").as_bytes()).await;
    }
    let mut undated = crash("a1", 70);
    undated.event_ms = None;
    store.record_crash(&undated, NOW_MS).await.unwrap();
    let mut late = crash("a1", 71);
    late.event_ms = Some(0);
    store.record_crash(&late, NOW_MS).await.unwrap();
    let found = check(&store, &LOOK).await;
    assert_eq!((flaws(&found), found.blobs, found.hashed_bytes, found.wrong), (vec![], 3, 18, 0));
}

fn path(world: &World, name: &str) -> PathBuf {
    world.blobs().join(&name[..2]).join(&name[2..4]).join(name)
}

async fn bytes_that_are_gone_cut_changed_or_nobodys_are_found(world: &World) {
    let store = world.open().await;
    let mut names = Vec::new();
    for moment in 0..4 {
        let bytes = format!("MSCF {moment}");
        let id = report(&store, &crash(&format!("a{moment}"), moment), bytes.as_bytes()).await;
        names.push((store.report(&id).await.unwrap().unwrap().blob, id));
    }
    let orphan = blob(&store, b"nobody's").await.sha256;
    // Another process: this one has copies.
    drop(store);
    let store = world.open().await;
    std::fs::remove_file(path(world, &names[0].0)).unwrap();
    std::fs::write(path(world, &names[1].0), b"cut").unwrap();
    std::fs::write(path(world, &names[2].0), b"MSCF X").unwrap();
    world.execute("UPDATE blob SET stored_ms = 0").await;

    let expected =
        [(Flaw::BlobMissing, 1), (Flaw::BlobSize, 1), (Flaw::BlobDamaged, 1), (Flaw::BlobOrphan, 1)];
    for _ in 0..2 {
        let found = check(&store, &LOOK).await;
        assert_eq!((flaws(&found), found.wrong), (expected.to_vec(), 4), "looking changes nothing");
        assert!(found.findings[..].iter().any(|one| one.of == orphan));
        assert!(found.findings.iter().any(|one| one.of == names[0].0 && one.detail.contains(&names[0].1)));
    }
    let young = FsckOptions { hash: false, grace_ms: 60_000, ..LOOK };
    assert_eq!(check(&store, &young).await.wrong, 2, "an upload may be under way, and bytes were not read");

    let found = check(&store, &REPAIR).await;
    assert_eq!((found.wrong, world.blob_count()), (3, 3), "the orphan is gone");
    assert_eq!(world.count("blob WHERE missing_ms IS NOT NULL").await, 1);
    std::fs::write(path(world, &names[0].0), b"MSCF 0").unwrap();
    assert_eq!(check(&store, &REPAIR).await.wrong, 2);
    assert_eq!(world.count("blob WHERE missing_ms IS NOT NULL").await, 0, "it came back");
}

async fn counters_leases_and_jobs_that_disagree_are_found(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF").await;
    report(&store, &crash("b", 2), b"MSCF b").await;
    world.execute("UPDATE hits SET count = count + 1 WHERE label = (SELECT max(n) FROM label)").await;
    world.execute("DELETE FROM hits WHERE label = (SELECT min(n) FROM label)").await;
    world.execute("UPDATE lease SET state = 'open' WHERE label = (SELECT min(n) FROM label)").await;
    world.execute("DELETE FROM job WHERE report IN (SELECT id FROM report WHERE label = (SELECT min(n) FROM label))")
        .await;
    world.execute("UPDATE job SET state = 'done'").await;
    let expected = [
        (Flaw::HitsTooFew, 1),
        (Flaw::HitsTooMany, 1),
        (Flaw::ReportWithoutLease, 1),
        (Flaw::ReportWithoutJob, 1),
        (Flaw::JobWithoutAnalysis, 1),
    ];
    let found = check(&store, &LOOK).await;
    assert_eq!((flaws(&found), found.wrong), (expected.to_vec(), 4));
    assert_eq!(check(&store, &REPAIR).await.wrong, 3, "the job is there again");
    let jobs = store.lease_jobs(5, NOW_MS, 1).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.report.as_str()).collect::<Vec<_>>(), [id]);
    assert_eq!(check(&store, &LOOK).await.wrong, 3);
}

async fn the_last_sweep_and_the_last_check_are_remembered(world: &World) {
    let store = world.open().await;
    assert_eq!(store.last_run(last_run::SWEEP).await.unwrap(), None);
    let orphan = crate::blob(&store, b"never named").await;
    for now_ms in [NOW_MS, NOW_MS + 1] {
        let swept = store.sweep_blobs(-1).await.unwrap();
        store.keep_sweep(&swept, now_ms).await.unwrap();
    }
    let swept = store.last_run(last_run::SWEEP).await.unwrap().unwrap();
    assert_eq!((swept.at_ms, &swept.result["removed"]), (NOW_MS + 1, &0.into()), "the last one counts");
    crate::report(&store, &crash("a", 1), b"MSCF x").await;
    world.execute("DELETE FROM job").await;
    store.keep_fsck(&check(&store, &LOOK).await, NOW_MS).await.unwrap();
    drop(store);
    let store = world.open().await;
    let found = store.last_run(last_run::FSCK).await.unwrap().unwrap();
    assert_eq!((&found.result["wrong"], &found.result["blobs"]), (&1.into(), &1.into()));
    assert_eq!(found.result["found"]["report_without_job"], 1);
    assert!(!found.result.to_string().contains(&orphan.sha256), "numbers only");
}
