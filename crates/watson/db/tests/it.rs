//! The store on real places: one suite, run on SQLite with a folder of blobs, on PostgreSQL with one, and on
//! PostgreSQL with a bucket.

#[path = "it/audit.rs"]
mod audit;
#[path = "it/backup.rs"]
mod backup;
#[path = "it/bodies.rs"]
mod bodies;
#[path = "it/buckets.rs"]
mod buckets;
#[path = "it/cabs.rs"]
mod cabs;
#[path = "it/chunks.rs"]
mod chunks;
#[path = "it/collection.rs"]
mod collection;
#[path = "it/dumps.rs"]
mod dumps;
#[path = "it/erasing.rs"]
mod erasing;
#[path = "it/floods.rs"]
mod floods;
#[path = "it/folder.rs"]
mod folder;
#[path = "it/fsck.rs"]
mod fsck;
#[path = "it/hits.rs"]
mod hits;
#[path = "it/jobs.rs"]
mod jobs;
#[path = "it/machines.rs"]
mod machines;
#[path = "it/older.rs"]
mod older;
#[path = "it/orphans.rs"]
mod orphans;
#[path = "it/past.rs"]
mod past;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "it/retiring.rs"]
mod retiring;
#[path = "it/rollup.rs"]
mod rollup;
#[path = "support/s3.rs"]
mod s3;
#[path = "it/schema.rs"]
mod schema;
#[path = "it/starting.rs"]
mod starting;
#[path = "it/symbols.rs"]
mod symbols;
#[path = "it/trust.rs"]
mod trust;
#[path = "it/uploads.rs"]
mod uploads;
#[path = "it/world.rs"]
mod world;

use watson_db::{BlobRef, CabOutcome, Crash, IdempotencyKey, KeyKind, Store};
use wer_model::{Parameter, Signature};

/// Runs each test on each place.
macro_rules! on_every_place {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::world::World::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::world::World::postgres()).await;
            })+
        }
        mod postgres_and_s3 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::world::World::postgres_and_s3()).await;
            })+
        }
    };
}
pub(crate) use on_every_place;

const NOW_MS: i64 = 1_790_000_000_000;

/// A crash of `application`, on a machine and at a time of its own for each `moment`.
fn crash(application: &str, moment: u64) -> Crash {
    let mut id = [0_u8; 16];
    id[..8].copy_from_slice(&moment.to_be_bytes());
    Crash {
        key: IdempotencyKey::new(KeyKind::Level1, id),
        event_ms: Some(NOW_MS - i64::try_from(moment).unwrap()),
        signature: Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![Parameter::new("Application Name", application)],
        },
        machine: format!("m{moment}"),
        os: "6.18".into(),
        application: application.into(),
        application_version: "1.0".into(),
        application_path: format!("/bin/{application}"),
        body: b"<xml/>".to_vec().into(),
        ..Crash::default()
    }
}

async fn blob(store: &Store, bytes: &[u8]) -> BlobRef {
    let mut writer = store.begin_blob().await.unwrap();
    writer.write(bytes).await.unwrap();
    writer.finish().await.unwrap()
}

/// Records a crash that is asked for a cab, and brings that cab.
async fn report(store: &Store, crash: &Crash, bytes: &[u8]) -> String {
    let wish = store.record_crash(crash, NOW_MS).await.unwrap().wish.expect("a cab is wanted");
    let ticket = store.cab_ticket(&wish.token, NOW_MS).await.unwrap().expect("the token is good");
    let blob = blob(store, bytes).await;
    match store.commit_cab(&ticket, &blob, NOW_MS).await.unwrap() {
        CabOutcome::Stored { report } => report,
        other => panic!("{other:?}"),
    }
}
