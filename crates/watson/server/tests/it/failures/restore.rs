//! Backups of servers on PostgreSQL and a bucket, and what comes back after somebody was erased.

use std::path::{Path, PathBuf};

use crate::binary::Watson;
use crate::failures::site::Site;
use crate::postgres::PostgresForTest;
use crate::world::{cab, crash};

/// What the machine that is to be forgotten sent.
const SECRET: &[u8] = b"what machine one would rather have kept to itself";

/// Files below a folder that have these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let found = |path: &PathBuf| std::fs::read(path).unwrap().windows(bytes.len()).any(|part| part == bytes);
    entries
        .flat_map(|path| if path.is_dir() { files_with(&path, bytes) } else { vec![path] })
        .filter(found)
        .collect()
}

/// A report of `machine-N` with a file of these bytes; its bucket, and the file.
async fn report(watson: &Watson, number: u64, bytes: &[u8]) -> (u64, Vec<u8>) {
    let answer = watson.level1(&crash("app", number).to_xml_utf16()).await;
    // Behind the cab, as a signature would be: to be seen in whatever file has them.
    let cab = [cab("notes.txt", b"see behind the cab"), bytes.to_vec()].concat();
    assert_eq!(watson.put(&answer.dump_file.expect("a cab is wanted"), &cab).await.status, 200);
    (answer.bucket.expect("it has a bucket"), cab)
}

#[tokio::test]
async fn rows_and_bytes_of_a_machine_that_was_erased_after_the_snapshot_do_not_come_back() {
    let (postgres, empty) = (PostgresForTest::start(), PostgresForTest::start());
    let site = Site::with_bucket(postgres.url());
    let watson = site.start("one", &[]);
    let (bucket, _) = report(&watson, 1, SECRET).await;
    let (_, two) = report(&watson, 2, b"of machine two").await;
    let output = site.dir.path().join("backups");
    let backups = output.to_str().unwrap();
    let made = site.command("one", &["backup", "--json", "--output", backups]);
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    assert_eq!((&made["blobs"], made["lost"].as_array().map(Vec::len)), (&2.into(), Some(0)), "{made}");

    // Beside the running server, with a data folder of its own.
    let erased = site.command("office", &["machine", "erase", "machine-1", "--yes", "--json"]);
    let erased: serde_json::Value = serde_json::from_str(&erased).expect("JSON");
    assert_eq!((&erased["reports"], &erased["blobs"], &erased["raw"]), (&1.into(), &1.into(), &1.into()));
    let blobs = |site: &Site| site.s3.as_ref().unwrap().blobs();
    assert_eq!(files_with(&blobs(&site), SECRET), Vec::<PathBuf>::new(), "gone from the bucket");
    assert_eq!(files_with(&output, SECRET).len(), 1, "the snapshot is from before");
    drop(watson);

    let back = site.is_elsewhere(empty.url());
    let erasures = site.data("office").join("erasures.log");
    let erasures = erasures.to_str().unwrap();
    let restored = back.command("one", &["restore", "--from", backups, "--erasures", erasures, "--json"]);
    let restored: serde_json::Value = serde_json::from_str(&restored).expect("JSON");
    assert_eq!(restored["lost"], serde_json::json!([]), "{restored}");
    assert_eq!(files_with(&blobs(&back), SECRET), Vec::<PathBuf>::new());
    assert_eq!(files_with(&back.data("one"), SECRET), Vec::<PathBuf>::new());
    let watson = back.start("one", &[]);
    let shown = watson.bucket(bucket).await;
    let reports = shown["reports"].as_array().unwrap();
    assert_eq!((&shown["hits"], reports.len()), (&2.into(), 1), "counts stay, and the other's report");
    let cab = watson.get(&format!("/reports/{}/cab", reports[0].as_str().unwrap())).await;
    assert!(cab.body == two);
    drop(watson);
    let tar = back.dir.path().join("one.tar");
    back.command("office", &["machine", "export", "machine-1", "--output", tar.to_str().unwrap()]);
    let tar = std::fs::read(tar).unwrap();
    let has = |bytes: &[u8]| tar.windows(bytes.len()).any(|part| part == bytes);
    let name: Vec<u8> = "machine-1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(has(b"machine.json") && !has(&name), "nothing is told of the machine, its level 1 neither");
    back.is_whole();
}
