//! Blobs that nothing names go; blobs that somebody names, or is about to name, stay.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use watson_db::{CabOutcome, NAMED_BY, Released, Store};

use crate::world::World;
use crate::{NOW_MS, blob, crash, on_every_place, report};

on_every_place!(
    what_a_stopped_upload_left_goes_and_what_is_named_stays,
    blobs_are_released_once_nothing_names_them,
    a_removal_that_was_cut_is_ended_by_the_sweep,
    uploads_beside_the_sweep_of_the_same_bytes_lose_nothing,
);

async fn what_a_stopped_upload_left_goes_and_what_is_named_stays(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF kept").await;
    let orphan = blob(&store, b"never named").await;
    assert_eq!(store.sweep_blobs(60_000).await.unwrap().removed, 0, "it is young");
    let swept = store.sweep_blobs(-1).await.unwrap();
    assert_eq!((swept.removed, swept.removed_bytes, world.blob_count()), (1, 11, 1));
    assert!(store.blob_file(&orphan.sha256).await.is_err(), "also no copy is left");
    let kept = store.report(&id).await.unwrap().unwrap().blob;
    assert_eq!(std::fs::read(store.blob_file(&kept).await.unwrap().path()).unwrap(), b"MSCF kept");
}

async fn blobs_are_released_once_nothing_names_them(world: &World) {
    let store = world.open().await;
    let id = report(&store, &crash("a", 1), b"MSCF one").await;
    let name = store.report(&id).await.unwrap().unwrap().blob;
    let names = [name];
    assert_eq!(store.release_blobs(&names).await.unwrap(), Released { removed: 0, kept: 1 });
    world.execute("DELETE FROM job").await;
    world.execute("DELETE FROM report").await;
    assert_eq!(store.release_blobs(&names).await.unwrap(), Released { removed: 1, kept: 0 });
    assert_eq!(world.blob_count(), 0);
    assert_eq!(store.release_blobs(&names).await.unwrap(), Released { removed: 1, kept: 0 }, "again");

    // Bytes that were stored before the others went are not believed; they are sent again.
    let wish = store.record_crash(&crash("a", 2), NOW_MS).await.unwrap().wish.unwrap();
    let ticket = store.cab_ticket(&wish.token, NOW_MS).await.unwrap().unwrap();
    let same = blob(&store, b"MSCF one").await;
    assert!(store.commit_cab(&ticket, &same, NOW_MS).await.unwrap_err().is_busy());
    world.execute("UPDATE doomed SET gone_ms = gone_ms - 60000").await;
    let same = blob(&store, b"MSCF one").await;
    assert!(matches!(store.commit_cab(&ticket, &same, NOW_MS).await.unwrap(), CabOutcome::Stored { .. }));
    assert_eq!(world.blob_count(), 1);
}

async fn a_removal_that_was_cut_is_ended_by_the_sweep(world: &World) {
    let store = world.open().await;
    let orphan = blob(&store, b"half removed").await.sha256;
    world.execute(&format!("INSERT INTO doomed (sha256, since_ms) VALUES ('{orphan}', 0)")).await;
    assert_eq!(store.sweep_blobs(60_000).await.unwrap().removed, 1);
    assert_eq!(world.blob_count(), 0);
    world.execute("UPDATE doomed SET gone_ms = 0").await;
    store.sweep_blobs(60_000).await.unwrap();
    assert_eq!(world.count("doomed").await, 0, "it is forgotten");
}

/// Uploads that bring the same few bytes again and again, whose reports are deleted as soon as they are there, and
/// removals of the same bytes before and beside them. Whatever a commit took is there.
async fn uploads_beside_the_sweep_of_the_same_bytes_lose_nothing(world: &World) {
    let store = Arc::new(world.open().await);
    let (begin, mut begun) = tokio::sync::mpsc::channel::<u8>(1);
    let (end, mut ended) = tokio::sync::mpsc::channel(1);
    let removing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            while let Some(byte) = begun.recv().await {
                store.release_blobs(&[name_of(byte)]).await.unwrap();
                end.send(()).await.unwrap();
            }
        }
    });
    let (mut taken, mut refused) = (0, 0);
    for round in 0..rounds() {
        let byte = (round / 3 % 3) as u8;
        let bytes = [byte; 5];
        let crash = crash(&format!("a{round}"), round);
        let wish = store.record_crash(&crash, NOW_MS).await.unwrap().wish.unwrap();
        let ticket = store.cab_ticket(&wish.token, NOW_MS).await.unwrap().unwrap();
        // As if time had passed.
        world.execute("UPDATE doomed SET gone_ms = gone_ms - 60000").await;
        // Without a removal; with one before; with one beside.
        let is_early = round % 3 == 1;
        if round % 3 > 0 {
            begin.send(byte).await.unwrap();
        }
        if is_early {
            ended.recv().await.unwrap();
        }
        let there = blob(&store, &bytes).await;
        let outcome = store.commit_cab(&ticket, &there, NOW_MS).await;
        if round % 3 == 2 {
            ended.recv().await.unwrap();
        }
        match outcome {
            Ok(_) => {
                assert!(on_disk(world, &there.sha256), "round {round}: it was taken and is gone");
                taken += 1;
                world.execute("DELETE FROM job").await;
                world.execute("DELETE FROM report").await;
            }
            Err(error) => {
                assert!(error.is_busy(), "{error}");
                refused += 1;
            }
        }
    }
    drop(begin);
    removing.await.unwrap();
    assert!(taken >= rounds() / 3 && refused >= rounds() / 3, "{taken} taken, {refused} refused");
}

fn rounds() -> u64 {
    if std::env::var_os("WATSON_LONG_TESTS").is_some() { 2_000 } else { 60 }
}

fn name_of(byte: u8) -> String {
    use sha2::Digest;
    sha2::Sha256::digest([byte; 5]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In the place itself, and not only a copy.
fn on_disk(world: &World, name: &str) -> bool {
    world.blobs().join(&name[..2]).join(&name[2..4]).join(name).exists()
}

#[tokio::test]
async fn the_sweep_knows_every_table_that_names_blobs() {
    let world = World::sqlite();
    let _store: Store = world.open().await;
    let file = world.dir.path().join("watson.sqlite");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
    let keys: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.name, k.\"from\" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) k
         WHERE m.type = 'table' AND k.\"table\" = 'blob' ORDER BY 1, 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut known: Vec<_> = NAMED_BY.iter().map(|(t, c)| ((*t).to_owned(), (*c).to_owned())).collect();
    known.sort();
    assert_eq!(keys, known, "add it to NAMED_BY in src/blob/sweep.rs");
}
