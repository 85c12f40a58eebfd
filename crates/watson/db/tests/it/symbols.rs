//! Symbols: the first upload of an id wins.

use watson_db::{Store, SymbolName, SymbolOutcome};

use crate::world::World;

async fn keep(store: &Store, bytes: &[u8]) -> SymbolOutcome {
    let name = SymbolName::new("lib.so", "000102030405060708090A0B0C0D0E0F0").unwrap();
    let mut file = store.begin_blob().await.unwrap();
    file.write(bytes).await.unwrap();
    store.keep_symbol(&name, file).await.unwrap()
}

#[tokio::test]
async fn the_first_upload_wins() {
    let world = World::sqlite();
    let store = world.open().await;
    assert_eq!(keep(&store, b"one").await, SymbolOutcome::Stored);
    assert_eq!(keep(&store, b"one").await, SymbolOutcome::AlreadyHere);
    assert_eq!(keep(&store, b"two").await, SymbolOutcome::Different);
    assert_eq!(keep(&store, b"one and more").await, SymbolOutcome::Different);
    let path = "symbols/lib.so/000102030405060708090A0B0C0D0E0F0/lib.so.sym";
    assert_eq!(std::fs::read(world.dir.path().join(path)).unwrap(), b"one");
    assert_eq!(std::fs::read_dir(store.dir().tmp()).unwrap().count(), 0);
}
