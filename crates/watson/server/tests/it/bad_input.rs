//! Input that is wrong gets a 4xx with a reason, and the server serves on.

use crate::client::{raw, send};
use crate::world::{World, crash, folder};

fn utf16(xml: &str) -> Vec<u8> {
    core::iter::once(0xfeff).chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn bad_reports_are_refused_by_reason_and_counted() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let good = crash("app", 1).to_xml_utf16();
    let units: Vec<u16> = good.chunks(2).skip(1).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    let good_text = String::from_utf16(&units).unwrap();
    let with = |more: &str| good_text.replace("</WERREPORT>", &format!("{more}</WERREPORT>"));
    let attributes: String = (0..33).map(|number| format!(" a{number}=''")).collect();
    let cases: [(Vec<u8>, u16, &str); 12] = [
        (utf16(&with(&"<x/>".repeat(4_096))), 400, "too_many"),
        (utf16(&with(&format!("{}{}", "<x>".repeat(16), "</x>".repeat(16)))), 400, "too_many"),
        (utf16(&good_text.replace("<USERINFO", &format!("<USERINFO{attributes}"))), 400, "too_many"),
        (vec![], 400, "not_a_report"),
        (b"\x00\x01\x02\x03".to_vec(), 400, "not_a_report"),
        (utf16("<WERREPORT>"), 400, "malformed_xml"),
        (utf16("<WERREPORT/>"), 400, "missing"),
        (utf16("<html></html>"), 400, "not_a_report"),
        (utf16("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><WERREPORT/>"), 400, "entities"),
        (b"<WERREPORT a='\xff'/>".to_vec(), 400, "encoding"),
        (good[..good.len() - 1].to_vec(), 400, "encoding"),
        (vec![b' '; 1024 * 1024 + 1], 413, "too_large"),
    ];
    for (body, status, reason) in cases {
        let reply = world.post("/stage2.htm", &body).await;
        let text = reply.text();
        assert_eq!((reply.status, text.split(':').next()), (status, Some(reason)), "{text}");
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    }
    assert_eq!(world.counter("watson_refused_total{reason=\"not_a_report\"}").await, 3);
    assert_eq!(world.counter("watson_refused_total{reason=\"too_large\"}").await, 1);
    assert_eq!(world.counter("watson_hits").await, 0);
    world.report(&crash("app", 1)).await;
    assert_eq!(world.counter("watson_hits").await, 1);
}

#[tokio::test]
async fn broken_http_ends_its_own_connection_only() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(500));
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"PUT \\cabs\\x.cab HTTP/1.1\r\nHost: localhost\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let reply = raw(world.address, &[bytes, b"\r\n\r\n"].concat()).await;
        assert!((400..500).contains(&reply.status) || reply.status == 0, "{}", reply.head);
    }
    assert_eq!(world.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_send_reports() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let body = crash("app", 1).to_xml_utf16();
    let reply = send(world.address, "POST", "/stage2.htm", &[("Origin", "http://evil.example")], &body).await;
    assert_eq!(reply.status, 403);
    assert_eq!(world.counter("watson_hits").await, 0);
}

#[tokio::test]
async fn paths_that_lead_nowhere_get_a_page() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    for path in [
        "/nothing",
        "/buckets/99",
        "/buckets/x",
        "/reports/x",
        "/reports/..%2f..%2fetc%2fpasswd",
        "/reports/x/cab",
        "/static/../token",
    ] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text().contains("There is nothing here"), "{path}");
    }
    assert_eq!(world.get("/api/reports/x").await.json()["status"], 404);
    assert_eq!(world.post("/", b"").await.status, 405);
}
