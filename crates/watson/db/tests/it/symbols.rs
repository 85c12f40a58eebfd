//! Symbols: the first upload of an id wins.

use watson_db::{Policy, Store, SymbolName, SymbolOutcome};

use crate::on_every_place;
use crate::world::World;

async fn keep(store: &Store, bytes: &[u8]) -> SymbolOutcome {
    let name = SymbolName::new("lib.so", ID).unwrap();
    let mut file = store.begin_blob().await.unwrap();
    file.write(bytes).await.unwrap();
    store.keep_symbol(&name, file).await.unwrap()
}

on_every_place!(the_first_upload_wins, symbols_are_found_by_their_id);

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
