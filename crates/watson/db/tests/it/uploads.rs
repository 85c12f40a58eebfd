//! Symbol uploads in stages, and debug files.

use watson_db::limits::{MAX_SYMBOL_UPLOADS, UPLOAD_KEPT_MS};
use watson_db::{DebugFile, Sha1Text};

use crate::world::World;
use crate::{NOW_MS, blob, on_every_place};

on_every_place!(
    a_symbol_upload_outlives_its_process_and_ends_by_time,
    beyond_the_limit_the_oldest_symbol_upload_gives_way,
    debug_files_are_found_by_their_ids_and_stay_as_they_came_first,
);

async fn a_symbol_upload_outlives_its_process_and_ends_by_time(world: &World) {
    let store = world.open().await;
    assert_eq!(store.symbol_upload(1, "key").await.unwrap(), None);
    store.begin_symbol_upload(1, "key", NOW_MS).await.unwrap();
    assert_eq!(store.symbol_upload(1, "key").await.unwrap().unwrap().blob, None);
    let file = blob(&store, b"MODULE").await;
    assert!(store.put_symbol_upload(1, "key", &file, NOW_MS).await.unwrap());
    assert!(!store.put_symbol_upload(1, "other", &file, NOW_MS).await.unwrap());
    assert!(!store.put_symbol_upload(2, "key", &file, NOW_MS).await.unwrap(), "another tenant's");
    store.close().await;
    drop(store);
    let store = world.open().await;
    assert_eq!(store.symbol_upload(1, "key").await.unwrap().unwrap().blob, Some(file.sha256));
    assert_eq!(store.symbol_upload(2, "key").await.unwrap(), None, "another tenant's");
    assert_eq!(store.sweep_symbol_uploads(NOW_MS + UPLOAD_KEPT_MS).await.unwrap(), 0);
    assert_eq!(store.sweep_symbol_uploads(NOW_MS + UPLOAD_KEPT_MS + 1).await.unwrap(), 1);
    assert_eq!(store.symbol_upload(1, "key").await.unwrap(), None);
}

async fn beyond_the_limit_the_oldest_symbol_upload_gives_way(world: &World) {
    let store = world.open().await;
    store.begin_symbol_upload(2, "stranger", NOW_MS).await.unwrap();
    for number in 0..=MAX_SYMBOL_UPLOADS {
        store.begin_symbol_upload(1, &format!("key{number}"), NOW_MS + number).await.unwrap();
    }
    assert_eq!(store.symbol_upload(1, "key0").await.unwrap(), None);
    assert!(store.symbol_upload(1, "key1").await.unwrap().is_some());
    assert!(store.symbol_upload(2, "stranger").await.unwrap().is_some(), "each tenant has its own");
}

async fn debug_files_are_found_by_their_ids_and_stay_as_they_came_first(world: &World) {
    let store = world.open().await;
    let sha1 = |digit: &str| Sha1Text::new(&digit.repeat(40)).unwrap();
    let (elf, sources) = (blob(&store, b"elf").await, blob(&store, b"bundle").await);
    let mut file = DebugFile {
        sha1: sha1("a").as_str().into(),
        debug_id: "0F1E2D3C4B5A69788796A5B4C3D2E1F00".into(),
        code_id: "3c2d1e0f".into(),
        kind: "elf".into(),
        name: "app\0".into(),
        arch: "x86_64".into(),
        blob: elf.sha256.clone(),
        size_bytes: 3,
    };
    store.keep_debug_file(1, &file, &elf, NOW_MS).await.unwrap();
    file.name = "app\u{fffd}".into();
    assert_eq!(store.debug_file(1, &sha1("a")).await.unwrap(), Some(file.clone()));
    store
        .keep_debug_file(1, &DebugFile { name: "again".into(), ..file.clone() }, &elf, NOW_MS)
        .await
        .unwrap();
    let bundle = DebugFile {
        sha1: sha1("b").as_str().into(),
        kind: "sourcebundle".into(),
        code_id: String::new(),
        blob: sources.sha256.clone(),
        size_bytes: 6,
        ..file.clone()
    };
    store.keep_debug_file(1, &bundle, &sources, NOW_MS).await.unwrap();
    let found = store.debug_files(1, &file.debug_id).await.unwrap();
    assert_eq!(found, [file.clone(), bundle], "the first first");
    assert_eq!(store.debug_files(1, &file.code_id).await.unwrap(), [file.clone()]);
    assert_eq!(store.debug_files(2, &file.debug_id).await.unwrap(), []);
    assert_eq!(store.debug_files(1, "").await.unwrap(), [], "no id is nobody's");
    assert_eq!(store.debug_file(2, &sha1("a")).await.unwrap(), None);
}
