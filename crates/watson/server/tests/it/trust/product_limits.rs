//! What products and addresses may send: limits that were set, what was learnt, restarts, several processes. The clock is
//! the tests' own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use watson_db::{BlobsAt, DEFAULT_TENANT, Dialect, NewProduct, Places, time};
use watson_intake::clock::Clock;
use watson_intake::quota::Rates;
use watson_server::settings::TrustSettings;

use crate::client::{Reply, send};
use crate::postgres::PostgresForTest;
use crate::world::{Rules, World, empty_reading, folder};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Some day's noon.
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn at(now_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    fn go_on(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Clock::new(move || hands.load(Ordering::Relaxed))
    }
}

/// A server to which senders of other addresses come, by a proxy that it believes.
async fn start(data: &Path, hands: &Hands, places: Places) -> World {
    let trust = TrustSettings { proxies: vec!["127.0.0.1".into()], ..TrustSettings::default() };
    let rates = Rates { small_per_minute: 0, uploads_per_minute: 0 };
    let rules = Rules { trust, rates, clock: hands.clock(), places, ..Rules::default() };
    World::start_trusting(data, None, empty_reading(), &rules).await
}

async fn product(world: &World, per_minute: Option<i64>, per_day: Option<i64>) -> String {
    let product = NewProduct {
        tenant: DEFAULT_TENANT,
        name: "Game".into(),
        dialects: Dialect::ALL.to_vec(),
        key_required: true,
        per_minute,
        per_day,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    world.store.make_key(id, None, "test", time::now_ms()).await.unwrap().secret
}

/// Sends a dump that differs from others by `number`, from an address of its own. Each tenth one is of one label.
async fn dump(world: &World, key: &str, number: usize) -> Reply {
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = format!(
        "{}{}--B\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"a.dmp\"\r\n\r\n\
         MDMP {number}\r\n--B--\r\n",
        field("prod", "Game"),
        field("ver", &(number % 10).to_string()),
    );
    let source = format!("198.51.{}.{}", number / 250, number % 250);
    let headers = [("Content-Type", "multipart/form-data; boundary=B"), ("X-Forwarded-For", source.as_str())];
    let target = if key.is_empty() { "/crash".to_owned() } else { format!("/crash?key={key}") };
    send(world.address, "POST", &target, &headers, body.as_bytes()).await
}

/// Sends these; of how many the data was kept.
async fn sent(world: &World, key: &str, numbers: std::ops::Range<usize>) -> i64 {
    let before = world.store.counts().await.unwrap();
    let count = i64::try_from(numbers.len()).unwrap();
    for number in numbers {
        let reply = dump(world, key, number).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let after = world.store.counts().await.unwrap();
    assert_eq!(after.hits - before.hits, count, "every crash is counted");
    after.reports - before.reports
}

#[tokio::test]
async fn a_limit_that_was_set_holds_each_minute_over_the_wire() {
    let (dir, hands) = (folder(), Hands::at(NOON_MS));
    let world = start(dir.path(), &hands, Places::default()).await;
    let key = product(&world, Some(3), None).await;
    assert_eq!(sent(&world, &key, 0..5).await, 3);
    assert_eq!(world.counter("watson_spikes_total{dialect=\"minidump\"}").await, 2);
    hands.go_on(MINUTE_MS);
    assert_eq!(sent(&world, &key, 5..10).await, 3);
    world.stop().await;
}

#[tokio::test]
async fn what_is_usual_is_learnt_and_a_spike_is_counted_and_not_stored() {
    let (dir, hands) = (folder(), Hands::at(NOON_MS));
    let world = start(dir.path(), &hands, Places::default()).await;
    assert_eq!(sent(&world, "", 0..64).await, 60, "nothing is known of it, so the least limit holds");
    assert_eq!(world.counter("watson_spikes_total{dialect=\"minidump\"}").await, 4);
    let mut next = 64;
    for _ in 0..8 {
        hands.go_on(MINUTE_MS);
        assert_eq!(sent(&world, "", next..next + 55).await, 55);
        next += 55;
    }
    hands.go_on(MINUTE_MS);
    let kept = sent(&world, "", next..next + 90).await;
    assert!((61..90).contains(&kept), "ten times what has become usual: {kept}");
    // A product that is quiet is not held back by another's spike.
    let key = product(&world, None, None).await;
    assert_eq!(sent(&world, &key, 5000..5005).await, 5);
    world.stop().await;
}

#[tokio::test]
async fn an_address_waits_as_long_as_it_is_told_to() {
    let (dir, hands) = (folder(), Hands::at(NOON_MS));
    let trust = TrustSettings { proxies: vec!["127.0.0.1".into()], ..TrustSettings::default() };
    let rates = Rates { small_per_minute: 0, uploads_per_minute: 2 };
    let rules = Rules { trust, rates, clock: hands.clock(), ..Rules::default() };
    let world = World::start_trusting(dir.path(), None, empty_reading(), &rules).await;
    for _ in 0..10 {
        assert_eq!(dump(&world, "", 1).await.status, 200, "five minutes' worth at once");
    }
    let refused = dump(&world, "", 1).await;
    assert_eq!((refused.status, refused.header("Retry-After")), (429, Some("30")));
    hands.go_on(29_999);
    assert_eq!(dump(&world, "", 1).await.status, 429);
    hands.go_on(1);
    assert_eq!(dump(&world, "", 1).await.status, 200);
    assert_eq!(dump(&world, "", 2).await.status, 200, "another address has its own");
    world.stop().await;
}

#[tokio::test]
async fn a_day_is_not_given_anew_at_a_restart_and_a_retry_costs_nothing() {
    let (dir, hands) = (folder(), Hands::at(NOON_MS));
    let world = start(dir.path(), &hands, Places::default()).await;
    let key = product(&world, None, Some(6)).await;
    assert_eq!(sent(&world, &key, 0..4).await, 4);
    for number in 0..4 {
        assert_eq!(dump(&world, &key, number).await.status, 200, "told again");
    }
    world.stop().await;
    let world = start(dir.path(), &hands, Places::default()).await;
    assert_eq!(sent(&world, &key, 4..10).await, 2, "two were left");
    world.stop().await;
    hands.go_on(DAY_MS);
    let world = start(dir.path(), &hands, Places::default()).await;
    assert_eq!(sent(&world, &key, 10..20).await, 6, "another day");
    world.stop().await;
}

#[tokio::test]
async fn two_processes_share_a_day() {
    let (dir, postgres, hands) = (folder(), PostgresForTest::start(), Hands::at(NOON_MS));
    let places =
        Places { database: Some(postgres.url()), blobs: Some(BlobsAt::Folder(dir.path().join("blobs"))) };
    let one = start(&dir.path().join("one"), &hands, places.clone()).await;
    let other = start(&dir.path().join("other"), &hands, places).await;
    let key = product(&one, None, Some(10)).await;
    assert_eq!(sent(&one, &key, 0..6).await, 6);
    assert_eq!(sent(&other, &key, 6..8).await, 2);
    // As each does every few seconds by itself.
    for world in [&one, &other, &one] {
        world.intake.share_spent().await.unwrap();
    }
    assert_eq!(sent(&other, &key, 8..12).await, 2, "eight were spent by both");
    other.intake.share_spent().await.unwrap();
    one.intake.share_spent().await.unwrap();
    assert_eq!(sent(&one, &key, 12..16).await, 0);
    one.stop().await;
    other.stop().await;
}
