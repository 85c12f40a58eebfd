//! A disk that fills up. It is one of the tests' own, in memory, with as much room as a test gives it.

use std::path::PathBuf;

use tempfile::TempDir;
use wer_powerloss::{Disk, Mount};
use wer_wire::Level1Response;

use crate::binary::Watson;
use crate::client::send;
use crate::durability::machines::now;
use crate::failures::site::{is_refused, is_whole, until};
use crate::world::{cab, crash, folder};

struct SmallDisk {
    disk: Disk,
    _mount: Mount,
    folder: TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let (disk, folder) = (Disk::default(), folder());
        let mount = Mount::new(&disk, folder.path()).expect("a disk can be mounted");
        Self { disk, _mount: mount, folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// A level 1 report that the server has not seen.
fn body(number: u64) -> Vec<u8> {
    let request = wer_wire::Level1Request { event_time_filetime: now(), ..crash("app", number) };
    request.to_xml_utf16()
}

/// Bytes that do not shrink.
fn large(number: u64) -> Vec<u8> {
    let mut chance = fastrand::Rng::with_seed(number);
    cab("notes.bin", &std::iter::repeat_with(|| chance.u8(..)).take(400_000).collect::<Vec<_>>())
}

async fn shown(watson: &Watson, bucket: u64) -> (u64, Vec<Vec<u8>>) {
    let bucket = watson.bucket(bucket).await;
    let mut cabs = Vec::new();
    for id in bucket["reports"].as_array().expect("reports") {
        let cab = watson.get(&format!("/reports/{}/cab", id.as_str().expect("an id"))).await;
        assert_eq!(cab.status, 200, "{}", cab.text());
        cabs.push(cab.body);
    }
    (bucket["hits"].as_u64().expect("hits"), cabs)
}

#[tokio::test]
async fn below_the_first_mark_blobs_stop_and_below_the_second_everything_does() {
    let small = SmallDisk::new();
    let marks =
        ["--no-token", "--set", "overload.low_disk_bytes=8000000", "--set", "overload.no_disk_bytes=4000000"];
    let watson = Watson::start(&small.data(), &marks);
    let (first, cab) = (watson.level1(&body(1)).await, large(1));
    let path = first.dump_file.expect("a cab is wanted");

    small.disk.set_free_bytes(Some(7_000_000));
    is_refused(&watson.put(&path, &cab).await, 503, "disk_low");
    is_refused(&watson.dump("Breakpad/1.0", 1, b"MDMP").await, 503, "disk_low");
    let put_by = watson.dump("crashpad", 2, b"MDMP two").await;
    assert_eq!(put_by.status, 200, "{}", put_by.text());
    for number in 2..12 {
        assert!(watson.level1(&body(number)).await.dump_file.is_none(), "nobody is asked for a cab");
    }
    assert_eq!(watson.get("/readyz").await.status, 200);

    small.disk.set_free_bytes(Some(3_000_000));
    until("it is noticed", async || watson.metric("watson_disk_room ").await == 2).await;
    is_refused(&send(watson.address, "POST", "/stage2.htm", &[], &body(12)).await, 503, "disk_low");
    is_refused(&watson.dump("crashpad", 3, b"MDMP three").await, 503, "disk_low");
    assert_eq!(watson.get("/readyz").await.status, 503);
    assert_eq!(watson.metric("watson_refused_total{reason=\"disk_low\"}").await, 4);
    assert_eq!(watson.metric("watson_lost_total{reason=\"disk_low\"}").await, 1);
    assert_eq!(shown(&watson, first.bucket.expect("a bucket")).await, (11, vec![]));

    small.disk.set_free_bytes(None);
    until("there is room", async || watson.metric("watson_disk_room ").await == 0).await;
    until("the reserve is emptied", async || watson.metric("watson_spool_requests ").await == 0).await;
    for _ in 0..2 {
        assert_eq!(watson.put(&path, &cab).await.status, 200);
    }
    assert_eq!(shown(&watson, first.bucket.expect("a bucket")).await, (11, vec![cab]));
    assert_eq!((watson.metric("watson_hits ").await, watson.metric("watson_reports ").await), (12, 2));
    drop(watson);
    is_whole(&small.data(), &[]);
}

#[tokio::test]
async fn a_disk_that_is_full_to_the_last_byte_loses_and_halves_nothing() {
    let small = SmallDisk::new();
    // Nothing warns: as if something else had filled the disk since the last look.
    let blind = ["--no-token", "--set", "overload.low_disk_bytes=0", "--set", "overload.no_disk_bytes=0"];
    let watson = Watson::start(&small.data(), &blind);
    let one = body(1);
    let first = watson.level1(&one).await;
    let (path, cab) = (first.dump_file.expect("a cab is wanted"), large(1));

    small.disk.set_free_bytes(Some(300_000));
    is_refused(&watson.put(&path, &cab).await, 507, "disk_full");
    assert_eq!(small.data().join("tmp").read_dir().expect("a folder").count(), 0, "nothing is left of it");
    // What was freed is not given back here: there is less room with each. Hits go on until there is none.
    small.disk.set_free_bytes(Some(200_000));
    let (mut told, mut refused) = (vec![one], Vec::new());
    for number in 2..200 {
        let body = body(number);
        let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
        if reply.status == 200 {
            assert!(Level1Response::parse(&reply.body).is_ok());
            told.push(body);
        } else {
            is_refused(&reply, 507, "disk_full");
            refused.push(body);
        }
        if refused.len() == 5 {
            break;
        }
    }
    assert!(told.len() > 2 && refused.len() == 5, "{} were taken, {} refused", told.len(), refused.len());
    assert_eq!(watson.metric("watson_refused_total{reason=\"disk_full\"}").await, 6);
    let bucket = first.bucket.expect("a bucket");
    assert_eq!(
        shown(&watson, bucket).await,
        (told.len() as u64, vec![]),
        "what was refused is not to be seen"
    );

    small.disk.set_free_bytes(None);
    assert_eq!(watson.put(&path, &cab).await.status, 200);
    for body in &refused {
        watson.level1(body).await;
    }
    let all = (told.len() + refused.len()) as u64;
    assert_eq!(shown(&watson, bucket).await, (all, vec![cab.clone()]));
    for body in told.iter().chain(&refused) {
        watson.level1(body).await;
    }
    assert_eq!(shown(&watson, bucket).await, (all, vec![cab]), "all of them are known");
    drop(watson);
    is_whole(&small.data(), &[]);
}
