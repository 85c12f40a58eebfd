//! What was put by for want of room is taken once, however often the server dies meanwhile.

use crate::binary::Watson;
use crate::client::{Reply, send};
use crate::world::folder;

const FULL: [&str; 5] = [
    "--no-token",
    "--set",
    "overload.low_disk_bytes=1000000000000000000",
    "--set",
    "overload.no_disk_bytes=0",
];
const ROOMY: [&str; 5] =
    ["--no-token", "--set", "overload.low_disk_bytes=0", "--set", "overload.no_disk_bytes=0"];

/// Sends a crash as Crashpad does, as far as the server goes on living.
async fn tell(watson: &Watson, number: u64) -> Reply {
    let head = "--bound\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"";
    let body =
        format!("{head}0f1e2d3c-4b5a-6978-8796-{number:012x}.dmp\"\r\n\r\nMDMP {number}\r\n--bound--\r\n");
    let kind = ("Content-Type", "multipart/form-data; boundary=bound");
    send(watson.address, "POST", "/crashpad", &[kind], body.as_bytes()).await
}

async fn metric(watson: &Watson, name: &str) -> u64 {
    let text = send(watson.address, "GET", "/metrics", &[], b"").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("{name} is not among {text}"))
}

#[tokio::test]
async fn a_server_that_is_killed_takes_what_was_put_by_once() {
    let rounds = if std::env::var_os("WATSON_LONG_TESTS").is_some() { 100 } else { 4 };
    let dir = folder();
    let data = dir.path().join("data");
    let mut told = 0;
    for round in 0..rounds {
        let watson = Watson::start(&data, &FULL);
        for _ in 0..5 {
            let reply = tell(&watson, told).await;
            assert_eq!((reply.status, reply.body.len()), (200, 36), "{}", reply.text());
            told += 1;
        }
        // Killed with some in the reserve, then in the middle of emptying it.
        drop(watson);
        let watson = Watson::start(&data, &ROOMY);
        while metric(&watson, "watson_hits ").await < round * 5 + 1 {
            tokio::task::yield_now().await;
        }
        drop(watson);
    }
    let watson = Watson::start(&data, &ROOMY);
    while metric(&watson, "watson_spool_requests ").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(metric(&watson, "watson_hits ").await, told);
    // Told again, all of them are known.
    for number in 0..told {
        assert_eq!(tell(&watson, number).await.status, 200);
    }
    assert_eq!(metric(&watson, "watson_hits ").await, told);
}
