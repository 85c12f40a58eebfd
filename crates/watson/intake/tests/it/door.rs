//! The door, over sockets: the forms of named clients are served, and nothing that two readers could read differently.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{FORM, chunked, dump, form, packed_by, raw};
use crate::world::World;

/// A hidden second request: where it is taken for one, its reason is counted.
const HIDDEN: &str = "PUT /hidden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

fn refused(world: &World, reason: &'static str) -> u64 {
    world.intake.metrics().count("watson_refused_total", reason)
}

#[tokio::test]
async fn crashpads_raw_client_is_served_and_its_connection_ends() {
    let world = World::start().await;
    let upload = form(&[
        ("name=\"prod\"", b"app"),
        ("name=\"upload_file_minidump\"; filename=\"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.dmp\"", &dump(1)),
    ]);
    // No Host, no Connection: as its source writes it.
    let head = format!(
        "POST /crash HTTP/1.0\r\n{FORM}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let body = chunked(&packed_by("gzip", &upload), 32 * 1024);
    let bytes = [head.as_bytes(), &body, HIDDEN.as_bytes()].concat();
    let reply = raw(world.address, &bytes).await;
    assert!(reply.head.starts_with("HTTP/1.1 200 "), "{}", reply.head);
    assert!(reply.head.contains("\r\nContent-Length: 36\r\n"), "{}", reply.head);
    assert_eq!(reply.text.len(), 36, "its own answer and no other: {}", reply.text);
    assert_eq!((world.hits().await, refused(&world, "unknown_token")), (1, 0));
    world.stop().await;
}

#[tokio::test]
async fn paths_of_cabs_may_begin_with_a_backslash_or_dumpfile() {
    let world = World::start().await;
    for target in
        [r"\cabs\0123456789abcdef0123456789abcdef.cab", r"DumpFile=\cabs\x.cab", "DumpFile=/cabs/x.cab"]
    {
        let head = format!("PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nMSCF");
        let reply = raw(world.address, [head.as_bytes(), HIDDEN.as_bytes()].concat().as_slice()).await;
        assert_eq!(reply.reason(), (404, "unknown_token"), "{}", reply.head);
        assert!(reply.head.contains("\r\nConnection: close"), "{}", reply.head);
        assert!(!reply.text.contains("HTTP/1.1"), "one answer: {}", reply.text);
    }
    let climbing = "PUT \\..\\cabs\\x.cab HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(raw(world.address, climbing.as_bytes()).await.reason(), (400, "path"));
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_length_that_two_readers_read_differently() {
    let world = World::start().await;
    for (lines, reason) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", "length_conflict"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4", "length_conflict"),
        ("Content-Length: 4\r\nContent-Length: 4", "content_length"),
        ("Content-Length: 4\r\nContent-Length: 60", "content_length"),
        ("Content-Length: +4", "content_length"),
        ("Content-Length: 4, 4", "content_length"),
        ("Transfer-Encoding: xchunked", "transfer_encoding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "transfer_encoding"),
        ("Transfer-Encoding : chunked", "header_name"),
        ("Content-Length\t: 4", "header_name"),
        ("X: a\r\n Content-Length: 4", "folded_header"),
        ("Transfer-Encoding:\r\n chunked", "transfer_encoding"),
        ("X: a\nContent-Length: 4", "head_line_end"),
        ("X: a\rTransfer-Encoding: chunked", "head_line_end"),
        ("X: a\0b", "header_value"),
    ] {
        let before = refused(&world, reason);
        let first = format!("POST /crash HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n0\r\n\r\n");
        let reply = raw(world.address, [first.as_bytes(), HIDDEN.as_bytes()].concat().as_slice()).await;
        assert_eq!(reply.reason(), (400, reason), "{}", lines.escape_debug());
        assert!(!reply.text.contains("HTTP/1.1"), "one answer: {}", reply.text);
        assert_eq!(refused(&world, reason), before + 1, "{}", lines.escape_debug());
    }
    assert_eq!(refused(&world, "unknown_token"), 0, "the hidden request was never one");
    world.stop().await;
}

#[tokio::test]
async fn later_requests_of_a_connection_are_looked_at_too_and_answered_in_turn() {
    let world = World::start().await;
    let unknown = "PUT /cabs/x.cab HTTP/1.1\r\nHost: localhost\r\n";
    let chunks =
        format!("{unknown}Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nMSCF\r\n0\r\nX-Trailer: 1\r\n\r\n");
    let sized = format!("{unknown}Content-Length: 4\r\n\r\nMSCF");
    let bad = format!("{unknown}Content-Length: 4\r\nContent-Length: 5\r\n\r\nMSCF");
    for step in [1, 7, 4096] {
        let before = refused(&world, "unknown_token");
        let mut stream = TcpStream::connect(world.address).await.expect("it listens");
        let all = [chunks.as_bytes(), sized.as_bytes(), bad.as_bytes(), HIDDEN.as_bytes()].concat();
        for piece in all.chunks(step) {
            let _ = stream.write_all(piece).await;
        }
        let mut answers = String::new();
        let _ = stream.read_to_string(&mut answers).await;
        let reasons: Vec<&str> = answers
            .split("\r\n\r\n")
            .skip(1)
            .map(|text| text.split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(reasons, ["unknown_token", "unknown_token", "content_length"], "{step}: {answers}");
        assert_eq!(refused(&world, "unknown_token"), before + 2);
    }
    world.stop().await;
}

#[tokio::test]
async fn chunks_that_readers_disagree_on_end_the_request_and_the_connection() {
    let world = World::start().await;
    for body in
        ["4 \r\nMSCF\r\n0\r\n\r\n", "4\nMSCF\n0\n\n", "0x4\r\nMSCF\r\n0\r\n\r\n", "4\r\nMSCFxx0\r\n\r\n"]
    {
        let head = format!(
            "POST /crash HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        let reply = raw(world.address, format!("{head}{body}{HIDDEN}").as_bytes()).await;
        assert!(matches!(reply.status, 400 | 0), "{} {}", reply.head, body.escape_debug());
        assert!(!reply.text.contains("HTTP/1.1"), "one answer: {}", reply.text);
    }
    assert_eq!((world.hits().await, refused(&world, "unknown_token")), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn heads_have_a_limit_however_they_come() {
    let world = World::start().await;
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(100_000));
    assert_eq!(raw(world.address, long.as_bytes()).await.reason(), (431, "head_too_large"));
    let endless = format!("GET /{}", "a".repeat(100_000));
    assert_eq!(raw(world.address, endless.as_bytes()).await.reason(), (431, "head_too_large"));
    let version = "PRI * HTTP/2.0\r\n\r\n";
    assert_eq!(raw(world.address, version.as_bytes()).await.reason(), (505, "http_version"));
    world.stop().await;
}

#[tokio::test]
async fn half_a_head_at_the_end_of_a_connection_is_no_request() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.address).await.expect("it listens");
    stream.write_all(b"PUT /hidden HTTP/1.1\r\nHost: a\r\n").await.expect("it takes them");
    stream.shutdown().await.expect("no more comes");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends");
    assert_eq!(refused(&world, "unknown_token"), 0);
    world.stop().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up_in_time() {
    // A quarter of a minute, so for a night only.
    if std::env::var_os("WATSON_LONG_TESTS").is_none() {
        return;
    }
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.address).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.expect("it takes them");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server ends the connection");
    assert_eq!(refused(&world, "unknown_token"), 0);
    world.stop().await;
}
