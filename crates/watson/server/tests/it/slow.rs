//! Clients that are slow on purpose: they are cut off, their source has only so many, and others are served meanwhile.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watson_server::connections::pace::Pace;

use crate::binary::Watson;
use crate::client::raw;
use crate::world::{World, crash, folder};

const MAX_SLOW_PER_SOURCE: usize = 4;

/// Short, so that nobody waits long for these tests; what is cut off and what is not does not depend on it.
fn pace() -> Pace {
    Pace {
        max_head: Duration::from_secs(3600),
        slow_after: Duration::from_secs(1),
        cut_after: Duration::from_secs(3),
        max_slow_per_source: MAX_SLOW_PER_SOURCE,
        ..Pace::default()
    }
}

async fn connect(world: &World, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(world.address).await.expect("the server listens");
    stream.write_all(bytes).await.expect("bytes are taken");
    stream
}

/// What comes until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(60), reading).await.expect("it is cut off");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn good_client_is_served(world: &World, moment: u64) {
    world.report(&crash("good", moment)).await;
}

#[tokio::test]
async fn of_many_half_heads_and_idle_ones_a_source_keeps_a_few() {
    let dir = folder();
    let world = World::start_paced(dir.path(), pace()).await;
    for head in [&b""[..], b"POST /stage2.htm HTTP/1.1\r\nHost: x\r\n"] {
        let mut streams = Vec::new();
        for _ in 0..MAX_SLOW_PER_SOURCE * 4 {
            streams.push(connect(&world, head).await);
        }
        good_client_is_served(&world, 1).await;
        // All but a few are closed; a head's own limit is an hour away.
        let (closed, mut closing) = tokio::sync::mpsc::unbounded_channel();
        for stream in streams {
            let closed = closed.clone();
            tokio::spawn(async move {
                rest(stream).await;
                let _ = closed.send(());
            });
        }
        // Where too few are closed, the others give up, and with the last of them this channel ends.
        drop(closed);
        for _ in 0..MAX_SLOW_PER_SOURCE * 3 {
            closing.recv().await.expect("it is closed");
        }
        good_client_is_served(&world, 2).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let dir = folder();
    let pace = Pace { max_head: Duration::from_secs(2), slow_after: Duration::from_secs(3600), ..pace() };
    let world = World::start_paced(dir.path(), pace).await;
    for head in [&b""[..], b"POST /stage2.htm HTTP/1.1\r\nHost: x\r\n"] {
        rest(connect(&world, head).await).await;
    }
    good_client_is_served(&world, 1).await;
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off_and_says_why() {
    let dir = folder();
    let world = World::start_paced(dir.path(), pace()).await;
    let mut stream =
        connect(&world, b"POST /stage2.htm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n")
            .await;
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        // Never a long pause, and never enough: only the pace can end it.
        while writing.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = async {
        let mut bytes = vec![0; 4096];
        let count = reading.read(&mut bytes).await.expect("an answer");
        String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned()
    };
    let answer = tokio::select! {
        answer = answer => answer,
        () = async { trickle.await; std::future::pending().await } => unreachable!(),
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("it trickles still"),
    };
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("too_slow"), "{answer}");
    assert_eq!(world.counter("watson_refused_total{reason=\"too_slow\"}").await, 1);
    world.stop().await;
}

#[tokio::test]
async fn of_many_slow_bodies_a_source_keeps_a_few() {
    let dir = folder();
    let pace = Pace { cut_after: Duration::from_secs(3600), ..pace() };
    let world = World::start_paced(dir.path(), pace).await;
    let head = b"POST /stage2.htm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nabc";
    let mut reading = tokio::task::JoinSet::new();
    for _ in 0..MAX_SLOW_PER_SOURCE * 4 {
        let mut stream = connect(&world, head).await;
        reading.spawn(async move {
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned()
        });
    }
    good_client_is_served(&world, 1).await;
    for _ in 0..MAX_SLOW_PER_SOURCE * 3 {
        let answer = reading.join_next().await.expect("one is left").expect("it is read");
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    good_client_is_served(&world, 2).await;
    reading.abort_all();
    world.stop().await;
}

#[tokio::test]
async fn whoever_does_not_read_its_answers_is_cut_off() {
    let dir = folder();
    let world = World::start_paced(dir.path(), pace()).await;
    let mut stream = connect(&world, b"").await;
    let request = b"GET /static/watson.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(64);
    // Asks on and on and reads nothing, until the server has given up.
    let asking = async { while stream.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("it is cut off");
    good_client_is_served(&world, 1).await;
    world.stop().await;
}

#[tokio::test]
async fn whoever_is_gone_without_a_word_keeps_nothing() {
    let dir = folder();
    let world = World::start_paced(dir.path(), pace()).await;
    let head =
        b"POST /crash HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n";
    // As after a cable was pulled: the connection stands, and nothing comes any more.
    let stream = connect(&world, head).await;
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).expect("a folder").count(), 0);
    world.stop().await;
}

#[tokio::test]
async fn lengths_that_lie_cost_only_their_own_connection() {
    let dir = folder();
    let pace = Pace { max_head: Duration::from_secs(2), ..pace() };
    let world = World::start_paced(dir.path(), pace).await;
    let body = crash("app", 1).to_xml_utf16();
    let with = |length: usize| {
        let head =
            format!("POST /stage2.htm HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), &body].concat()
    };
    // More announced than comes.
    let answer = rest(connect(&world, &with(body.len() + 1)).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // Less announced than comes: what is left is no request.
    let answer = rest(connect(&world, &with(body.len() - 2)).await).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // Chunks that say more than follows, and no number at all.
    let chunked = b"POST /stage2.htm HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (chunks, status) in [
        (&b"ffff\r\nabc"[..], "408"),
        (b"fffffffffffffffff\r\nabc", "400"),
        (b"xyz\r\nabc\r\n0\r\n\r\n", "400"),
    ] {
        let answer = rest(connect(&world, &[&chunked[..], chunks].concat()).await).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(world.counter("watson_hits").await, 0);
    good_client_is_served(&world, 2).await;
    world.stop().await;
}

#[tokio::test]
async fn how_large_a_head_may_be_is_a_setting() {
    let dir = folder();
    let data = dir.path().join("data");
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n",
        "a".repeat(9_000)
    );
    let usual = Watson::start(&data, &["--no-token"]);
    assert_eq!(raw(usual.address, head.as_bytes()).await.status, 200);
    drop(usual);
    let set = ["limits.max_head_bytes=8192", "limits.max_head_seconds=1", "quotas.new_labels_per_source=7"];
    let set: Vec<&str> = set.iter().flat_map(|pair| ["--set", pair]).chain(["--no-token"]).collect();
    let server = Watson::start(&data, &set);
    assert_eq!(raw(server.address, head.as_bytes()).await.status, 431);
    drop(server);
    assert!(Watson::try_start(&data, &["--set", "limits.max_head_bytes=10"]).is_none());
}
