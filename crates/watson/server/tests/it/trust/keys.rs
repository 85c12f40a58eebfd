//! Products and their keys, in each dialect's own form.

use watson_db::{DEFAULT_TENANT, Dialect, NewProduct, time};

use crate::client::{Reply, send};
use crate::world::{Rules, World, crash, empty_reading, folder};

const FORM: &str = "multipart/form-data; boundary=B";

/// A form without a dump: whoever is admitted is told that.
fn form(product: &str) -> Vec<u8> {
    format!("--B\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\n{product}\r\n--B--\r\n").into_bytes()
}

async fn product(world: &World, name: &str, key_required: bool) -> (i64, String, i64) {
    let product = NewProduct {
        tenant: DEFAULT_TENANT,
        name: name.into(),
        dialects: vec![
            Dialect::Level1,
            Dialect::Minidump,
            Dialect::Socorro,
            Dialect::Sentry,
            Dialect::Symbols,
        ],
        key_required,
        per_minute: None,
        per_day: None,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    let key = world.store.make_key(id, None, "test", time::now_ms()).await.unwrap();
    (id, key.secret, key.id)
}

fn reason(reply: &Reply) -> (u16, String) {
    (reply.status, reply.text().split([':', '\n']).next().unwrap_or_default().to_owned())
}

async fn post(world: &World, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = [&[("Content-Type", FORM)], headers].concat();
    send(world.address, "POST", target, &headers, body).await
}

#[tokio::test]
async fn without_products_everything_is_admitted_as_before() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    for target in ["/api/minidump?key=anything", "/crash", "/api/42/minidump/?sentry_key=abc"] {
        assert_eq!(
            reason(&post(&world, target, &[], &form("Game")).await),
            (400, "no_dump".into()),
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_key_is_asked_for_where_the_product_wants_one_and_each_dialect_has_its_place_for_it() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let (id, key, key_id) = product(&world, "Game", true).await;
    let body = form("Game");
    let admitted = (400, "no_dump".to_owned());
    let missing = (401, "key_missing".to_owned());
    // Breakpad and its relatives: query, path, header.
    assert_eq!(reason(&post(&world, "/crash", &[], &body).await), missing);
    assert_eq!(reason(&post(&world, "/crash?prod=Game", &[], b"").await), missing);
    let bearer = format!("Bearer {key}");
    for (target, headers) in [
        (format!("/crash?key={key}"), vec![]),
        (format!("/crash?token={key}"), vec![]),
        (format!("/universe/{key}/minidump"), vec![]),
        ("/crash".to_owned(), vec![("Authorization", bearer.as_str())]),
    ] {
        assert_eq!(reason(&post(&world, &target, &headers, &body).await), admitted, "{target}");
    }
    // Another product's name needs no key here.
    assert_eq!(reason(&post(&world, "/crash", &[], &form("Other")).await), admitted);
    // Socorro: by name, in its own words.
    let discarded = post(&world, "/submit", &[], &body).await;
    assert_eq!((discarded.status, discarded.text()), (401, "Discarded=key_missing\n".into()));
    // Sentry: header, query, and the first line of an envelope.
    let auth = format!("Sentry sentry_version=7, sentry_key={key}");
    let sentry = format!("/api/{id}/minidump/");
    assert_eq!(reason(&post(&world, &sentry, &[("X-Sentry-Auth", &auth)], &body).await), admitted);
    let refused = post(&world, &sentry, &[], &body).await;
    assert_eq!((refused.status, refused.json()["causes"][0].clone()), (401, "key_missing".into()));
    let envelope = format!("{{\"dsn\":\"http://{key}@localhost/{id}\"}}\n{{\"type\":\"session\"}}\n{{}}\n");
    let target = format!("/api/{id}/envelope/");
    assert_eq!(post(&world, &target, &[], envelope.as_bytes()).await.status, 200);
    let without = envelope.replace(&key, "");
    assert_eq!(post(&world, &target, &[], without.as_bytes()).await.status, 401);
    let elsewhere = post(&world, "/api/99/envelope/", &[("X-Sentry-Auth", &auth)], envelope.as_bytes()).await;
    assert_eq!((elsewhere.status, elsewhere.json()["causes"][0].clone()), (403, "key_project".into()));
    // A key that is none, and one that was revoked.
    let wrong = format!("/crash?key={}", "0".repeat(64));
    assert_eq!(reason(&post(&world, &wrong, &[], &body).await), (403, "key_unknown".into()));
    world.store.revoke_key(key_id, "test", time::now_ms()).await.unwrap();
    let target = format!("/crash?key={key}");
    assert_eq!(reason(&post(&world, &target, &[], &body).await), (403, "key_revoked".into()));
    assert_eq!(world.counter("watson_refused_total{reason=\"key_revoked\"}").await, 1);
    assert!(world.counter("watson_refused_total{reason=\"key_missing\"}").await >= 4);
}

#[tokio::test]
async fn a_product_takes_only_its_dialects() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let product = NewProduct {
        tenant: DEFAULT_TENANT,
        name: "Game".into(),
        dialects: vec![Dialect::Sentry],
        key_required: true,
        per_minute: None,
        per_day: None,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    let key = world.store.make_key(id, None, "test", time::now_ms()).await.unwrap().secret;
    let refused = post(&world, &format!("/crash?key={key}"), &[], &form("Game")).await;
    assert_eq!(reason(&refused), (403, "product_dialect".into()));
}

#[tokio::test]
async fn our_own_client_shows_its_key_and_windows_machines_need_none() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let tenant = world.store.tenant("acme", "test", time::now_ms()).await.unwrap();
    let product = NewProduct {
        tenant,
        name: "Game".into(),
        dialects: vec![Dialect::Level1],
        key_required: true,
        per_minute: None,
        per_day: None,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    let key = world.store.make_key(id, None, "test", time::now_ms()).await.unwrap();
    let bearer = format!("Bearer {}", key.secret);
    let asked = send(world.address, "GET", "/key", &[("Authorization", &bearer)], b"").await;
    assert_eq!((asked.status, asked.text()), (200, "Game\n".into()));
    assert_eq!(world.get("/key").await.status, 401);
    let body = crash("app", 1).to_xml_utf16();
    let report =
        async |headers: &[(&str, &str)]| send(world.address, "POST", "/stage2.htm", headers, &body).await;
    assert_eq!(report(&[("Authorization", &bearer)]).await.status, 200);
    assert_eq!(report(&[]).await.status, 200);
    // Two tenants, so two hits of the same crash.
    assert_eq!(world.counter("watson_hits").await, 2);
    world.store.revoke_key(key.id, "test", time::now_ms()).await.unwrap();
    assert_eq!(report(&[("Authorization", &bearer)]).await.status, 403);
    assert_eq!(world.counter("watson_hits").await, 2);
}

#[tokio::test]
async fn a_server_that_others_reach_takes_dumps_and_symbols_with_a_key_only() {
    let dir = folder();
    let rules = Rules { public: true, ..Rules::default() };
    let world = World::start_trusting(dir.path(), None, empty_reading(), &rules).await;
    let missing = (401, "key_missing".to_owned());
    assert_eq!(reason(&post(&world, "/crash", &[], &form("Game")).await), missing);
    assert_eq!(reason(&post(&world, "/symbols/upload", &[], b"").await), missing);
    assert_eq!(post(&world, "/api/1/envelope/", &[], b"{}\n").await.status, 401);
    let (_, key, _) = product(&world, "Game", false).await;
    assert_eq!(
        reason(&post(&world, "/crash", &[], &form("Game")).await),
        (400, "no_dump".into()),
        "it needs none"
    );
    let bearer = format!("Bearer {key}");
    let symbols = post(&world, "/symbols/upload", &[("Authorization", &bearer)], &form("x")).await;
    assert_eq!(reason(&symbols), (400, "no_symbol_file".into()));
    let windows = world.post("/stage2.htm", &crash("app", 1).to_xml_utf16()).await;
    assert_eq!(windows.status, 200, "Windows can carry no key");
}
