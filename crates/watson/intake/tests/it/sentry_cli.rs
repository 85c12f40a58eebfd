//! Debug files in chunks, as sentry-cli sends them.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::client::{BOUNDARY, FORM, Reply, packed_by, post, raw};
use crate::world::World;

const UPLOAD: &str = "/api/0/organizations/acme/chunk-upload/";
const ASSEMBLE: &str = "/api/0/projects/acme/app/files/difs/assemble/";
const ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A part: field, file name, bytes.
type Part<'a> = (&'a str, &'a str, &'a [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

async fn send_chunks(world: &World, parts: &[Part<'_>]) -> Reply {
    post(world.address, UPLOAD, &[FORM], &form(parts)).await
}

async fn assemble(world: &World, file: &str, name: &str, chunks: &[String]) -> Value {
    let body = json!({ file: { "name": name, "debug_id": ID, "chunks": chunks } }).to_string();
    let reply = post(world.address, ASSEMBLE, &["Content-Type: application/json"], body.as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_str::<Value>(&reply.text).expect("JSON")[file].clone()
}

#[tokio::test]
async fn a_debug_file_comes_in_chunks_is_checked_and_found_by_its_id() {
    let world = World::start().await;
    let get = format!("GET {UPLOAD} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.address);
    let options = raw(world.address, get.as_bytes()).await;
    let options: Value = serde_json::from_str(&options.text).expect("JSON");
    assert_eq!(
        (&options["url"], &options["hashAlgorithm"]),
        (&json!("/organizations/acme/chunk-upload/"), &json!("sha1"))
    );

    let (one, two) = (b"SYSB\x02\0\0\0 and more".to_vec(), b"the second chunk".to_vec());
    let whole = [one.as_slice(), &two].concat();
    let (file, chunks) = (sha1(&whole), [sha1(&one), sha1(&two)]);
    let missing = assemble(&world, &file, "app.src.zip", &chunks).await;
    assert_eq!((&missing["state"], &missing["missingChunks"]), (&json!("not_found"), &json!(chunks)));
    let packed = packed_by("gzip", &one);
    assert_eq!(send_chunks(&world, &[("file_gzip", &chunks[0], &packed)]).await.status, 200);
    let missing = assemble(&world, &file, "app.src.zip", &chunks).await;
    assert_eq!(missing["missingChunks"], json!([chunks[1]]));
    assert_eq!(send_chunks(&world, &[("file", &chunks[1].to_uppercase(), &two)]).await.status, 200);
    let done = assemble(&world, &file, "../../app.src.zip", &chunks).await;
    assert_eq!(done["state"], "ok", "{done}");
    assert_eq!(done["dif"]["debugId"], ID);
    assert_eq!(
        (&done["dif"]["objectName"], &done["dif"]["symbolType"]),
        (&json!("app.src.zip"), &json!("sourcebundle"))
    );
    let kept =
        world.store.debug_files(1, "0F1E2D3C4B5A69788796A5B4C3D2E1F00").await.expect("they are listed");
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    let blob = world.store.blob_file(&kept.blob).await.expect("its blob");
    assert_eq!(std::fs::read(blob.path()).expect("its bytes"), whole);
    assert_eq!(assemble(&world, &file, "again", &[]).await["state"], "ok", "it is here");
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}

#[tokio::test]
async fn symbols_in_chunks_are_symbols() {
    let world = World::start().await;
    let symbols =
        |end: &str| format!("MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a.so\nFUNC 0 1 0 {end}\n");
    for (text, state) in [(symbols("main"), "ok"), (symbols("other"), "error")] {
        let chunk = sha1(text.as_bytes());
        assert_eq!(send_chunks(&world, &[("file", &chunk, text.as_bytes())]).await.status, 200);
        assert_eq!(assemble(&world, &chunk, "a.so.sym", std::slice::from_ref(&chunk)).await["state"], state);
    }
    let name = watson_db::SymbolName::new("a.so", "000102030405060708090A0B0C0D0E0F0").expect("a name");
    assert!(world.store.has_symbol(&name).await.expect("it answers"));
    world.stop().await;
}

#[tokio::test]
async fn chunks_and_files_that_lie_are_refused() {
    let world = World::start().await;
    let good = sha1(b"bytes");
    let cases: [(&[Part<'_>], &str); 5] = [
        (&[("file", &good, b"other bytes")], "chunk_hash"),
        (&[("file", "../../watson.sqlite", b"bytes")], "chunk_name"),
        (&[("file", "", b"bytes")], "chunk_name"),
        (&[("file_gzip", &good, b"bytes")], "packed_damaged"),
        (&[("file_gzip", &good, &packed_by("gzip", b"bytes")[..9])], "packed_cut"),
    ];
    for (parts, reason) in cases {
        assert_eq!(send_chunks(&world, parts).await.reason(), (400, reason));
    }
    let bomb = packed_by("gzip", &vec![0; 9 << 20]);
    let name = sha1(&vec![0; 9 << 20]);
    assert_eq!(send_chunks(&world, &[("file_gzip", &name, &bomb)]).await.reason().0, 413);
    assert_eq!(send_chunks(&world, &[("file", &name, &vec![0; 9 << 20])]).await.reason(), (413, "too_large"));
    let many: Vec<Part<'_>> = vec![("file", &good, b"bytes"); 65];
    assert_eq!(send_chunks(&world, &many).await.reason(), (400, "chunks"));
    // The chunk is good, the whole is none.
    assert_eq!(send_chunks(&world, &[("file", &good, b"bytes")]).await.status, 200);
    let lie = assemble(&world, &sha1(b"else"), "x", std::slice::from_ref(&good)).await;
    assert_eq!(lie["state"], "error");
    let endless = json!({ &good: { "name": "x", "chunks": vec![good.clone(); 200] } }).to_string();
    assert_eq!(post(world.address, ASSEMBLE, &[], endless.as_bytes()).await.reason(), (413, "too_large"));
    assert_eq!(post(world.address, ASSEMBLE, &[], b"[]").await.reason(), (400, "assemble"));
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_here_of_sentrys_api_says_so_in_its_words() {
    let world = World::start().await;
    let reply = post(world.address, "/api/0/organizations/acme/releases/", &[], b"{}").await;
    assert_eq!(reply.status, 404);
    assert!(reply.text.starts_with("{\"detail\":"), "{}", reply.text);
    world.stop().await;
}
