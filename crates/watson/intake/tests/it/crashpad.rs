//! Crashpad and Breakpad.

use crate::client::{BOUNDARY, FORM, chunked, dump, form, packed_by, post, raw};
use crate::world::World;

const UUID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn upload(uuid: &str, dump: &[u8]) -> Vec<u8> {
    form(&[
        ("name=\"guid\"", b"11111111-2222-3333-4444-555555555555"),
        ("name=\"prod\"", b"Browser"),
        ("name=\"ver\"", b"1.2.3"),
        ("name=\"log.txt\"; filename=\"log.txt\"", b"a log"),
        (&format!("name=\"upload_file_minidump\"; filename=\"{uuid}.dmp\""), dump),
    ])
}

#[tokio::test]
async fn crashpads_packed_and_chunked_form_is_taken_and_answered_as_its_raw_client_reads() {
    let world = World::start().await;
    let (dump, target) = (dump(1), "/api/minidump?product=Browser&version=1.2.3&guid=1");
    let body = chunked(&packed_by("gzip", &upload(UUID, &dump)), 100);
    let headers = [FORM, "Content-Encoding: gzip", "Transfer-Encoding: chunked"];
    let first = post(world.address, target, &headers, &body).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.text.len(), 36, "the id and nothing else: {}", first.text);
    assert!(first.head.contains("\r\nContent-Length: 36\r\n"), "{}", first.head);
    assert!(!first.head.to_ascii_lowercase().contains("transfer-encoding"), "{}", first.head);
    assert!(world.blob_of(&dump) && world.blob_of(b"a log"));
    // The same report again is no second crash, and has the same id.
    let again = post(world.address, target, &headers, &body).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!((world.hits().await, world.reports().await), (1, 1));
    assert_eq!(world.intake.metrics().count("watson_dumps_total", "repeated"), 1);
    world.stop().await;
}

#[tokio::test]
async fn two_crashes_of_one_client_are_two_hits() {
    let world = World::start().await;
    let other = UUID.replace("0f1e", "1f1e");
    let (one, two) = (upload(UUID, &dump(1)), upload(&other, &dump(1)));
    let one = post(world.address, "/crash", &[FORM], &one).await;
    let two = post(world.address, "/crash", &[FORM], &two).await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_ne!(one.text, two.text);
    assert_eq!(world.hits().await, 2);
    world.stop().await;
}

#[tokio::test]
async fn breakpad_for_windows_writes_no_line_end_behind_a_file() {
    let world = World::start().await;
    let dump = dump(2);
    let boundary = "---------------------------0123456789ABCDEF";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\nGame\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"C:\\Temp\\{UUID}.dmp\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend(&dump);
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    let kind = format!("Content-Type: multipart/form-data; boundary={boundary}");
    let reply = post(world.address, "/minidump", &[&kind, "User-Agent: Breakpad/1.0 (Windows)"], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.head.contains(&format!("\r\nContent-Length: {}\r\n", reply.text.len())), "{}", reply.head);
    assert!(world.blob_of(&dump), "not a byte more or less");
    world.stop().await;
}

#[tokio::test]
async fn old_electron_wraps_its_dump_in_a_form_of_its_own() {
    let world = World::start().await;
    let dump = dump(3);
    let mut inner = b"--inner\r\nContent-Disposition: form-data; name=\"ver\"\r\n\r\n1\r\n--inner\r\n\
        Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"dump\"\r\n\r\n"
        .to_vec();
    inner.extend(&dump);
    inner.extend(b"\r\n--inner--\r\n");
    let body = form(&[("name=\"upload_file_minidump\"; filename=\"a.dmp\"", &inner)]);
    let reply = post(world.address, "/crash", &[FORM], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(world.blob_of(&dump));
    world.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_is_told_to_go_on() {
    let world = World::start().await;
    let body = upload(UUID, &dump(4));
    let reply = post(world.address, "/crash", &[FORM, "Expect: 100-continue"], &body).await;
    assert_eq!(reply.status, 100, "{}", reply.head);
    assert!(reply.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", reply.text);
    world.stop().await;
}

#[tokio::test]
async fn a_dump_whose_parts_lie_in_a_body_without_an_end_is_not_kept() {
    let world = World::start().await;
    let body = upload(UUID, &dump(5));
    let head = format!(
        "POST /crash HTTP/1.1\r\nHost: {}\r\n{FORM}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        world.address,
        body.len()
    );
    for end in [10, body.len() / 2, body.len() - BOUNDARY.len() - 20] {
        let cut = head.replace(&body.len().to_string(), &end.to_string());
        let reply = raw(world.address, &[cut.as_bytes(), &body[..end]].concat()).await;
        assert_eq!(reply.status, 400, "{end}: {}", reply.text);
    }
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    world.stop().await;
}
