//! Level 2: cabs come once, whole, and for a token; the worker reads them.

use std::sync::Arc;

use watson_db::Reading;
use watson_server::worker::{AnalysisFailure, Analyzer};

use crate::client::send;
use crate::world::{MAX_CAB_BYTES, World, cab, crash, folder};

fn files_below(path: &std::path::Path) -> usize {
    let entries =
        std::fs::read_dir(path).expect("the folder is there").map(|entry| entry.expect("it lists").path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_cab_becomes_a_report_and_comes_back_as_it_was() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let bytes = cab("minidump.mdmp", b"MDMP");
    let bucket = world.report_with_cab(&crash("app", 1), &bytes).await;
    let report = world.report_in_state(bucket, "done").await;
    assert_eq!(report["machine"], "machine-1");
    assert_eq!(report["bucket"], bucket);
    let id = report["id"].as_str().unwrap();
    let download = world.get(&format!("/reports/{id}/cab")).await;
    assert_eq!(download.body, bytes);
    assert!(download.header("content-disposition").unwrap().starts_with("attachment"));
    assert_eq!(download.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(files_below(&dir.path().join("blobs")), 1);
    assert_eq!(files_below(&dir.path().join("tmp")), 0);
}

#[tokio::test]
async fn the_same_cab_again_is_fine_and_another_is_not() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let path = world.report(&crash("app", 1)).await.dump_file.unwrap();
    let first = cab("a", b"one");
    assert_eq!(world.put(&path, &first).await.status, 200);
    assert_eq!(world.put(&path, &first).await.status, 200);
    let other = world.put(&path, &cab("a", b"two")).await;
    assert_eq!((other.status, other.text().starts_with("other_cab:")), (409, true));
    assert_eq!(files_below(&dir.path().join("blobs")), 1, "the other cab is not kept");
    assert_eq!(world.get("/api/buckets/1").await.json()["reports"].as_array().unwrap().len(), 1);
    // A machine whose answer was lost begins again at level 1.
    assert_eq!(world.report(&crash("app", 1)).await.dump_file, Some(path));
}

#[tokio::test]
async fn a_path_may_be_written_as_windows_does() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let spellings = ["/%5Ccabs%5C", "/corp/CABS/", "/DumpFile=/cabs/", "\\cabs\\", "DumpFile=\\cabs\\"];
    for (moment, spelling) in (1..).zip(spellings) {
        let path = world.report(&crash(&format!("app{moment}"), moment)).await.dump_file.unwrap();
        let token = path.trim_start_matches("/cabs/");
        let target = format!("{spelling}{token}");
        assert_eq!(world.put(&target, &cab("a", &[moment as u8])).await.status, 200, "{target}");
    }
}

#[tokio::test]
async fn what_is_no_cab_is_refused_and_the_token_stays_good() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let path = world.report(&crash("app", 1)).await.dump_file.unwrap();
    let whole = cab("a", &[7; 4000]);
    let mut large = whole.clone();
    large.resize(MAX_CAB_BYTES as usize + 1, 0);
    for (body, status, reason) in [
        (&b"MDMP a dump"[..], 400, "not_a_cab"),
        (b"", 400, "not_a_cab"),
        (b"MSCF", 400, "not_a_cab"),
        (&whole[..whole.len() - 1], 400, "cab_cut"),
        (&large, 413, "too_large"),
    ] {
        let reply = world.put(&path, body).await;
        assert_eq!(
            (reply.status, reply.text().split(':').next()),
            (status, Some(reason)),
            "{}",
            reply.text()
        );
    }
    let sized = large
        .chunks(1000)
        .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    let chunked: Vec<u8> = sized.chain(*b"0\r\n\r\n").collect();
    let reply = send(world.address, "PUT", &path, &[("Transfer-Encoding", "chunked")], &chunked).await;
    assert_eq!(reply.status, 413);
    assert_eq!(files_below(&dir.path().join("blobs")) + files_below(&dir.path().join("tmp")), 0);
    assert_eq!(world.put(&path, &whole).await.status, 200);
    assert_eq!(world.counter("watson_refused_total{reason=\"not_a_cab\"}").await, 3);
    assert_eq!(world.counter("watson_refused_total{reason=\"too_large\"}").await, 2);
}

#[tokio::test]
async fn a_cab_that_breaks_off_leaves_nothing() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let path = world.report(&crash("app", 1)).await.dump_file.unwrap();
    let head = format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nMSCF");
    {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    let mut tries = 0;
    while world.put(&path, &cab("a", b"x")).await.status == 409 {
        tries += 1;
        assert!(tries < 1000, "the token stays held");
    }
    world.stop().await;
    assert_eq!(files_below(&dir.path().join("tmp")), 0);
    assert_eq!(files_below(&dir.path().join("blobs")), 1);
}

#[tokio::test]
async fn tokens_cannot_be_guessed_or_climbed() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let path = world.report(&crash("app", 1)).await.dump_file.unwrap();
    let name = path.trim_start_matches("/cabs/");
    let body = cab("a", b"x");
    for (target, status) in [
        ("/cabs/00000000000000000000000000000000.cab".to_owned(), 404),
        ("/cabs/".to_owned(), 404),
        ("/etc/passwd".to_owned(), 404),
        (format!("/cabs/../cabs/{name}"), 400),
        (format!("/cabs/..%5C..%5C..%5Cetc/cabs/{name}"), 400),
        (format!("/%2e%2e/cabs/{name}"), 400),
        (format!("\\..\\cabs\\{name}"), 400),
        (format!("DumpFile=\\cabs\\..\\{name}"), 400),
    ] {
        let reply = world.put(&target, &body).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
    }
    assert_eq!(files_below(&dir.path().join("blobs")), 0);
    assert_eq!(world.put(&path, &body).await.status, 200);
}

/// Fails for cabs that hold the word "bad".
fn moody() -> Analyzer {
    Arc::new(|input| {
        Box::pin(async move {
            let bytes = std::fs::read(input.cab.path()).expect("the cab is where the job says");
            let bad = bytes.windows(3).any(|window| window == b"bad");
            let failure = AnalysisFailure { why: "the child died".into(), hopeless: false };
            if bad { Err(failure) } else { Ok(Reading::default()) }
        })
    })
}

#[tokio::test]
async fn a_dead_child_blocks_nobody_and_is_given_up_after_three_attempts() {
    let dir = folder();
    let world = World::start_with(dir.path(), None, moody()).await;
    let bad = world.report_with_cab(&crash("bad", 1), &cab("bad", b"")).await;
    let good = world.report_with_cab(&crash("good", 1), &cab("good", b"")).await;
    world.report_in_state(good, "done").await;
    let report = world.report_in_state(bad, "poison").await;
    assert_eq!(report["error"], "the child died");
    let page = world.get(&format!("/reports/{}", report["id"].as_str().unwrap())).await.text();
    assert!(page.contains("could not be analysed: the child died"), "{page}");
    assert_eq!(world.counter("watson_jobs_poison").await, 1);
    let next = world.report(&crash("bad", 2)).await;
    assert!(next.wants_memory_dump, "its place is given again");
}

#[tokio::test]
async fn an_analysis_that_was_under_way_is_begun_again_after_a_restart() {
    let dir = folder();
    let never: Analyzer = Arc::new(|_| Box::pin(std::future::pending()));
    let world = World::start_with(dir.path(), None, never).await;
    let bucket = world.report_with_cab(&crash("app", 1), &cab("a", b"x")).await;
    world.report_in_state(bucket, "open").await;
    world.stop().await;
    let world = World::start(dir.path()).await;
    world.report_in_state(bucket, "done").await;
}
