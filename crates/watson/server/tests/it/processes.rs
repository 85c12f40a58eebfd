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

    // Symbols in stages, each stage at another process.
    let created = send(one.address, "POST", "/v1/uploads:create", &[], b"").await.json();
    let upload = format!("/v1/uploads/{}", created["uploadKey"].as_str().unwrap());
    let symbols = b"MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a.so\nFUNC 0 1 0 main\n";
    let put = send(other.address, "PUT", &upload, &[], symbols).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let complete = format!("{upload}:complete");
    for (server, result) in [(&one, "OK"), (&other, "DUPLICATE_DATA")] {
        let completed =
            send(server.address, "POST", &complete, &[], b"{symbol_upload_type: \"BREAKPAD\"}").await;
        assert_eq!(completed.json()["result"], result);
    }
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
