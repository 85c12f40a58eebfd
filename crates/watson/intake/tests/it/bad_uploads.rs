//! Uploads that lie, explode or never end get a 4xx with a reason; nothing is counted, kept or left behind, and the server
//! serves on.

use watson_intake::IntakeLimits;

use crate::client::{FORM, dump, form, packed_by, post};
use crate::world::{MAX_DUMP_BYTES, World};

const DUMP: &str = "name=\"upload_file_minidump\"; filename=\"a.dmp\"";

fn bomb(program: &str) -> Vec<u8> {
    let mut bytes = dump(9);
    bytes.resize(16 << 20, 0);
    packed_by(program, &bytes)
}

#[tokio::test]
async fn bombs_are_refused_whatever_packs_them() {
    let world = World::start().await;
    let mut zeros = dump(9);
    zeros.resize(16 << 20, 0);
    let zstd = zstd::encode_all(&zeros[..], 3).expect("zstd");
    for packed in [bomb("gzip"), bomb("xz"), bomb("bzip2"), zstd] {
        assert!(packed.len() < MAX_DUMP_BYTES as usize, "small enough to come in");
        let alone = post(world.address, "/api/1/minidump/", &[], &packed).await;
        assert_eq!(alone.reason(), (413, "unpacked_too_large"));
        let part = post(world.address, "/crash", &[FORM], &form(&[(DUMP, &packed)])).await;
        assert_eq!(part.reason(), (413, "unpacked_too_large"));
    }
    let body = packed_by("gzip", &form(&[(DUMP, &zeros)]));
    let reply = post(world.address, "/crash", &[FORM, "Content-Encoding: gzip"], &body).await;
    assert_eq!(reply.reason(), (413, "too_large"));
    // A bomb within a bomb is unpacked once.
    let twice = packed_by("gzip", &bomb("gzip"));
    let reply = post(world.address, "/api/1/minidump/", &[], &twice).await;
    assert_eq!(reply.reason(), (400, "not_a_dump"));
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn a_bomb_within_every_limit_is_refused_in_every_dialect_for_its_ratio() {
    let world = World::start_limited(IntakeLimits::default()).await;
    let zeros = vec![0; 64 << 20];
    let whole = [dump(9), zeros.clone()].concat();
    let symbols = [b"MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a.so\n".to_vec(), zeros].concat();
    let envelope = |attachment: &str| {
        let head = format!(
            "{{}}\n{{\"type\":\"attachment\",\"length\":{},\"attachment_type\":\"{attachment}\"}}\n",
            whole.len()
        );
        packed_by("gzip", &[head.as_bytes(), &whole].concat())
    };
    let within = packed_by("gzip", &form(&[(DUMP, &whole)]));
    let packed = ["Content-Encoding: gzip", FORM];
    let symbol_form = form(&[("name=\"symbol_file\"; filename=\"a.sym\"", &symbols)]);
    let cases: [(&str, &[&str], Vec<u8>); 8] = [
        ("/crash", &packed, within.clone()),
        ("/submit", &packed, within.clone()),
        ("/api/1/minidump/", &packed, within),
        ("/api/1/minidump/", &[], packed_by("gzip", &whole)),
        ("/api/1/envelope/", &["Content-Encoding: gzip"], envelope("event.minidump")),
        ("/api/1/envelope/", &["Content-Encoding: gzip"], envelope("event.attachment")),
        ("/crash", &[FORM], form(&[(DUMP, &zstd::encode_all(&whole[..], 3).expect("zstd"))])),
        ("/symbols/upload", &packed, packed_by("gzip", &symbol_form)),
    ];
    for (number, (target, headers, body)) in cases.into_iter().enumerate() {
        assert!(body.len() < 256 * 1024, "{target} {number}: {} bytes come in", body.len());
        let reply = post(world.address, target, headers, &body).await;
        assert_eq!(reply.status, 413, "{target} {number}: {}", reply.text);
        assert!(reply.text.contains("unpacked"), "{target} {number}: {}", reply.text);
    }
    assert_eq!(world.intake.metrics().count("watson_refused_total", "unpacked_ratio"), 8);
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn what_is_wrong_has_a_reason_and_is_counted() {
    let world = World::start().await;
    let good = dump(1);
    let long = vec![b'a'; 2 << 20];
    let many: Vec<_> = (0..300).map(|_| ("name=\"a\"", &b""[..])).collect();
    let attachments: Vec<_> = (0..33).map(|_| ("name=\"a\"; filename=\"b\"", &b"c"[..])).collect();
    let large = [good.clone(), vec![0; MAX_DUMP_BYTES as usize]].concat();
    let cases: [(&str, Vec<u8>, u16, &str); 12] = [
        (FORM, vec![], 400, "form"),
        (FORM, form(&[]), 400, "no_dump"),
        (FORM, form(&[(DUMP, b"")]), 400, "no_dump"),
        (FORM, form(&[(DUMP, b"<html>")]), 400, "not_a_dump"),
        (FORM, form(&[(DUMP, b"MDM")]), 400, "not_a_dump"),
        (FORM, form(&[(DUMP, b"\x1f\x8b nothing packed")]), 400, "packed_damaged"),
        (FORM, form(&[("name=\"a\"", &long)]), 413, "field_too_large"),
        (FORM, form(&many), 400, "form_parts"),
        (FORM, form(&attachments), 400, "attachments"),
        (FORM, form(&[(DUMP, &large)]), 413, "too_large"),
        (FORM, form(&[("filename=\"no name\"", &good)]), 400, "form"),
        ("Content-Type: application/json", form(&[(DUMP, &good)]), 400, "not_a_form"),
    ];
    for (kind, body, status, reason) in cases {
        let reply = post(world.address, "/api/minidump", &[kind], &body).await;
        assert_eq!(reply.reason(), (status, reason), "{}", reply.text);
        assert!(world.intake.metrics().count("watson_refused_total", reason) > 0, "{reason}");
    }
    for (body, reason) in [
        ("", "envelope_header"),
        ("{}\n{\"type\":\"event\",\"length\":9}\n{}", "envelope_cut"),
        ("{}\n{\"type\":\"event\",\"length\":1}\n{}", "envelope_length"),
        ("{}\n{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\"}\nno dump", "not_a_dump"),
    ] {
        let reply = post(world.address, "/api/1/envelope/", &[], body.as_bytes()).await;
        assert_eq!(reply.reason(), (400, reason));
    }
    let packed = ["Content-Encoding: br", FORM];
    assert_eq!(post(world.address, "/crash", &packed, b"").await.reason(), (415, "content_encoding"));
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    let reply = post(world.address, "/crash", &[FORM], &form(&[(DUMP, &good)])).await;
    assert_eq!((reply.status, world.hits().await), (200, 1), "the server serves on");
    world.stop().await;
}

#[tokio::test]
async fn names_that_climb_name_no_file() {
    let world = World::start().await;
    let good = dump(7);
    let body = form(&[
        ("name=\"../../x\"; filename=\"../../../../tmp/evil\"", b"attached"),
        ("name=\"upload_file_minidump\"; filename=\"/etc/passwd\"", &good),
    ]);
    let reply = post(world.address, "/crash", &[FORM], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(world.blob_of(&good) && world.blob_of(b"attached"), "kept by content");
    world.stop().await;
}
