//! Blobs in a bucket of an S3 server.

use watson_db::{BlobsAt, DbError, Places, Policy, S3Settings, Store};

use crate::world::{World, folder};
use crate::{NOW_MS, blob, crash, report};

fn places(world: &World, change: impl FnOnce(&mut S3Settings)) -> Places {
    let mut places = world.places();
    let Some(BlobsAt::S3(settings)) = &mut places.blobs else { panic!("there is a bucket") };
    change(settings);
    places
}

/// Larger than one part of an upload.
fn large() -> Vec<u8> {
    (0..20_000_000_u32).map(|number| (number / 7) as u8 ^ (number >> 13) as u8).collect()
}

#[tokio::test]
async fn large_blobs_go_and_come_in_parts() {
    let world = World::postgres_and_s3();
    let store = world.open().await;
    let bytes = large();
    let there = blob(&store, &bytes).await;
    drop(store);
    assert_eq!(world.blob_count(), 1);
    let other = folder();
    let store = Store::open_at(other.path(), &world.places(), Policy::default()).await.unwrap();
    let file = store.blob_file(&there.sha256).await.unwrap();
    assert!(std::fs::read(file.path()).unwrap() == bytes);
}

#[tokio::test]
async fn copies_on_this_machine_are_bounded() {
    let world = World::postgres_and_s3();
    let places = places(&world, |s3| s3.cache_bytes = 250);
    let store = Store::open_at(world.dir.path(), &places, Policy::default()).await.unwrap();
    let mut names = Vec::new();
    for number in 0..5 {
        names.push(blob(&store, &[number; 100]).await.sha256);
    }
    let copies = || std::fs::read_dir(world.dir.path().join("cache")).unwrap().count();
    assert_eq!((world.blob_count(), copies()), (5, 2));
    for (number, name) in names.iter().enumerate() {
        let file = store.blob_file(name).await.unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), [number as u8; 100]);
    }
    assert_eq!(copies(), 2);
}

#[tokio::test]
async fn bytes_that_changed_in_the_bucket_are_not_given_out() {
    let world = World::postgres_and_s3();
    let places = places(&world, |s3| s3.cache_bytes = 0);
    let store = Store::open_at(world.dir.path(), &places, Policy::default()).await.unwrap();
    let there = blob(&store, b"as it came").await.sha256;
    let path = world.blobs().join(&there[..2]).join(&there[2..4]).join(&there);
    std::fs::write(&path, b"as it lies").unwrap();
    assert!(matches!(store.blob_file(&there).await, Err(DbError::Damaged(name)) if name == there));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(store.blob_file(&there).await, Err(DbError::NoBlob(name)) if name == there));
    assert_eq!(std::fs::read_dir(world.dir.path().join("cache")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_wrong_key_or_bucket_stops_the_start_with_the_reason() {
    let world = World::postgres_and_s3();
    for (change, expected) in [
        (
            (|s3: &mut S3Settings| s3.credentials.as_mut().unwrap().secret_access_key.push('x'))
                as fn(&mut S3Settings),
            "SignatureDoesNotMatch",
        ),
        (|s3: &mut S3Settings| s3.bucket.push('x'), "NoSuchBucket"),
    ] {
        let dir = folder();
        let error = Store::open_at(dir.path(), &places(&world, change), Policy::default()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("test-secret"), "{text}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_gone_for_a_while_loses_nothing() {
    let mut world = World::postgres_and_s3();
    let store = world.open().await;
    let kept = report(&store, &crash("a", 1), b"MSCF one").await;
    let wish = store.record_crash(&crash("a", 2), NOW_MS).await.unwrap().wish.unwrap();
    let ticket = store.cab_ticket(&wish.token, NOW_MS).await.unwrap().unwrap();

    world.s3.as_mut().unwrap().stop();
    let mut writer = store.begin_blob().await.unwrap();
    writer.write(b"MSCF two").await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert!(error.is_busy(), "{error}");
    assert!(store.blobs_answer().await.is_err());
    assert!(store.record_crash(&crash("a", 3), NOW_MS).await.unwrap().counted, "hits need no bucket");
    assert_eq!(std::fs::read_dir(store.dir().tmp()).unwrap().count(), 0);

    world.s3.as_mut().unwrap().start_again();
    store.blobs_answer().await.unwrap();
    let two = blob(&store, b"MSCF two").await;
    store.commit_cab(&ticket, &two, NOW_MS).await.unwrap();
    let row = store.report(&kept).await.unwrap().unwrap();
    assert_eq!(std::fs::read(store.blob_file(&row.blob).await.unwrap().path()).unwrap(), b"MSCF one");
    assert_eq!((world.blob_count(), store.counts().await.unwrap().reports), (2, 2));
}
