//! Two servers on one PostgreSQL and one folder of blobs.

use wer_wire::Level1Response;

use crate::binary::Watson;
use crate::client::send;
use crate::postgres::PostgresForTest;
use crate::world::{cab, crash, folder};

#[tokio::test]
async fn what_one_takes_the_other_knows_and_shows() {
    let (dir, postgres) = (folder(), PostgresForTest::start());
    let url = postgres.url();
    let blobs = dir.path().join("shared");
    let options = ["--no-token", "--database", &url, "--blobs", blobs.to_str().unwrap()];
    let one = Watson::start(&dir.path().join("one"), &options);
    let other = Watson::start(&dir.path().join("other"), &options);

    let body = crash("app", 1).to_xml_utf16();
    let first = send(one.address, "POST", "/stage2.htm", &[], &body).await;
    let again = send(other.address, "POST", "/stage2.htm", &[], &body).await;
    assert_eq!(first.text(), again.text(), "a repeat has the same bucket and the same token");
    let answer = Level1Response::parse(&first.body).unwrap();
    let bytes = cab("minidump.mdmp", b"MDMP");
    let put = send(other.address, "PUT", &answer.dump_file.unwrap(), &[], &bytes).await;
    assert_eq!(put.status, 200, "{}", put.text());

    let bucket = format!("/api/buckets/{}", answer.bucket.unwrap());
    let listed = send(one.address, "GET", &bucket, &[], b"").await.json();
    assert_eq!((&listed["hits"], listed["reports"].as_array().unwrap().len()), (&1.into(), 1));
    let report = format!("/reports/{}/cab", listed["reports"][0].as_str().unwrap());
    assert_eq!(send(one.address, "GET", &report, &[], b"").await.body, bytes);
    assert!(!dir.path().join("one/watson.sqlite").exists());
}

#[test]
fn a_database_that_is_shared_needs_a_folder_that_is() {
    let dir = folder();
    let outcome = std::process::Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(["serve", "--database", "postgres:///x", "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(!outcome.status.success());
    assert!(String::from_utf8(outcome.stderr).unwrap().contains("--blobs"));
}
