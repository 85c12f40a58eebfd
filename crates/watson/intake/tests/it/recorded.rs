//! What clients that take minutes to build have sent to a server, byte for byte but for dumps, hosts and lengths: Breakpad's
//! `minidump_upload` and `sym_upload`, and sentry-native 0.16.3, recorded on 2026-11-21.

use crate::client::{Reply, dump, raw};
use crate::world::World;

const ID: &str = "500102030405060708090A0B0C0D0E0F0";

/// Sends a recorded request; the connection ends behind it, as it did when the client left.
async fn send(world: &World, head: &str, body: &[u8]) -> Reply {
    let head =
        head.replace("{host}", &world.address.to_string()).replace("{length}", &body.len().to_string());
    let head =
        head.replacen('\n', "\r\n", usize::MAX).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    raw(world.address, &[head.as_bytes(), body].concat()).await
}

/// A form of libcurl's: names and values, and one file.
fn curl_form(boundary: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let (name, file_name, bytes) = file;
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend([head.as_bytes(), bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat());
    body
}

#[tokio::test]
async fn breakpads_minidump_upload() {
    let world = World::start().await;
    let head = "POST /crash HTTP/1.1\nHost: {host}\nUser-Agent: Breakpad/1.0 (Linux)\nAccept: */*\nContent-Length: {length}\n\
                Content-Type: multipart/form-data; boundary=------------------------565e6b6497167bdc\n\n";
    let boundary = "------------------------565e6b6497167bdc";
    let fields = [("prod", "app"), ("ver", "1.0")];
    let body = curl_form(boundary, &fields, ("upload_file_minidump", "y.dmp", &dump(1)));
    let reply = send(&world, head, &body).await;
    assert_eq!((reply.status, reply.text.len()), (200, 36), "{}", reply.text);
    assert!(world.blob_of(&dump(1)));
    assert_eq!((world.hits().await, world.reports().await), (1, 1));
    world.stop().await;
}

#[tokio::test]
async fn breakpads_sym_upload_in_both_versions() {
    let world = World::start().await;
    let text = format!("MODULE Linux x86_64 {ID} d.so\nFUNC 1000 10 0 main\n");
    let head = "POST /symbols/upload HTTP/1.1\nHost: {host}\nUser-Agent: Breakpad/1.0 (Linux)\nAccept: */*\n\
                Content-Length: {length}\n\
                Content-Type: multipart/form-data; boundary=------------------------ab49cdd39644efd4\n\n";
    let fields = [
        ("code_file", "d.so"),
        ("cpu", "x86_64"),
        ("debug_file", "d.so"),
        ("debug_identifier", ID),
        ("os", "Linux"),
        ("version", "2"),
    ];
    let body = curl_form(
        "------------------------ab49cdd39644efd4",
        &fields,
        ("symbol_file", "d.so.sym", text.as_bytes()),
    );
    assert_eq!(send(&world, head, &body).await.status, 200);
    let found =
        format!("GET /v1/symbols/d.so/{ID}:checkStatus?key=KEY HTTP/1.1\nHost: {{host}}\nAccept: */*\n\n");
    assert_eq!(send(&world, &found, b"").await.text, "{\"status\": \"FOUND\"}\n");

    let text = text.replace("5001", "4001");
    let create = "POST /v1/uploads:create?key=KEY HTTP/1.1\nHost: {host}\nAccept: */*\nContent-Length: 0\n\
                  Content-Type: application/x-www-form-urlencoded\n\n";
    let created = send(&world, create, b"").await.text;
    let key = created.split('"').nth(7).expect("a key");
    let put = format!(
        "PUT /v1/uploads/{key} HTTP/1.1\nHost: {{host}}\nAccept: */*\nTransfer-Encoding: chunked\n\n"
    );
    let chunk = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    assert_eq!(send(&world, &put, chunk.as_bytes()).await.status, 200);
    let complete = format!(
        "POST /v1/uploads/{key}:complete?key=KEY HTTP/1.1\nHost: {{host}}\nAccept: */*\nContent-Type: application/son\n\
         Content-Length: {{length}}\n\n"
    );
    let body = "{ symbol_id: {debug_file: \"d.so\", debug_id: \"400102030405060708090A0B0C0D0E0F0\" }, \
                symbol_upload_type: \"BREAKPAD\" }";
    assert_eq!(send(&world, &complete, body.as_bytes()).await.text, "{\"result\": \"OK\"}\n");
    world.stop().await;
}

#[tokio::test]
async fn sentry_native_sends_events_and_sessions() {
    let world = World::start().await;
    let head = "POST /api/77/envelope/ HTTP/1.1\nHost: {host}\nUser-Agent: sentry.native/0.16.3\nAccept: */*\n\
                x-sentry-auth:Sentry sentry_key=key, sentry_version=7, sentry_client=sentry.native/0.16.3\n\
                content-type:application/x-sentry-envelope\ncontent-length:{length}\n\n";
    let event =
        "{\"event_id\":\"640b8bf3-e826-4fdf-fa06-fc9af9605e88\",\"platform\":\"native\",\"level\":\"info\"}";
    let body = format!(
        "{{\"dsn\":\"http://key@127.0.0.1:18777/77\",\"event_id\":\"640b8bf3-e826-4fdf-fa06-fc9af9605e88\",\
         \"trace\":{{\"public_key\":\"key\",\"sample_rate\":0,\"sampled\":\"false\"}}}}\n\
         {{\"type\":\"event\",\"length\":{}}}\n{event}",
        event.len()
    );
    let reply = send(&world, head, body.as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(world.intake.metrics().count("watson_ignored_total", "event"), 1);
    assert_eq!(world.hits().await, 0);
    world.stop().await;
}
