//! Many machines at once.

use tokio::task::JoinSet;

use crate::client::send;
use crate::world::{World, crash, folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_reports_at_once_are_all_counted_and_three_asked() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let mut machines = JoinSet::new();
    for moment in 0..200 {
        let (address, body) = (world.address, crash("app", moment).to_xml_utf16());
        machines.spawn(async move { send(address, "POST", "/stage2.htm", &[], &body).await });
    }
    let replies = machines.join_all().await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    assert_eq!(replies.iter().filter(|reply| reply.text().contains("iData=1")).count(), 3);
    assert_eq!(world.get("/api/buckets/1").await.json()["hits"], 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_report_told_by_fifty_at_once_counts_once() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let mut machines = JoinSet::new();
    for _ in 0..50 {
        let (address, body) = (world.address, crash("app", 1).to_xml_utf16());
        machines.spawn(async move { send(address, "POST", "/stage2.htm", &[], &body).await.text() });
    }
    let replies = machines.join_all().await;
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    assert_eq!(world.get("/api/buckets/1").await.json()["hits"], 1);
}
