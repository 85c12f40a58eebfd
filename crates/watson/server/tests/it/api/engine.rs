//! The collection engine with real processes: 20 cabs wanted, 200 machines, 60 % silent, 10 % junk, two servers on one
//! PostgreSQL.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wer_wire::Level1Response;

use crate::binary::Watson;
use crate::client::send;
use crate::postgres::PostgresForTest;
use crate::world::{cab, crash, folder};

const WANTED: i64 = 20;

/// One machine crashes; where it is asked, it does what it does.
async fn live(address: SocketAddr, number: u64, round: u64) {
    let mut report = crash("app", number);
    report.machine_name = format!("pc-{number}");
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // A little ahead, so that no machine counts as one that works off a queue.
    report.event_time_filetime = (since.as_secs() + 60) * 10_000_000 + 116_444_736_000_000_000 + round;
    let reply = send(address, "POST", "/stage2.htm", &[], &report.to_xml_utf16()).await;
    let answer = Level1Response::parse(&reply.body).expect("it is answered");
    let Some(path) = answer.dump_file else { return };
    let bytes = match number % 10 {
        0..6 => return,
        // Junk that passes the door: only the analysis sees it.
        6 => [b"MSCF\0\0\0\0".as_slice(), &100_u32.to_le_bytes(), &[7; 200]].concat(),
        _ => cab("a.txt", format!("{number} {round}").as_bytes()),
    };
    send(address, "PUT", &path, &[], &bytes).await;
}

async fn leases(address: SocketAddr, policy: &str) -> Value {
    send(address, "GET", policy, &[], b"").await.json()["leases"].clone()
}

fn taken(leases: &Value) -> i64 {
    leases["open"].as_i64().unwrap() + leases["used"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_usable_cabs_are_collected_by_two_servers_and_never_more_are_outstanding() {
    let database = PostgresForTest::start();
    let dir = folder();
    let blobs = dir.path().join("blobs");
    let (url, blobs) = (database.url(), blobs.to_str().unwrap().to_owned());
    let more = ["--no-token", "--database", &url, "--blobs", &blobs, "--lease-seconds", "1"];
    let servers = ["one", "two"].map(|name| Watson::start(&dir.path().join(name), &more));
    let address = servers[0].address;
    let policy = json!({ "rule": { "parameters": { "1": "app" } }, "cabs": WANTED, "max_spoiled": 1_000 });
    let headers = [("Content-Type", "application/json")];
    let made = send(address, "POST", "/api/v1/policies", &headers, policy.to_string().as_bytes()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("Location").unwrap().to_owned();
    // The other process knows it when a machine of its own is asked by it: one that stays silent.
    for moment in 0.. {
        live(servers[1].address, 1_000 + moment * 10, moment).await;
        if taken(&leases(address, &path).await) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut full = 0;
    for round in 0..60 {
        let mut machines = JoinSet::new();
        // Those who send junk crash first, then the silent ones, then all.
        let crashes = |number: &u64| match round {
            0 => number % 10 == 6,
            1 => number % 10 < 6,
            _ => true,
        };
        for number in (0..200_u64).filter(crashes) {
            let address = servers[(number % 2) as usize].address;
            machines.spawn(live(address, number, round));
        }
        while machines.join_next().await.is_some() {
            if machines.len() % 40 == 0 {
                let now = leases(address, &path).await;
                assert!(taken(&now) <= WANTED, "{now}");
            }
        }
        // Until the silent ones' hour is over, and what came is analysed.
        loop {
            let now = leases(address, &path).await;
            assert!(taken(&now) <= WANTED, "{now}");
            let waiting = send(address, "GET", "/api/v1/jobs", &[], b"").await.json();
            if now["open"] == json!(0) && waiting["items"].as_array().unwrap().is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        if leases(address, &path).await["used"] == json!(WANTED) {
            full += 1;
        }
        // It is full, and stays so.
        if full == 2 {
            break;
        }
    }
    let end = leases(address, &path).await;
    assert_eq!((&end["used"], &end["open"], full), (&json!(WANTED), &json!(0), 2), "{end}");
    assert!(end["spoiled"].as_i64() > Some(0) && end["expired"].as_i64() > Some(0), "{end}");
}
