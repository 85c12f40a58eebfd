//! An overloaded server: each dialect is shed by its clients' manners, and level 1 last.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
