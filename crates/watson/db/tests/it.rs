//! The store on a real folder: hits, leases, cabs, jobs, symbols, and what outlives the process.

#[path = "it/cabs.rs"]
mod cabs;
#[path = "it/hits.rs"]
mod hits;
#[path = "it/jobs.rs"]
mod jobs;
#[path = "it/symbols.rs"]
mod symbols;

use watson_db::{BlobRef, CabOutcome, Crash, Policy, Store};
use wer_model::{Parameter, Signature};

const NOW_MS: i64 = 1_790_000_000_000;

async fn open(root: &std::path::Path) -> Store {
    Store::open(root, Policy::default()).await.expect("the store opens")
}

/// A crash of `application`, told apart from others by `moment`.
fn crash(application: &str, moment: u64) -> Crash {
    Crash {
        signature: Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![Parameter::new("Application Name", application)],
        },
        secondary_parameters: vec![],
        machine: "m".into(),
        os: "6.18".into(),
        application: application.into(),
        application_path: format!("/bin/{application}"),
        event_time_filetime: (NOW_MS as u64 + 11_644_473_600_000) * 10_000 + moment,
        body: b"<xml/>".to_vec(),
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
