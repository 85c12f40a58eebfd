//! Analyses while the bucket with their cabs, or the database, is gone.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use watson_db::{
    BlobsAt, CabOutcome, Crash, IdempotencyKey, KeyKind, Places, Policy, Reading, S3Credentials, S3Settings,
    Store, limits, time,
};
use watson_server::worker::{Analyzer, Worker};

use crate::failures::database::Database;
use crate::failures::site::until;
use crate::s3::{KEY, S3ForTest};
use crate::world::{empty_reading, folder};

/// More connections than the tries of all attempts that a report that fails by itself has.
const CONNECTIONS: usize = 40;

fn bucket_without_copies(s3: &S3ForTest) -> Places {
    let Ok(BlobsAt::S3(settings)) = s3.url().parse() else { panic!("it is a bucket") };
    let (access_key_id, secret_access_key) = (KEY.0.to_owned(), KEY.1.to_owned());
    let credentials = Some(S3Credentials { access_key_id, secret_access_key });
    let settings = S3Settings { credentials, cache_bytes: 0, ..settings };
    Places { database: None, blobs: Some(BlobsAt::S3(settings)) }
}

/// A report with a cab that waits for its analysis.
async fn report(store: &Store) -> String {
    let crash = Crash { key: IdempotencyKey::new(KeyKind::Level1, [1; 16]), ..Crash::default() };
    let wish = store.record_crash(&crash, time::now_ms()).await.unwrap().wish.expect("a cab is wanted");
    let ticket = store.cab_ticket(&wish.token, time::now_ms()).await.unwrap().expect("its token is good");
    let mut writer = store.begin_blob().await.unwrap();
    writer.write(b"MSCF").await.unwrap();
    let blob = writer.finish().await.unwrap();
    match store.commit_cab(&ticket, &blob, time::now_ms()).await.unwrap() {
        CabOutcome::Stored { report } => report,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_whose_bucket_is_gone_waits_and_loses_no_attempt() {
    let (dir, mut s3) = (folder(), S3ForTest::start());
    let store = Store::open_at(dir.path(), &bucket_without_copies(&s3), Policy::default()).await.unwrap();
    let store = Arc::new(store);
    let report = report(&store).await;
    s3.stop();
    let address = s3.url().split(['/', '?', '&']).find_map(|part| part.parse::<SocketAddr>().ok());
    let address = address.expect("an address");
    // Something that hangs up at once, in the bucket's place.
    let rude = TcpListener::bind(address).expect("the port is free");
    let mut worker = Worker::new(Arc::clone(&store), Arc::new(Notify::new()), empty_reading());
    worker.retry_delay_ms = 0;
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(worker.run(stopped));
    let (asked, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let hanging_up = tokio::task::spawn_blocking({
        let (asked, is_over) = (Arc::clone(&asked), Arc::clone(&is_over));
        move || {
            while !is_over.load(Ordering::SeqCst) {
                drop(rude.accept().expect("it asks again"));
                asked.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    until("it has asked often", async || {
        asked.load(Ordering::SeqCst) >= CONNECTIONS || store.counts().await.unwrap().jobs_poison > 0
    })
    .await;
    is_over.store(true, Ordering::SeqCst);
    let _ = TcpStream::connect(address);
    hanging_up.await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.jobs_open, counts.jobs_poison), (1, 0));
    s3.start_again();
    until("it is analysed", async || store.counts().await.unwrap().jobs_open == 0).await;
    assert_eq!(store.counts().await.unwrap().jobs_poison, 0);
    assert!(store.report(&report).await.unwrap().expect("it is there").reading.is_some());
    stop.send(true).unwrap();
    working.await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_analysis_found_waits_until_the_database_is_back() {
    let (dir, database) = (folder(), Arc::new(Database::start()));
    let blobs = Some(BlobsAt::Folder(dir.path().join("blobs")));
    let places = Places { database: Some(database.url()), blobs };
    let store = Store::open_at(&dir.path().join("data"), &places, Policy::default()).await.unwrap();
    let store = Arc::new(store);
    let report = report(&store).await;
    let analyses = Arc::new(AtomicUsize::new(0));
    let analyzer: Analyzer = {
        let (database, analyses) = (Arc::clone(&database), Arc::clone(&analyses));
        Arc::new(move |_| {
            let (database, analyses) = (Arc::clone(&database), Arc::clone(&analyses));
            Box::pin(async move {
                database.stop();
                analyses.fetch_add(1, Ordering::SeqCst);
                Ok(Reading { signature: Some("main".to_owned()), ..Reading::default() })
            })
        })
    };
    let (stop, stopped) = watch::channel(false);
    let working =
        tokio::spawn(Worker::new(Arc::clone(&store), Arc::new(Notify::new()), analyzer).run(stopped));
    until("it is analysed", async || analyses.load(Ordering::SeqCst) == 1).await;
    // For longer than one try waits.
    tokio::time::sleep(Duration::from_millis(limits::POSTGRES_WAIT_MS + 2_000)).await;
    database.start_again();
    until("it is kept", async || {
        store.report(&report).await.ok().flatten().is_some_and(|row| row.reading.is_some())
    })
    .await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.jobs_open, counts.jobs_poison, analyses.load(Ordering::SeqCst)), (0, 0, 1));
    stop.send(true).unwrap();
    working.await.unwrap().unwrap();
    store.close().await;
}
