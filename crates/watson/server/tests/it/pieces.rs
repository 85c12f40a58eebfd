//! Level 2 in pieces: our own client's way for large files.

use sha2::{Digest, Sha256};
use wer_wire::pieces::{Manifest, ManifestFile, Missing};

use crate::client::{Reply, send};
use crate::world::{World, crash, folder};

const PIECE_BYTES: usize = 64 * 1024;
const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn manifest(files: &[(&str, &[u8])]) -> Manifest {
    let files = files.iter().map(|(name, bytes)| ManifestFile {
        name: (*name).into(),
        size_bytes: bytes.len() as u64,
        sha256: hash(bytes),
        pieces: bytes.chunks(PIECE_BYTES).map(hash).collect(),
    });
    Manifest { piece_bytes: PIECE_BYTES as u32, files: files.collect() }
}

fn dump() -> Vec<u8> {
    let mut bytes = b"MDMP".to_vec();
    bytes.extend((0..3 * PIECE_BYTES).map(|number| (number / 251) as u8));
    bytes
}

/// Level 1 as our own client sends it; the answer and the path for pieces.
async fn level1(world: &World, guid: &str, moment: u64) -> (Reply, Option<String>) {
    let body = crash("app", moment).to_xml_utf16();
    let reply = send(world.address, "POST", "/stage2.htm", &[("Wer-Report-Id", guid)], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let path = reply.header("wer-pieces").map(str::to_owned);
    (reply, path)
}

async fn missing(world: &World, path: &str, manifest: &Manifest) -> Vec<String> {
    let reply = world.post(path, &manifest.to_json()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    serde_json::from_slice::<Missing>(&reply.body).unwrap().missing
}

#[tokio::test]
async fn an_upload_that_was_cut_goes_on_after_a_restart() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let (_, path) = level1(&world, GUID, 1).await;
    let path = path.unwrap();
    let bytes = dump();
    let manifest = manifest(&[("heap.mdmp", &bytes), ("../Report.wer", b"Version=1")]);
    let pieces: Vec<&[u8]> = bytes.chunks(PIECE_BYTES).collect();
    assert_eq!(missing(&world, &path, &manifest).await.len(), pieces.len() + 1);
    for piece in &pieces[..2] {
        assert_eq!(world.put(&format!("{path}/{}", hash(piece)), piece).await.status, 200);
    }
    let early = world.post(&format!("{path}/complete"), &manifest.to_json()).await;
    assert_eq!((early.status, early.text().starts_with("pieces_missing:")), (409, true));
    world.stop().await;

    let world = World::start(dir.path()).await;
    // A machine whose attempt was cut begins again at level 1, and gets the same path.
    assert_eq!(level1(&world, GUID, 1).await.1.as_deref(), Some(path.as_str()));
    let left = missing(&world, &path, &manifest).await;
    assert_eq!(left.len(), pieces.len() - 2 + 1);
    for piece in pieces[2..].iter().copied().chain([&b"Version=1"[..]]) {
        let packed = zstd::encode_all(piece, 1).unwrap();
        let target = format!("{path}/{}", hash(piece));
        let reply = send(world.address, "PUT", &target, &[("Content-Encoding", "zstd")], &packed).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let complete = format!("{path}/complete");
    assert_eq!(world.post(&complete, &manifest.to_json()).await.status, 200);
    assert_eq!(world.post(&complete, &manifest.to_json()).await.status, 200, "it may be told again");
    assert!(missing(&world, &path, &manifest).await.is_empty());

    let bucket = world.get("/api/buckets/1").await.json();
    assert_eq!((&bucket["hits"], bucket["reports"].as_array().unwrap().len()), (&1.into(), 1));
    let report = bucket["reports"][0].as_str().unwrap();
    let download = world.get(&format!("/reports/{report}/cab")).await;
    assert_eq!((download.status, download.body == bytes), (200, true));
    let other = self::manifest(&[("heap.mdmp", b"other")]);
    assert_eq!(world.post(&complete, &other.to_json()).await.status, 409);
}

#[tokio::test]
async fn reports_of_our_own_client_are_named_by_their_guid() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    level1(&world, GUID, 1).await;
    level1(&world, &format!("{{{}}}", GUID.to_uppercase()), 1).await;
    assert_eq!(world.get("/api/buckets/1").await.json()["hits"], 1);
    // The same words about another crash, and the same words without a GUID.
    level1(&world, "1f8fad5b-d9cb-469f-a165-70867728950e", 1).await;
    level1(&world, "no guid", 1).await;
    level1(&world, "no guid at all", 1).await;
    assert_eq!(world.get("/api/buckets/1").await.json()["hits"], 3);
}

#[tokio::test]
async fn pieces_are_for_our_own_client_and_for_a_token() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    assert_eq!(level1(&world, "no guid", 1).await.1, None, "nobody else is told of them");
    let (_, path) = level1(&world, GUID, 2).await;
    let path = path.unwrap();
    let good = manifest(&[("a.mdmp", b"MDMP")]);
    let unknown = format!("/pieces/{}", "0".repeat(32));
    assert_eq!(world.post(&unknown, &good.to_json()).await.status, 404);
    assert_eq!(world.put(&format!("{unknown}/{}", hash(b"MDMP")), b"MDMP").await.status, 404);

    for (target, body, status, reason) in [
        (format!("{path}/{}", hash(b"MDMP")), &b"PMDM"[..], 400, "piece_hash"),
        (format!("{path}/{}", "g".repeat(64)), b"MDMP", 400, "piece"),
        (format!("{path}/..%2F..%2Fetc"), b"MDMP", 400, "piece"),
    ] {
        let reply = world.put(&target, body).await;
        assert_eq!((reply.status, reply.text().split(':').next()), (status, Some(reason)), "{target}");
    }
    let bomb = zstd::encode_all(&vec![0; 17 * 1024 * 1024][..], 3).unwrap();
    let target = format!("{path}/{}", hash(b"x"));
    let reply = send(world.address, "PUT", &target, &[("Content-Encoding", "zstd")], &bomb).await;
    assert_eq!((reply.status, reply.text().split(':').next()), (413, Some("unpacked_too_large")));

    for lie in ["{}", "[]", "{\"piece_bytes\":65536,\"files\":[]}"] {
        let reply = world.post(&path, lie.as_bytes()).await;
        assert_eq!((reply.status, reply.text().split(':').next()), (400, Some("manifest")), "{lie}");
    }
    let mut huge = good.clone();
    huge.piece_bytes = 16 * 1024 * 1024;
    huge.files[0].size_bytes = 17 << 30;
    huge.files[0].pieces = vec![hash(b"x"); 17 * 64];
    assert_eq!(world.post(&path, &huge.to_json()).await.status, 413);
    // The whole is not what it was said to be.
    let mut lying = good.clone();
    lying.files[0].sha256 = hash(b"other");
    assert_eq!(world.put(&format!("{path}/{}", hash(b"MDMP")), b"MDMP").await.status, 200);
    let reply = world.post(&format!("{path}/complete"), &lying.to_json()).await;
    assert_eq!((reply.status, reply.text().split(':').next()), (400, Some("pieces_hash")));
    assert_eq!(world.post(&format!("{path}/complete"), &good.to_json()).await.status, 200);
}
