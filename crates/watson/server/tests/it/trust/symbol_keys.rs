//! Keys of sentry-cli's uploads: who may send symbols, and whose they are.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use watson_db::{DEFAULT_TENANT, Dialect, NewProduct, time};

use crate::client::{Reply, send};
use crate::world::{Rules, World, empty_reading, folder};

const UPLOAD: &str = "/api/0/organizations/acme/chunk-upload/";
const ASSEMBLE: &str = "/api/0/projects/acme/app/files/difs/assemble/";
const ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn product(world: &World, tenant: i64, dialects: &[Dialect]) -> (String, i64) {
    let product = NewProduct {
        tenant,
        name: format!("Game{}", dialects.len()),
        dialects: dialects.to_vec(),
        key_required: true,
        per_minute: None,
        per_day: None,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    let key = world.store.make_key(id, None, "test", time::now_ms()).await.unwrap();
    (key.secret, key.id)
}

/// As sentry-cli sends it: the key is its token.
async fn ask(world: &World, method: &str, target: &str, key: Option<&str>, kind: &str, body: &[u8]) -> Reply {
    let bearer = format!("Bearer {}", key.unwrap_or_default());
    let mut headers = vec![("Content-Type", kind)];
    if key.is_some() {
        headers.push(("Authorization", bearer.as_str()));
    }
    send(world.address, method, target, &headers, body).await
}

async fn send_chunk(world: &World, key: Option<&str>, bytes: &[u8]) -> Reply {
    let head =
        format!("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n", sha1(bytes));
    let body = [head.as_bytes(), bytes, b"\r\n--B--\r\n"].concat();
    ask(world, "POST", UPLOAD, key, "multipart/form-data; boundary=B", &body).await
}

async fn assemble(world: &World, key: Option<&str>, bytes: &[u8]) -> Reply {
    let file = sha1(bytes);
    let body = json!({ &file: { "name": "app.src.zip", "debug_id": ID, "chunks": [&file] } }).to_string();
    ask(world, "POST", ASSEMBLE, key, "application/json", body.as_bytes()).await
}

async fn state(world: &World, key: &str, bytes: &[u8]) -> Value {
    let reply = assemble(world, Some(key), bytes).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()[sha1(bytes)]["state"].clone()
}

#[tokio::test]
async fn symbols_come_with_a_good_key_only_and_stay_their_tenants() {
    let dir = folder();
    let rules = Rules { public: true, ..Rules::default() };
    let world = World::start_trusting(dir.path(), None, empty_reading(), &rules).await;
    let acme = world.store.tenant("acme", "test", time::now_ms()).await.unwrap();
    let (own, own_id) = product(&world, DEFAULT_TENANT, &[Dialect::Symbols]).await;
    let (others, _) = product(&world, acme, &[Dialect::Symbols]).await;
    let (no_symbols, _) = product(&world, DEFAULT_TENANT, &[Dialect::Minidump, Dialect::Sentry]).await;
    let bytes = b"SYSB\x02\0\0\0 a bundle";

    // Every step of the protocol asks.
    let wrong = "0".repeat(64);
    for (key, status, reason) in [
        (None, 401, "key_missing"),
        (Some(wrong.as_str()), 403, "key_unknown"),
        (Some(no_symbols.as_str()), 403, "product_dialect"),
    ] {
        let options = ask(&world, "GET", UPLOAD, key, "text/plain", b"").await;
        for reply in [options, send_chunk(&world, key, bytes).await, assemble(&world, key, bytes).await] {
            assert_eq!(
                (reply.status, reply.text().contains(reason)),
                (status, true),
                "{key:?}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(
        world.store.debug_files(DEFAULT_TENANT, "0F1E2D3C4B5A69788796A5B4C3D2E1F00").await.unwrap(),
        []
    );

    assert_eq!(ask(&world, "GET", UPLOAD, Some(&own), "text/plain", b"").await.status, 200);
    assert_eq!(send_chunk(&world, Some(&own), bytes).await.status, 200);
    // Another tenant finds neither the chunk nor, later, the file.
    assert_eq!(state(&world, &others, bytes).await, "not_found");
    assert_eq!(state(&world, &own, bytes).await, "ok");
    assert_eq!(state(&world, &others, bytes).await, "not_found");
    let listed = async |tenant| {
        world.store.debug_files(tenant, "0F1E2D3C4B5A69788796A5B4C3D2E1F00").await.unwrap().len()
    };
    assert_eq!((listed(DEFAULT_TENANT).await, listed(acme).await), (1, 0));

    world.store.revoke_key(own_id, "test", time::now_ms()).await.unwrap();
    let refused = send_chunk(&world, Some(&own), bytes).await;
    assert_eq!((refused.status, refused.text().contains("key_revoked")), (403, true), "{}", refused.text());
    assert_eq!(assemble(&world, Some(&own), bytes).await.status, 403);
    world.stop().await;
}
