//! Uploads in pieces.

use watson_db::Store;

use crate::world::World;
use crate::{NOW_MS, on_every_place};

on_every_place!(
    pieces_outlive_a_restart_and_become_the_whole,
    nobody_finds_the_pieces_of_another,
    pieces_end_with_their_time_or_their_upload,
);

async fn put(store: &Store, scope: &str, name: &str, bytes: &[u8], now_ms: i64) {
    let mut piece = store.begin_blob().await.unwrap();
    piece.write(bytes).await.unwrap();
    store.put_chunk(scope, name, piece, now_ms).await.unwrap();
}

async fn missing(store: &Store, scope: &str, names: &[&str]) -> Vec<String> {
    store.missing_chunks(scope, names).await.unwrap()
}

async fn pieces_outlive_a_restart_and_become_the_whole(world: &World) {
    let store = world.open().await;
    assert_eq!(missing(&store, "s", &["a", "b", "a"]).await, ["a", "b"]);
    put(&store, "s", "a", b"one", NOW_MS).await;
    put(&store, "s", "a", b"one", NOW_MS + 1).await;
    assert!(store.assemble("s", &["a", "b"]).await.unwrap().is_none());
    store.close().await;
    drop(store);

    let store = world.open().await;
    assert_eq!(missing(&store, "s", &["a", "b"]).await, ["b"]);
    put(&store, "s", "b", b"two", NOW_MS).await;
    let whole = store.assemble("s", &["a", "b", "a"]).await.unwrap().unwrap();
    assert_eq!(whole.size_bytes(), 9);
    let blob = whole.finish().await.unwrap();
    assert_eq!(std::fs::read(store.blob_file(&blob.sha256).await.unwrap().path()).unwrap(), b"onetwoone");
}

async fn nobody_finds_the_pieces_of_another(world: &World) {
    let store = world.open().await;
    put(&store, "s", "a", b"one", NOW_MS).await;
    assert_eq!(missing(&store, "other", &["a"]).await, ["a"]);
    assert!(store.assemble("other", &["a"]).await.unwrap().is_none());
    // More names than one question holds.
    let names: Vec<String> = (0..1200).map(|number| format!("{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["a"]).collect();
    assert_eq!(missing(&store, "s", &names).await.len(), 1200);
}

async fn pieces_end_with_their_time_or_their_upload(world: &World) {
    let store = world.open().await;
    put(&store, "s", "old", b"1", NOW_MS - 10).await;
    put(&store, "s", "new", b"2", NOW_MS).await;
    put(&store, "t", "new", b"2", NOW_MS).await;
    assert_eq!(store.forget_old_chunks(NOW_MS).await.unwrap(), 1);
    assert_eq!(missing(&store, "s", &["old", "new"]).await, ["old"]);
    store.forget_chunks("s").await.unwrap();
    assert_eq!(missing(&store, "s", &["new"]).await, ["new"]);
    assert!(missing(&store, "t", &["new"]).await.is_empty());
}
