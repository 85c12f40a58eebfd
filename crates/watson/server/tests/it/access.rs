//! Token and host rules over the wire.

use crate::client::{raw, send};
use crate::world::{TOKEN, World, cab, crash, empty_reading, folder};

#[tokio::test]
async fn the_link_sets_a_cookie_and_the_cookie_opens_the_pages() {
    let dir = folder();
    let world = World::start_with(dir.path(), Some(TOKEN), empty_reading()).await;
    for path in [
        "/",
        "/buckets/1",
        "/reports/x",
        "/reports/x/cab",
        "/api/buckets",
        "/api/reports/x",
        "/nothing",
        "/?token=x",
    ] {
        assert_eq!(world.get(path).await.status, 401, "{path}");
    }
    let entered = world.get(&format!("/?token={TOKEN}")).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let page = send(world.address, "GET", "/", &[("Cookie", pair)], b"").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing has crashed yet"));
    let bearer = format!("Bearer {TOKEN}");
    let api = send(world.address, "GET", "/api/buckets", &[("Authorization", &bearer)], b"").await;
    assert_eq!(api.json()["buckets"], serde_json::json!([]));
}

#[tokio::test]
async fn machines_health_and_totals_need_no_token() {
    let dir = folder();
    let world = World::start_with(dir.path(), Some(TOKEN), empty_reading()).await;
    let path = world.report(&crash("app", 1)).await.dump_file.unwrap();
    assert_eq!(world.put(&path, &cab("a", b"x")).await.status, 200);
    assert_eq!(world.get("/healthz").await.text(), "ok\n");
    assert!(world.get("/metrics").await.text().contains("watson_hits 1\n"));
}

#[tokio::test]
async fn strange_hosts_are_refused_everywhere() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let body = crash("app", 1).to_xml_utf16();
    let evil = [("Host", "evil.example")];
    for (method, path, body) in
        [("GET", "/", &b""[..]), ("GET", "/api/buckets", b""), ("POST", "/stage2.htm", &body)]
    {
        assert_eq!(send(world.address, method, path, &evil, body).await.status, 421, "{path}");
    }
    assert_eq!(raw(world.address, b"GET / HTTP/1.0\r\n\r\n").await.status, 421);
    let absolute = b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(world.address, absolute).await.status, 421);
    for host in ["localhost", "127.0.0.1:99", "[::1]"] {
        assert_eq!(send(world.address, "GET", "/", &[("Host", host)], b"").await.status, 200, "{host}");
    }
    assert_eq!(world.counter("watson_hits").await, 0);
}
