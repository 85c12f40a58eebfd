//! The bucket is gone for a while.

use std::net::TcpListener;

use crate::binary::Watson;
use crate::failures::site::{Site, is_refused, until};
use crate::postgres::PostgresForTest;
use crate::world::{cab, crash};

const PARTLY: &str = "ready\nthe place for blobs does not answer: cabs, dumps and symbols are not taken\n";
const BREAKPAD: &str = "Breakpad/1.0 (Linux)";

async fn says(watson: &Watson, text: &str) {
    until(text, async || watson.get("/readyz").await.text() == text).await;
}

/// The path for the cab of a crash.
async fn wish(watson: &Watson, number: u64) -> String {
    watson.level1(&crash("app", number).to_xml_utf16()).await.dump_file.expect("a cab is wanted")
}

#[tokio::test]
async fn without_its_bucket_a_server_counts_on_and_takes_what_it_refused_once_afterwards() {
    let postgres = PostgresForTest::start();
    let mut site = Site::with_bucket(postgres.url());
    let watson = site.start("one", &[]);
    let kept = cab("a.txt", b"kept");
    assert_eq!(watson.put(&wish(&watson, 1).await, &kept).await.status, 200);
    let path = wish(&watson, 2).await;
    let (late, dump) = (cab("a.txt", b"late"), [b"MDMP".as_slice(), &[0; 50_000]].concat());
    says(&watson, "ready\n").await;

    site.s3.as_mut().unwrap().stop();
    // One that nobody has warned, and one that is turned away at the door.
    is_refused(&watson.put(&path, &late).await, 503, "no_blobs");
    until("it is noticed", async || watson.metric("watson_blobs_answer ").await == 0).await;
    is_refused(&watson.put(&path, &late).await, 503, "no_blobs");
    is_refused(&watson.dump(BREAKPAD, 1, &dump).await, 503, "no_blobs");
    // This one never comes again, and is put by.
    let put_by = watson.dump("crashpad", 2, &[b"MDMP".as_slice(), &[0; 40_000]].concat()).await;
    assert_eq!((put_by.status, put_by.body.len()), (200, 36), "{}", put_by.text());
    let bucket = watson.level1(&crash("app", 3).to_xml_utf16()).await.bucket.expect("level 1 goes on");
    for number in 4..20 {
        watson.level1(&crash("app", number).to_xml_utf16()).await;
    }
    let ready = watson.get("/readyz").await;
    assert_eq!((ready.status, ready.text().as_str()), (200, PARTLY));
    for (metric, value) in [
        ("watson_refused_total{reason=\"no_blobs\"}", 3),
        ("watson_spooled_total{reason=\"no_blobs\"}", 1),
        ("watson_lost_total{reason=\"no_blobs\"}", 0),
        ("watson_ready ", 1),
        ("watson_hits ", 19),
        ("watson_reports ", 1),
    ] {
        assert_eq!(watson.metric(metric).await, value, "{metric}");
    }
    assert_eq!(site.data("one").join("tmp").read_dir().unwrap().count(), 0, "nothing is left of uploads");

    site.s3.as_mut().unwrap().start_again();
    says(&watson, "ready\n").await;
    until("it is noticed", async || watson.metric("watson_blobs_answer ").await == 1).await;
    for _ in 0..2 {
        assert_eq!(watson.put(&path, &late).await.status, 200);
        let taken = watson.dump(BREAKPAD, 1, &dump).await;
        assert_eq!(taken.status, 200, "{}", taken.text());
    }
    until("the reserve is emptied", async || watson.metric("watson_spool_requests ").await == 0).await;
    let shown = watson.bucket(bucket).await;
    assert_eq!((&shown["hits"], shown["reports"].as_array().unwrap().len()), (&19.into(), 2));
    let mut cabs = Vec::new();
    for id in shown["reports"].as_array().unwrap() {
        cabs.push(watson.get(&format!("/reports/{}/cab", id.as_str().unwrap())).await.body);
    }
    assert!(cabs.contains(&kept) && cabs.contains(&late), "both cabs are whole");
    assert_eq!((watson.metric("watson_hits ").await, watson.metric("watson_reports ").await), (21, 4));
    // An outage is nobody's failed attempt.
    until("both cabs are analysed", async || watson.metric("watson_jobs_open ").await == 2).await;
    assert_eq!(watson.metric("watson_jobs_poison ").await, 0);
    drop(watson);
    site.is_whole();
}

#[tokio::test]
async fn a_bucket_that_takes_connections_and_never_answers_is_noticed_too() {
    let postgres = PostgresForTest::start();
    let mut site = Site::with_bucket(postgres.url());
    let watson = site.start("one", &[]);
    let path = wish(&watson, 1).await;
    let s3 = site.s3.as_mut().unwrap();
    let address = s3.url().split(['/', '?', '&']).find_map(|part| part.parse::<std::net::SocketAddr>().ok());
    s3.stop();
    let silent = TcpListener::bind(address.expect("it has an address")).expect("the port is free");
    until("it is noticed", async || watson.metric("watson_blobs_answer ").await == 0).await;
    is_refused(&watson.put(&path, &cab("a.txt", b"x")).await, 503, "no_blobs");
    watson.level1(&crash("app", 2).to_xml_utf16()).await;
    drop(silent);
    s3.start_again();
    until("it is back", async || watson.metric("watson_blobs_answer ").await == 1).await;
    assert_eq!(watson.put(&path, &cab("a.txt", b"x")).await.status, 200);
    drop(watson);
    site.is_whole();
}
