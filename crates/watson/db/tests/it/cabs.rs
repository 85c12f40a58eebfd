//! Cabs become blobs, reports and jobs.

use watson_db::CabOutcome;

use crate::world::World;
use crate::{NOW_MS, blob, crash, on_every_place, report};

on_every_place!(
    a_cab_is_on_disk_under_its_hash_and_repeats_are_known,
    unknown_tokens_and_reports_are_unknown,
    an_unfinished_blob_leaves_nothing,
    a_cab_that_comes_too_late_takes_no_place,
    an_upload_that_breaks_off_keeps_its_place_no_longer,
);

async fn a_cab_is_on_disk_under_its_hash_and_repeats_are_known(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF one").await;
    let row = store.report(&id).await.unwrap().unwrap();
    assert_eq!(std::fs::read(store.blob_file(&row.blob).await.unwrap().path()).unwrap(), b"MSCF one");
    assert_eq!((row.cab_bytes, row.job_state.as_str(), row.machine.as_str()), (8, "open", "m1"));
    assert_eq!(row.event_ms, NOW_MS - 1);

    let wish = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap();
    let ticket = store.cab_ticket(&wish.token, i64::MAX).await.unwrap().expect("a used token stays good");
    assert_eq!(ticket.here, Some((id.clone(), row.blob)));
    let same = blob(&store, b"MSCF one").await;
    assert_eq!(
        store.commit_cab(&ticket, &same, NOW_MS).await.unwrap(),
        CabOutcome::AlreadyHere { report: id.clone() }
    );
    let other = blob(&store, b"MSCF two").await;
    assert_eq!(store.commit_cab(&ticket, &other, NOW_MS).await.unwrap(), CabOutcome::Different);
    assert_eq!(store.bucket(row.bucket, NOW_MS).await.unwrap().unwrap().reports, [id]);
}

async fn unknown_tokens_and_reports_are_unknown(world: &World) {
    let store = world.open().await;
    assert_eq!(store.cab_ticket("../../etc/passwd", NOW_MS).await.unwrap(), None);
    assert_eq!(store.report("nothing").await.unwrap(), None);
    assert_eq!(store.bucket(7, NOW_MS).await.unwrap(), None);
}

async fn an_unfinished_blob_leaves_nothing(world: &World) {
    let store = world.open().await;
    let mut writer = store.begin_blob().await.unwrap();
    writer.write(b"half").await.unwrap();
    let tmp = store.dir().tmp();
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0);
    std::fs::write(tmp.join("left"), b"x").unwrap();
    drop(store);
    let _store = world.open().await;
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0);
}

async fn a_cab_that_comes_too_late_takes_no_place(world: &World) {
    let store = world.open().await;
    let token = store.record_crash(&crash("a", 1), NOW_MS).await.unwrap().wish.unwrap().token;
    let ticket = store.cab_ticket(&token, NOW_MS).await.unwrap().unwrap();
    let later = NOW_MS + watson_db::Policy::DEFAULT_LEASE_MS;
    for moment in 2..5 {
        assert!(store.record_crash(&crash("a", moment), later).await.unwrap().wish.is_some());
    }
    let late = blob(&store, b"MSCF").await;
    assert_eq!(store.commit_cab(&ticket, &late, later).await.unwrap(), CabOutcome::NotWanted);
    assert_eq!(store.counts().await.unwrap().reports, 0);
}

async fn an_upload_that_breaks_off_keeps_its_place_no_longer(world: &World) {
    let store = world.open().await;
    let lease_ms = watson_db::Policy::DEFAULT_LEASE_MS;
    let token = store.record_crash(&crash("app", 1), NOW_MS).await.unwrap().wish.unwrap().token;
    let begun_ms = NOW_MS + lease_ms - 1;
    let ticket = store.cab_ticket(&token, begun_ms).await.unwrap().unwrap();
    let open = async |now_ms: i64| {
        let leases = store.leases(ticket.bucket, None, 10, now_ms).await.unwrap();
        leases.iter().filter(|lease| lease.state == "open").count()
    };
    assert_eq!(open(NOW_MS + lease_ms + 1).await, 1, "it is on its way");
    store.let_cab_go(&ticket).await.unwrap();
    assert_eq!((open(begun_ms).await, open(NOW_MS + lease_ms + 1).await), (1, 0));
    assert!(store.cab_ticket(&token, begun_ms).await.unwrap().is_some(), "it may be tried again");
}
