//! Level 1: counting, asking, and what outlives a restart.

use wer_wire::Level1Request;

use crate::client::send;
use crate::world::{World, crash, folder};

#[tokio::test]
async fn the_first_gives_memory_then_two_cabs_then_no_more() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let mut asked = Vec::new();
    for moment in 0..5 {
        let answer = world.report(&crash("app", moment)).await;
        assert_eq!((answer.bucket, answer.bucket_table), (Some(1), Some(1)));
        assert_eq!(answer.wants_cab, answer.dump_file.is_some());
        asked.push((answer.wants_cab, answer.wants_memory_dump));
    }
    assert_eq!(asked, [(true, true), (true, false), (true, false), (false, false), (false, false)]);
    assert_eq!(world.report(&crash("other", 0)).await.bucket, Some(2));
}

#[tokio::test]
async fn the_answer_is_what_windows_clients_read() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let reply = world.post("/stage2.htm", &crash("app", 1).to_xml_utf16()).await;
    let text = reply.text();
    let head = "iData=1\r\nBucket=1\r\nBucketTable=1\r\nMemoryDump=1\r\nDumpFile=/cabs/";
    assert!(text.starts_with(head) && text.ends_with(".cab\r\n"), "{text}");
    assert!(reply.head.contains("Content-Type: text/plain"), "{}", reply.head);
    assert!(reply.head.contains("Content-Length: "), "{}", reply.head);
}

#[tokio::test]
async fn a_report_told_twice_counts_once_and_is_answered_the_same() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let first = world.report(&crash("app", 1)).await;
    assert_eq!(world.report(&crash("app", 1)).await, first);
    // The same report in other bytes.
    let mut reordered = crash("app", 1);
    reordered.parameters.reverse();
    reordered.user_name = "somebody else".into();
    assert_eq!(world.report(&reordered).await, first);
    let bucket = world.get("/api/buckets/1").await.json();
    assert_eq!(bucket["hits"], 1);
    assert_eq!(world.counter("watson_level1_total{outcome=\"repeated\"}").await, 2);
}

#[tokio::test]
async fn encodings_paths_and_chunks_do_not_matter() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let utf16 = crash("app", 1).to_xml_utf16();
    let units: Vec<u16> = utf16.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).unwrap();
    let big_endian: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for (path, body) in [
        ("/stage2.htm", utf16.clone()),
        ("/STAGE2.HTM", utf16[2..].to_vec()),
        ("/corp/wer/Stage2.htm", big_endian),
        ("/stage2.htm?x=1", text.trim_start_matches('\u{feff}').as_bytes().to_vec()),
    ] {
        assert_eq!(world.post(path, &body).await.status, 200, "{path}");
    }
    let mut chunked = Vec::new();
    for chunk in utf16.chunks(100) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = [("Transfer-Encoding", "chunked")];
    assert_eq!(send(world.address, "POST", "/stage2.htm", &headers, &chunked).await.status, 200);
    assert_eq!(world.get("/api/buckets/1").await.json()["hits"], 1);
}

#[tokio::test]
async fn hits_and_numbers_outlive_a_restart() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    world.report(&crash("first", 1)).await;
    let before = world.report(&crash("second", 1)).await;
    world.stop().await;

    let world = World::start(dir.path()).await;
    assert_eq!(world.report(&crash("second", 1)).await, before);
    assert_eq!(world.report(&crash("second", 2)).await.bucket, before.bucket);
    let listed = world.get("/api/buckets").await.json();
    let hits: Vec<_> =
        listed["buckets"].as_array().unwrap().iter().map(|bucket| bucket["hits"].clone()).collect();
    assert_eq!(hits, [2, 1]);
}

#[tokio::test]
async fn a_blue_screen_has_a_bucket() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let request = Level1Request {
        report_type: 4,
        event_type: "BlueScreen".into(),
        secondary_parameters: vec![("BCCode".into(), "7f".into())],
        ..Level1Request::default()
    };
    world.report(&request).await;
    let bucket = world.get("/api/buckets/1").await.json();
    assert_eq!(bucket["parameters"][0]["name"], "BCCode");
    assert_eq!(bucket["event_type"], "BlueScreen");
}
