//! An overloaded server: each dialect is shed by its clients' manners, and level 1 last.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use watson_intake::overload::{OverloadSettings, Room};

use crate::client::{FORM, Reply, chunked, dump, form, packed_by, post};
use crate::world::World;

/// Sends a head that announces a body, and reads the answer without sending a byte of that body.
async fn head_only(world: &World, target: &str, headers: &[&str]) -> String {
    let mut head =
        format!("POST {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000000\r\n", world.address);
    for line in headers {
        head.push_str(&format!("{line}\r\n"));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(world.address).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut piece);
        let count =
            tokio::time::timeout(Duration::from_secs(60), read).await.expect("an answer").expect("bytes");
        assert_ne!(count, 0, "closed without an answer");
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn clients_that_send_again_are_told_when_before_their_body_is_read() {
    let world = World::start().await;
    world.intake.gauge().set_store(false, true);
    let breakpad = "User-Agent: Breakpad/1.0 (Windows)";
    for (target, agent) in
        [("/stage2.htm", "A: b"), ("/submit", "A: b"), ("/crash", breakpad), ("/symbols/upload", "A: b")]
    {
        let answer = head_only(&world, target, &[agent]).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{target}: {answer}");
        assert!(answer.contains("Retry-After: 60\r\n"), "{target}: {answer}");
        assert!(answer.contains("no_database"), "{target}: {answer}");
    }
    let answer = head_only(&world, "/submit", &["Expect: 100-continue"]).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "its body was not asked for: {answer}");
    assert_eq!(world.intake.metrics().count("watson_refused_total", "no_database"), 5);
    assert_eq!(world.intake.metrics().count("watson_lost_total", "no_database"), 0);
    world.stop().await;
}

fn uuid(number: u32) -> String {
    format!("0f1e2d3c-4b5a-6978-8796-{number:012x}")
}

async fn crashpad(world: &World, number: u32) -> Reply {
    let disposition = format!("name=\"upload_file_minidump\"; filename=\"{}.dmp\"", uuid(number));
    let body = form(&[("name=\"guid\"", b"client"), (&disposition, &dump(number))]);
    let packed = packed_by("gzip", &body);
    let headers = [FORM, "Content-Encoding: gzip", "Transfer-Encoding: chunked"];
    post(world.address, "/crashpad", &headers, &chunked(&packed, 100)).await
}

async fn sentry(world: &World, number: u32) -> Reply {
    let dump = dump(number);
    let head = format!("{{\"event_id\":\"{}\"}}\n", uuid(number).replace('-', ""));
    let item = format!(
        "{{\"type\":\"attachment\",\"length\":{},\"attachment_type\":\"event.minidump\"}}\n",
        dump.len()
    );
    post(world.address, "/api/1/envelope/", &[], &[head.as_bytes(), item.as_bytes(), &dump].concat()).await
}

/// Waits until the reserve is empty.
async fn drained(world: &World) {
    for _ in 0..3_000 {
        if world.intake.health().spooled == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the reserve still holds {:?}", world.intake.health());
}

#[tokio::test]
async fn clients_that_never_send_again_are_put_by_and_taken_once_later() {
    let world = World::start().await;
    world.intake.gauge().set_store(false, true);
    for number in 0..6 {
        let reply = crashpad(&world, number).await;
        assert_eq!((reply.status, reply.text.len()), (200, 36), "{}", reply.text);
        assert!(reply.head.contains("Content-Length: 36"), "{}", reply.head);
    }
    // One that was not so sure tells it twice all the same.
    assert_eq!(crashpad(&world, 3).await.status, 200);
    let reply = sentry(&world, 100).await;
    let id: serde_json::Value = serde_json::from_str(&reply.text).expect("JSON");
    assert_eq!(id["id"].as_str().map(str::len), Some(32), "{}", reply.text);
    assert_eq!((world.hits().await, world.intake.health().spooled), (0, 8));
    // The server stops, and another finds the reserve.
    let world = World::start_on(world.stop().await, OverloadSettings::default()).await;
    drained(&world).await;
    assert_eq!((world.hits().await, world.reports().await), (7, 7));
    assert_eq!(world.intake.metrics().count("watson_replayed_total", "taken"), 8);
    assert_eq!(world.intake.metrics().count("watson_dumps_total", "repeated"), 1);
    assert_eq!(world.intake.health().spooled_bytes, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_full_reserve_refuses_and_counts_what_is_lost() {
    let settings = OverloadSettings { max_spool_entries: 2, ..OverloadSettings::default() };
    let world = World::start_on(tempfile::tempdir().expect("a folder"), settings).await;
    world.intake.gauge().set_store(true, false);
    for (number, status) in [(0, 200), (1, 200), (2, 503)] {
        assert_eq!(crashpad(&world, number).await.status, status);
    }
    assert_eq!(world.intake.metrics().count("watson_spooled_total", "no_blobs"), 2);
    assert_eq!(world.intake.metrics().count("watson_lost_total", "no_blobs"), 1);
    world.intake.gauge().set_store(true, true);
    drained(&world).await;
    assert_eq!(world.hits().await, 2);
    world.stop().await;
}

#[tokio::test]
async fn junk_in_the_reserve_is_refused_later_and_holds_nobody_up() {
    let world = World::start().await;
    world.intake.gauge().set_store(false, true);
    assert_eq!(post(world.address, "/crash", &[FORM], b"no form at all").await.status, 200);
    assert_eq!(crashpad(&world, 1).await.status, 200);
    world.intake.gauge().set_store(true, true);
    drained(&world).await;
    assert_eq!(world.intake.metrics().count("watson_replayed_total", "refused"), 1);
    assert_eq!(world.hits().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_in_the_middle_costs_no_report() {
    let world = World::start().await;
    // Nobody has noticed yet that the database is gone.
    world.store.close().await;
    let reply = crashpad(&world, 1).await;
    assert_eq!((reply.status, reply.text.len()), (200, 36), "{}", reply.text);
    assert_eq!(world.intake.health().spooled, 1);
    let world = World::start_on(world.stop().await, OverloadSettings::default()).await;
    drained(&world).await;
    assert_eq!((world.hits().await, world.reports().await), (1, 1));
    world.stop().await;
}

#[tokio::test]
async fn little_room_on_disk_stops_blobs_and_asks_for_none() {
    let world = World::start().await;
    let marks = OverloadSettings::default().marks;
    world.set_free(u64::MAX / 2);
    assert_eq!(world.intake.health().room, Room::Enough);
    world.set_free(marks.low_bytes - 1);
    assert!(head_only(&world, "/submit", &[]).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(crashpad(&world, 1).await.status, 200);
    assert_eq!(world.intake.health().spooled, 1);
    assert!(world.intake.health().is_ready(), "level 1 goes on");
    world.set_free(marks.none_bytes - 1);
    assert_eq!(crashpad(&world, 2).await.status, 503);
    assert_eq!(world.intake.metrics().count("watson_lost_total", "disk_low"), 1);
    assert!(head_only(&world, "/stage2.htm", &[]).await.starts_with("HTTP/1.1 503 "));
    assert!(!world.intake.health().is_ready());
    world.set_free(u64::MAX / 2);
    drained(&world).await;
    assert_eq!(world.hits().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_disk_that_has_just_filled_up_is_noticed_by_the_next_upload() {
    let world = World::start().await;
    world.fill_disk_unseen(OverloadSettings::default().marks.low_bytes - 1);
    assert_eq!(crashpad(&world, 1).await.status, 200);
    assert_eq!((world.intake.health().spooled, world.hits().await), (1, 0));
    assert!(head_only(&world, "/submit", &[]).await.starts_with("HTTP/1.1 503 "));
    world.stop().await;
}
