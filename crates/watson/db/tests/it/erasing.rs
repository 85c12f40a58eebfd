//! Forgetting a machine, and telling it everything first.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use watson_db::{Crash, Reading, Store, erase::TABLES_OF_MACHINES, pseudonym::machine_text};

use crate::dumps::send;
use crate::world::World;
use crate::{NOW_MS, crash, on_every_place, past, report};

on_every_place!(
    a_machine_is_forgotten_and_another_is_not,
    an_erased_crash_that_is_told_again_is_not_counted_twice_and_a_new_one_is_new,
    every_table_with_machines_is_known,
    an_export_holds_everything_in_small_pieces,
    an_analysis_that_ends_after_the_erasure_brings_nothing_back,
);

fn on(machine: &str, application: &str, moment: u64) -> Crash {
    Crash {
        machine: machine.into(),
        body: format!("<body of {machine}/>").into_bytes().into(),
        ..crash(application, moment)
    }
}

/// A lease, a cab, a dump, bodies, days, of two machines.
async fn two_machines(store: &Store) -> [String; 4] {
    let mut ids = Vec::new();
    for (offset, machine) in [(0, "Joes-PC"), (100, "other-pc")] {
        ids.push(report(store, &on(machine, "cab", offset + 1), machine.as_bytes()).await);
        ids.push(
            send(store, on(machine, "dump", offset + 2), format!("MDMP{machine}").as_bytes()).await.report,
        );
        store.record_crash(&on(machine, &format!("lease {offset}"), offset + 3), NOW_MS).await.unwrap();
    }
    ids.try_into().unwrap()
}

async fn a_machine_is_forgotten_and_another_is_not(world: &World) {
    let store = world.open().await;
    let [joe_cab, joe_dump, other_cab, other_dump] = two_machines(&store).await;
    let hits = store.counts().await.unwrap().hits;
    let erased = store.erase_machine(1, "JOES-pc", "ann", NOW_MS + 5).await.unwrap();
    assert_eq!((erased.reports, erased.raw, erased.leases, erased.days), (2, 3, 3, 3));
    assert_eq!(erased.blobs, 2, "the log is the other machine's too");
    for gone in [joe_cab, joe_dump] {
        assert!(store.report(&gone).await.unwrap().is_none());
    }
    for here in [other_cab, other_dump] {
        assert!(store.report(&here).await.unwrap().is_some());
    }
    assert_eq!(store.counts().await.unwrap().hits, hits, "numbers stay");
    assert_eq!(past::number(world, "SELECT count(*) FROM raw").await, 3);
    let again = store.erase_machine(1, &erased.machine, "ann", NOW_MS + 6).await.unwrap();
    assert_eq!((again.reports, again.raw, again.leases, again.days), (0, 0, 0, 0), "named by its pseudonym");
    assert_eq!(again.machine, erased.machine);
    let elsewhere = store.erase_machine(2, "other-pc", "ann", NOW_MS + 6).await.unwrap();
    assert_eq!(elsewhere.reports, 0, "another tenant's machine of that name");
    store.close().await;
    drop(store);
    if world.places().database.is_none() {
        for file in ["watson.sqlite", "watson.sqlite-wal"] {
            let bytes = std::fs::read(world.dir.path().join(file)).unwrap_or_default();
            let holds =
                |text: &[u8]| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text));
            assert!(!holds(b"joes-pc"), "{file} still holds the name");
            assert!(file != "watson.sqlite" || holds(b"other-pc"), "the search finds what is there");
        }
    }
}

async fn an_erased_crash_that_is_told_again_is_not_counted_twice_and_a_new_one_is_new(world: &World) {
    let store = world.open().await;
    two_machines(&store).await;
    let hits = store.counts().await.unwrap().hits;
    store.erase_machine(1, "joes-pc", "ann", NOW_MS + 5).await.unwrap();
    assert!(!store.record_crash(&on("Joes-PC", "cab", 1), NOW_MS + 6).await.unwrap().counted);
    assert_eq!(store.counts().await.unwrap().hits, hits);
    let new = store.record_crash(&on("Joes-PC", "new", 50), NOW_MS + 6).await.unwrap();
    assert!(new.counted && new.wish.is_some(), "an erasure is no ban");
    store.close().await;
    drop(store);
    let store = world.open().await;
    assert_eq!(
        past::number(world, "SELECT count(*) FROM raw").await,
        4,
        "what came later stays at the next start"
    );
    assert_eq!(store.replay_tombstones(NOW_MS + 7).await.unwrap(), 0, "what is done is not done again");
}

async fn every_table_with_machines_is_known(world: &World) {
    let _store = world.open().await;
    let listed = match world.places().database {
        Some(_) => past::texts(world, "SELECT table_name::text FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name LIKE '%machine%' AND column_name NOT LIKE '%machines%'
            AND column_name <> 'per_machine'").await,
        None => past::texts(world, "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name LIKE '%machine%' AND c.name NOT LIKE '%machines%'
            AND c.name <> 'per_machine'").await,
    };
    let known: BTreeSet<_> = TABLES_OF_MACHINES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        listed.into_iter().collect::<BTreeSet<_>>(),
        known,
        "erase.rs must remove the machine's rows there"
    );
}

async fn an_export_holds_everything_in_small_pieces(world: &World) {
    let store = Arc::new(world.open().await);
    let large = vec![7_u8; 300_000];
    let [joe_cab, ..] = two_machines(&store).await;
    let big = send(&store, on("Joes-PC", "big", 9), &large).await.report;
    let job = store.take_job(NOW_MS, 60_000).await.unwrap().unwrap();
    assert_eq!(job.report, joe_cab);
    store
        .finish_job(&job, &Reading { signature: Some("main".into()), ..Reading::default() }, NOW_MS)
        .await
        .unwrap();
    store.write_machines().await.unwrap();
    let mut export = store.export_machine(1, "joes-pc", "ann", NOW_MS).await.unwrap();
    let mut tar = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        assert!(!piece.is_empty() && piece.len() <= 70_000, "{}", piece.len());
        tar.extend(piece);
    }
    let mut archive = tar::Archive::new(&tar[..]);
    let mut found = std::collections::BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        found.insert(path, bytes);
    }
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".xml")).count(), 4, "{names:?}");
    assert_eq!(found[&format!("reports/{big}/files/0-data")], large);
    assert_eq!(found[&format!("reports/{joe_cab}/files/0-data")], b"Joes-PC");
    assert_eq!(found[&format!("reports/{big}/files/1-log")], b"log");
    assert!(String::from_utf8_lossy(&found[&format!("reports/{joe_cab}/analysis.json")]).contains("main"));
    let row = String::from_utf8_lossy(&found[&format!("reports/{big}/report.json")]).into_owned();
    assert!(row.contains("Joes-PC") && row.contains("user-agent"), "{row}");
    let head: serde_json::Value = serde_json::from_slice(&found["machine.json"]).unwrap();
    assert_eq!(head["names"], serde_json::json!(["Joes-PC"]));
    assert_eq!(head["heard"]["name"], "Joes-PC");
    assert!(!head["heard"]["applications"].as_array().unwrap().is_empty());
    assert_eq!(head["machine"], machine_text(&store.machine_named(1, "joes-pc")));
    let days: serde_json::Value = serde_json::from_slice(&found["days/1.json"]).unwrap();
    assert_eq!(days.as_array().unwrap().len(), 4);
    assert!(!String::from_utf8_lossy(&tar).contains("other-pc"));
    assert_eq!(store.audit_rows(0).await.unwrap()[0].act, "machine.export");
}

async fn an_analysis_that_ends_after_the_erasure_brings_nothing_back(world: &World) {
    let store = world.open().await;
    report(&store, &on("pc", "a", 1), b"MSCF").await;
    let job = store.take_job(NOW_MS, 60_000).await.unwrap().unwrap();
    store.erase_machine(1, "pc", "ann", NOW_MS + 1).await.unwrap();
    store.finish_job(&job, &Reading::default(), NOW_MS + 2).await.unwrap();
    assert_eq!(past::number(world, "SELECT count(*) FROM analysis").await, 0);
}

/// As `watson restore --erasures` does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_told_what_was_erased_since() {
    use watson_db::backup::{BackupOf, RestoreFrom, backup, restore};
    let (world, target, output) = (World::sqlite(), World::sqlite(), crate::world::folder());
    let store = world.open().await;
    let [joe_cab, _, other_cab, _] = two_machines(&store).await;
    store.close().await;
    drop(store);
    let of = BackupOf {
        data: world.dir.path().to_owned(),
        places: world.places(),
        output: output.path().to_owned(),
        blobs: true,
    };
    backup(&of).await.unwrap();
    let store = world.open().await;
    store.erase_machine(1, "joes-pc", "ann", NOW_MS + 5).await.unwrap();
    drop(store);
    let from = RestoreFrom {
        from: output.path().to_owned(),
        snapshot: None,
        erasures: Some(world.dir.path().join("erasures.log")),
        data: target.dir.path().to_owned(),
        places: target.places(),
    };
    let (_, store) = restore(&from, watson_db::Policy::default()).await.unwrap();
    store.end_restore().unwrap();
    assert!(store.report(&joe_cab).await.unwrap().is_none());
    assert!(store.report(&other_cab).await.unwrap().is_some());
    drop(store);
    let nowhere = RestoreFrom { erasures: Some("/nowhere".into()), ..from };
    assert!(restore(&nowhere, watson_db::Policy::default()).await.is_err());
}

/// The rows of an older backup, brought back.
#[tokio::test]
async fn a_backup_that_is_brought_back_forgets_again_what_was_erased_since() {
    let world = World::sqlite();
    let store = world.open().await;
    let [joe_cab, _, other_cab, _] = two_machines(&store).await;
    store.close().await;
    drop(store);
    let file = world.dir.path().join("watson.sqlite");
    let backup = std::fs::read(&file).unwrap();
    let store = world.open().await;
    store.erase_machine(1, "joes-pc", "ann", NOW_MS + 5).await.unwrap();
    store.close().await;
    drop(store);
    std::fs::write(&file, backup).unwrap();
    let _ = std::fs::remove_file(world.dir.path().join("watson.sqlite-wal"));
    let store = world.open().await;
    assert!(store.report(&joe_cab).await.unwrap().is_none());
    assert!(store.report(&other_cab).await.unwrap().is_some());
    assert_eq!(store.verify_audit(None).await.unwrap().broken, None);
}
