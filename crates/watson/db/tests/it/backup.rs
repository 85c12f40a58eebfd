//! Backups of a store that is in use, and what comes back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use watson_db::backup::{BackupDone, BackupError, BackupOf, RestoreFrom, backup, list, restore};
use watson_db::{DEFAULT_TENANT, DbError, Places, Policy, Store};

use crate::world::{World, folder};
use crate::{NOW_MS, crash, on_every_place, report};

on_every_place!(
    what_was_accepted_before_a_backup_under_load_comes_back_with_its_bytes,
    the_next_backup_copies_only_what_is_new,
    a_backup_that_dies_leaves_nothing_to_restore_and_its_pause_goes_on,
    a_machine_that_was_erased_after_a_backup_stays_erased_when_it_comes_back,
    a_place_that_is_not_empty_is_left_alone,
    bytes_that_changed_or_are_gone_are_found_and_no_server_starts_on_what_came,
);

fn of(world: &World, output: &Path) -> BackupOf {
    BackupOf {
        data: world.dir.path().to_owned(),
        places: world.places(),
        output: output.to_owned(),
        blobs: true,
    }
}

async fn made(world: &World, output: &Path) -> BackupDone {
    backup(&of(world, output)).await.expect("a backup is made")
}

fn from(output: &Path, target: &World) -> RestoreFrom {
    RestoreFrom {
        from: output.to_owned(),
        snapshot: None,
        erasures: None,
        data: target.dir.path().to_owned(),
        places: target.places(),
    }
}

async fn restored(output: &Path, target: &World) -> Store {
    let (done, store) = restore(&from(output, target), Policy::default()).await.expect("it comes back");
    assert!(done.lost.is_empty(), "{done:?}");
    store.end_restore().unwrap();
    store
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

async fn what_was_accepted_before_a_backup_under_load_comes_back_with_its_bytes(world: &World) {
    const BEFORE: u64 = 20;
    let output = folder();
    let store = Arc::new(world.open().await);
    std::fs::create_dir_all(world.dir.path().join("spool")).unwrap();
    std::fs::write(world.dir.path().join("spool/one"), b"accepted, and not in the rows yet").unwrap();
    let (told, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let load = tokio::spawn({
        let (store, told, stop) = (Arc::clone(&store), Arc::clone(&told), Arc::clone(&stop));
        async move {
            let mut moment = 0;
            while !stop.load(Ordering::SeqCst) {
                moment += 1;
                let application = format!("a{moment}");
                report(&store, &crash(&application, moment), format!("cab {moment}").as_bytes()).await;
                told.store(moment, Ordering::SeqCst);
            }
            moment
        }
    });
    while told.load(Ordering::SeqCst) < BEFORE {
        tokio::task::yield_now().await;
    }
    let before = told.load(Ordering::SeqCst);
    let done = made(world, output.path()).await;
    stop.store(true, Ordering::SeqCst);
    let after = load.await.unwrap();
    assert!(done.blobs.unwrap() >= before && done.lost.is_empty(), "{done:?}");

    let target = world.another();
    let back = restored(output.path(), &target).await;
    let counts = back.counts().await.unwrap();
    assert!(
        (before..=after).contains(&u64::try_from(counts.reports).unwrap()),
        "{counts:?} {before} {after}"
    );
    assert_eq!(
        std::fs::read(target.dir.path().join("spool/one")).unwrap(),
        b"accepted, and not in the rows yet"
    );
    for moment in 1..=before {
        let again = back.record_crash(&crash(&format!("a{moment}"), moment), NOW_MS).await.unwrap();
        assert!(!again.counted, "crash {moment} is known");
        let bucket = back.bucket(again.bucket, NOW_MS).await.unwrap().unwrap();
        assert_eq!((bucket.hits, bucket.reports.len()), (1, 1));
        let row = back.report(&bucket.reports[0]).await.unwrap().unwrap();
        let file = back.blob_file(&row.blob).await.unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), format!("cab {moment}").into_bytes());
    }
    back.close().await;
    drop(back);
    target.open().await.close().await;
}

async fn the_next_backup_copies_only_what_is_new(world: &World) {
    let output = folder();
    let store = world.open().await;
    report(&store, &crash("a", 1), b"one").await;
    let first = made(world, output.path()).await;
    report(&store, &crash("b", 2), b"two").await;
    let second = made(world, output.path()).await;
    assert_eq!((first.blobs, second.blobs, second.copied, second.copied_bytes), (Some(1), Some(2), 1, 3));
    assert_eq!(list(output.path()).unwrap(), [first.name.clone(), second.name]);

    let target = world.another();
    let old = RestoreFrom { snapshot: Some(first.name), ..from(output.path(), &target) };
    let (_, back) = restore(&old, Policy::default()).await.unwrap();
    assert_eq!(back.counts().await.unwrap().reports, 1);
}

async fn a_backup_that_dies_leaves_nothing_to_restore_and_its_pause_goes_on(world: &World) {
    let (output, elsewhere) = (folder(), folder());
    let store = world.open().await;
    report(&store, &crash("a", 1), b"one").await;
    // Its own files are copied before the rows; this one takes long enough to be met on the way.
    let endless = world.dir.path().join("own");
    std::fs::File::create(&endless).unwrap().set_len(1 << 34).unwrap();
    let unfinished = output.path().join("tmp");
    let dies = tokio::spawn({
        let of = of(world, output.path());
        async move { backup(&of).await }
    });
    while !unfinished.is_dir() || files_below(&unfinished).is_empty() {
        tokio::task::yield_now().await;
    }
    dies.abort();
    assert!(dies.await.unwrap_err().is_cancelled());
    std::fs::remove_file(&endless).unwrap();
    assert!(list(output.path()).unwrap().is_empty());
    let none = restore(&from(output.path(), &world.another()), Policy::default()).await;
    assert!(matches!(none, Err(BackupError::NoSnapshot(_))));
    assert!(matches!(backup(&of(world, elsewhere.path())).await, Err(BackupError::Paused)));
    let done = made(world, output.path()).await;
    assert_eq!(list(output.path()).unwrap(), [done.name]);
    assert!(backup(&of(world, elsewhere.path())).await.is_ok(), "the pause ended with the backup");
}

async fn a_machine_that_was_erased_after_a_backup_stays_erased_when_it_comes_back(world: &World) {
    let output = folder();
    let store = world.open().await;
    report(&store, &crash("a", 1), b"of machine 1").await;
    report(&store, &crash("b", 2), b"of machine 2").await;
    let first = made(world, output.path()).await;
    store.erase_machine(DEFAULT_TENANT, "m1", "test", NOW_MS).await.unwrap();
    let log = world.dir.path().join("erasures.log");
    assert!(log.is_file());

    // Reports, and files of their bytes.
    let back = async |change: &dyn Fn(&mut RestoreFrom)| {
        let target = world.another();
        let mut from = from(output.path(), &target);
        change(&mut from);
        let (_, back) = restore(&from, Policy::default()).await.unwrap();
        (back.counts().await.unwrap().reports, target.blob_count())
    };
    assert_eq!(back(&|_| {}).await, (2, 2), "nothing told of the erasure");
    assert_eq!(back(&|from| from.erasures = Some(log.clone())).await, (1, 1));
    made(world, output.path()).await;
    let old = |from: &mut RestoreFrom| from.snapshot = Some(first.name.clone());
    assert_eq!(back(&old).await, (1, 1), "a later snapshot knows of it");
}

async fn a_place_that_is_not_empty_is_left_alone(world: &World) {
    let output = folder();
    world.open().await.close().await;
    made(world, output.path()).await;
    let full = restore(&from(output.path(), world), Policy::default()).await;
    assert!(matches!(full, Err(BackupError::NotEmpty(_))));
    let database_only = RestoreFrom { data: folder().path().join("new"), ..from(output.path(), world) };
    let outcome = restore(&database_only, Policy::default()).await;
    assert_eq!(outcome.is_err(), world.places().database.is_some());
    let kind = match world.places().database {
        Some(_) => Places::default(),
        None => Places { database: Some("postgres:///nowhere".into()), ..Places::default() },
    };
    let other = RestoreFrom { places: kind, ..from(output.path(), &world.another()) };
    assert!(matches!(restore(&other, Policy::default()).await, Err(BackupError::OtherKind(..))));
}

async fn bytes_that_changed_or_are_gone_are_found_and_no_server_starts_on_what_came(world: &World) {
    let output = folder();
    let store = world.open().await;
    report(&store, &crash("a", 1), b"precious").await;
    made(world, output.path()).await;
    let blob = files_below(&output.path().join("blobs"))
        .into_iter()
        .find(|file| std::fs::read(file).unwrap() == b"precious")
        .unwrap();

    std::fs::write(&blob, b"Precious").unwrap();
    let target = world.another();
    let damaged = restore(&from(output.path(), &target), Policy::default()).await;
    assert!(matches!(damaged, Err(BackupError::Damaged(_))), "{damaged:?}");
    let started = Store::open_at(target.dir.path(), &target.places(), Policy::default()).await;
    assert!(matches!(started, Err(DbError::Restoring(_))));

    std::fs::remove_file(&blob).unwrap();
    let missing = restore(&from(output.path(), &world.another()), Policy::default()).await;
    assert!(matches!(missing, Err(BackupError::Missing { count: 1, .. })), "{missing:?}");

    let rows = files_below(&output.path().join("snapshots"));
    let rows = rows.iter().find(|file| file.ends_with("database")).unwrap();
    let mut bytes = std::fs::read(rows).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(rows, bytes).unwrap();
    let damaged = restore(&from(output.path(), &world.another()), Policy::default()).await;
    assert!(matches!(damaged, Err(BackupError::Damaged(_))), "{damaged:?}");
}
