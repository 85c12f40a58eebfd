//! Symbols where blobs are in a bucket: an analysis says which it lacks, they are brought, and it looks again.

use std::path::Path;
use std::sync::{Arc, Mutex};

use watson_db::{BlobsAt, Places, Reading, S3Credentials, S3Settings};
use watson_server::worker::Analyzer;
use wer_model::{Analysis, AnalysisModule};

use crate::client::send;
use crate::s3::{KEY, S3ForTest};
use crate::world::{Rules, World, cab, crash, folder};

const ID: &str = "000102030405060708090A0B0C0D0E0F0";

/// What an analysis of a dump with one module says, with the symbols of this folder.
fn reading(symbols: &Path) -> Reading {
    let text = std::fs::read_to_string(symbols.join("a.so").join(ID).join("a.so.sym")).ok();
    let module = AnalysisModule {
        path: "/usr/lib/a.so".into(),
        base: 0x1000,
        size: 0x1000,
        debug_id: ID.into(),
        code_id: String::new(),
        version: String::new(),
        has_symbols: text.is_some(),
    };
    let analysis = Analysis {
        crash_reason: None,
        crash_address: None,
        crashing_thread: None,
        threads: Vec::new(),
        modules: vec![module],
        notes: Vec::new(),
    };
    let function = text.as_deref().and_then(|text| text.trim().rsplit(' ').next()).map(str::to_owned);
    Reading { analysis: Some(analysis), top_function: function, ..Reading::default() }
}

#[tokio::test]
async fn symbols_that_were_uploaded_are_brought_for_a_second_look() {
    let (dir, s3) = (folder(), S3ForTest::start());
    let Ok(BlobsAt::S3(settings)) = s3.url().parse() else { panic!("it is a bucket") };
    let (access_key_id, secret_access_key) = (KEY.0.to_owned(), KEY.1.to_owned());
    let credentials = Some(S3Credentials { access_key_id, secret_access_key });
    let blobs = Some(BlobsAt::S3(S3Settings { credentials, ..settings }));
    let looks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&looks);
    let analyzer: Analyzer = Arc::new(move |input| {
        let found = reading(&input.symbols);
        seen.lock().unwrap().push(found.top_function.clone());
        Box::pin(async move { Ok(found) })
    });
    let rules = Rules { places: Places { database: None, blobs }, ..Rules::default() };
    let world = World::start_trusting(dir.path(), None, analyzer, &rules).await;

    // Nothing is here for the first report.
    let bucket = world.report_with_cab(&crash("app", 1), &cab("a.dmp", b"MDMP 1")).await;
    world.report_in_state(bucket, "done").await;
    assert_eq!(looks.lock().unwrap().split_off(0), [None], "there is no reason to look again");

    let symbols = format!("MODULE Linux x86_64 {ID} a.so\nFUNC 0 1 0 main\n");
    let head = "--B\r\nContent-Disposition: form-data; name=\"symbol_file\"; filename=\"a.sym\"\r\n\r\n";
    let body = format!("{head}{symbols}\r\n--B--\r\n");
    let kind = [("Content-Type", "multipart/form-data; boundary=B")];
    let sent = send(world.address, "POST", "/symbols/upload", &kind, body.as_bytes()).await;
    assert_eq!(sent.status, 200, "{}", sent.text());

    let bucket = world.report_with_cab(&crash("other", 2), &cab("a.dmp", b"MDMP 2")).await;
    let report = world.report_in_state(bucket, "done").await;
    assert_eq!(*looks.lock().unwrap(), [None, Some("main".to_owned())]);
    let id = report["id"].as_str().expect("it has an id");
    let kept = world.store.report(id).await.unwrap().unwrap().reading.expect("it was analysed");
    assert_eq!(kept.top_function.as_deref(), Some("main"));
    assert!(kept.analysis.is_some_and(|analysis| analysis.modules[0].has_symbols));
    world.stop().await;
}
