//! Symbols: the first upload of an id wins.

use watson_db::{DbError, DebugFile, DebugFileFilter, Policy, Sha1Text, Store, SymbolName, SymbolOutcome};

use crate::world::World;
use crate::{NOW_MS, blob, on_every_place};

async fn keep(store: &Store, bytes: &[u8]) -> SymbolOutcome {
    let name = SymbolName::new("lib.so", ID).unwrap();
    let mut file = store.begin_blob().await.unwrap();
    file.write(bytes).await.unwrap();
    store.keep_symbol(&name, file).await.unwrap()
}

on_every_place!(
    the_first_upload_wins,
    symbols_are_found_by_their_id,
    debug_files_are_listed_found_and_removed,
);

async fn the_first_upload_wins(world: &World) {
    let store = world.open().await;
    assert_eq!(keep(&store, b"one").await, SymbolOutcome::Stored);
    assert_eq!(keep(&store, b"one").await, SymbolOutcome::AlreadyHere);
    assert_eq!(keep(&store, b"two").await, SymbolOutcome::Different);
    assert_eq!(keep(&store, b"one and more").await, SymbolOutcome::Different);
    assert_eq!(std::fs::read(store.symbols().join(SYMBOL)).is_ok(), world.s3.is_none());
    assert_eq!(std::fs::read_dir(store.dir().tmp()).unwrap().count(), 0);
}

const ID: &str = "000102030405060708090A0B0C0D0E0F0";
const SYMBOL: &str = "lib.so/000102030405060708090A0B0C0D0E0F0/lib.so.sym";

async fn symbols_are_found_by_their_id(world: &World) {
    let store = world.open().await;
    let name = SymbolName::new("lib.so", ID).unwrap();
    assert!(!store.has_symbol(&name).await.unwrap());
    keep(&store, b"one").await;
    assert!(store.has_symbol(&name).await.unwrap());
    assert!(!store.has_symbol(&SymbolName::new("lib.so", &ID.replace('1', "2")).unwrap()).await.unwrap());
    // Another process, with a data folder of its own.
    let other = tempfile::tempdir().unwrap();
    let root = if world.s3.is_some() { other.path() } else { world.dir.path() };
    drop(store);
    let store = watson_db::Store::open_at(root, &world.places(), Policy::default()).await.unwrap();
    let brought = store.bring_symbols(&["00", &ID.to_lowercase()]).await.unwrap();
    let folder = brought.as_ref().map_or(store.symbols(), |folder| folder.path()).to_owned();
    assert_eq!(std::fs::read(folder.join(SYMBOL)).unwrap(), b"one");
    drop(brought);
    assert_eq!(std::fs::read_dir(store.dir().tmp()).unwrap().count(), 0);
    assert!(store.bring_symbols(&["00"]).await.unwrap().is_none());
}

async fn debug_file(store: &Store, tenant: i64, number: u8, bytes: &[u8]) -> Sha1Text {
    let sha1 = Sha1Text::new(&format!("{number:040x}")).unwrap();
    let stored = blob(store, bytes).await;
    let file = DebugFile {
        sha1: sha1.as_str().to_owned(),
        debug_id: format!("{number:032X}0"),
        code_id: format!("{number:016x}"),
        kind: "elf".into(),
        name: "app".into(),
        arch: "x86_64".into(),
        blob: stored.sha256.clone(),
        size_bytes: 3,
    };
    store.keep_debug_file(tenant, &file, &stored, NOW_MS + i64::from(number)).await.unwrap();
    sha1
}

async fn debug_files_are_listed_found_and_removed(world: &World) {
    let store = world.open().await;
    let other = store.tenant("other", "test", NOW_MS).await.unwrap();
    let mut sha1s = Vec::new();
    for number in 1..=3 {
        sha1s.push(debug_file(&store, 1, number, &[number; 3]).await);
    }
    debug_file(&store, other, 3, &[3; 3]).await;
    let list = async |filter: DebugFileFilter<'_>, limit| {
        let rows = store.list_debug_files(&filter, limit).await.unwrap();
        rows.iter().map(|row| (row.tenant, row.stored_ms - NOW_MS)).collect::<Vec<_>>()
    };
    let all = DebugFileFilter::default();
    assert_eq!(list(all, 9).await, [(other, 3), (1, 3), (1, 2), (1, 1)]);
    let own = DebugFileFilter { tenant: Some(1), ..all };
    assert_eq!(list(own, 2).await, [(1, 3), (1, 2)]);
    let second = store.list_debug_files(&own, 2).await.unwrap()[1].id;
    assert_eq!(list(DebugFileFilter { before: Some(second), ..own }, 2).await, [(1, 1)]);
    let id = format!("{:032X}0", 3);
    assert_eq!(list(DebugFileFilter { debug_id: Some(&id), ..all }, 9).await, [(other, 3), (1, 3)]);
    let code = format!("{:016x}", 2);
    assert_eq!(list(DebugFileFilter { debug_id: Some(&id), code_id: Some(&code), ..own }, 9).await.len(), 2);
    let sha1 = Some(sha1s[0].as_str());
    assert_eq!(list(DebugFileFilter { sha1, ..own }, 9).await, [(1, 1)]);

    assert_eq!(world.blob_count(), 3);
    assert!(matches!(
        store.remove_debug_file(other, &sha1s[0], "ann", NOW_MS).await,
        Err(DbError::Missing(_))
    ));
    store.remove_debug_file(1, &sha1s[0], "ann", NOW_MS).await.unwrap();
    assert_eq!((list(own, 9).await.len(), world.blob_count()), (2, 2));
    store.remove_debug_file(1, &sha1s[2], "ann", NOW_MS).await.unwrap();
    assert_eq!(world.blob_count(), 2, "the other tenant has the same bytes");
    let acts = store.audit_rows(0).await.unwrap();
    let removals: Vec<_> = acts.iter().filter(|act| act.act == "debug_file.remove").collect();
    assert_eq!((removals.len(), removals[0].object.as_str()), (2, sha1s[0].as_str()));
}
