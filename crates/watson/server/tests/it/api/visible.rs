//! What a token of one tenant sees: its tenant's things, in lists too, and nothing of the whole server.

use serde_json::{Value, json};
use watson_db::{BlobRef, Crash, DebugFile, IdempotencyKey, KeyKind, time};
use wer_model::{Parameter, Signature};

use crate::api::accounts::{ask, token};
use crate::world::{TOKEN, World, empty_reading, folder};

async fn crash_of(world: &World, tenant: i64, application: &str) -> i64 {
    let id = [u8::try_from(tenant).unwrap(); 16];
    let crash = Crash {
        tenant,
        key: IdempotencyKey::new(KeyKind::Level1, id),
        event_ms: Some(time::now_ms()),
        signature: Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![Parameter::new("Application Name", application)],
        },
        machine: format!("pc-{application}"),
        application: application.into(),
        ..Crash::default()
    };
    world.store.record_crash(&crash, time::now_ms()).await.unwrap().bucket
}

async fn debug_file_of(world: &World, tenant: i64, number: u8) {
    let mut writer = world.store.begin_blob().await.unwrap();
    writer.write(&[number]).await.unwrap();
    let stored: BlobRef = writer.finish().await.unwrap();
    let file = DebugFile {
        sha1: format!("{number:040x}"),
        debug_id: "0F1E2D3C4B5A69788796A5B4C3D2E1F00".into(),
        code_id: String::new(),
        kind: "elf".into(),
        name: format!("app-{number}"),
        arch: String::new(),
        blob: stored.sha256.clone(),
        size_bytes: 1,
    };
    world.store.keep_debug_file(tenant, &file, &stored, time::now_ms()).await.unwrap();
}

#[tokio::test]
async fn a_token_of_one_tenant_lists_its_tenants_things_alone() {
    let dir = folder();
    let world = World::start_with(dir.path(), Some(TOKEN), empty_reading()).await;
    let acme = world.store.tenant("acme", "test", time::now_ms()).await.unwrap();
    let (ours, theirs) = (crash_of(&world, acme, "ours").await, crash_of(&world, 1, "theirs").await);
    for (tenant, number) in [(acme, 1), (1, 2)] {
        debug_file_of(&world, tenant, number).await;
        let policy = json!({ "tenant": tenant, "rule": { "event_type": "*" }, "cabs": 1 });
        assert_eq!(ask(&world, TOKEN, "POST", "/api/v1/policies", &policy).await.status, 201);
    }
    while world.store.write_machines().await.unwrap() {}
    let of_acme = token(&world, "acme", &["read", "admin"], Some(acme)).await;
    let get = async |token: &str, path: &str| ask(&world, token, "GET", path, &Value::Null).await;
    for (path, field) in [
        ("/api/v1/buckets", "application"),
        ("/api/v1/machines", "name"),
        ("/api/v1/debug-files", "name"),
        ("/api/v1/policies", "tenant"),
    ] {
        let listed = get(&of_acme, path).await;
        assert_eq!(listed.status, 200, "{path}: {}", listed.text());
        let items = listed.json()["items"].as_array().unwrap().clone();
        let all = get(TOKEN, path).await.json()["items"].as_array().unwrap().clone();
        assert_eq!((items.len(), all.len()), (1, 2), "{path}: {items:?}");
        let word = items[0][field].to_string();
        assert!(!word.contains("theirs") && word != "1" && word != "\"app-2\"", "{path}: {word}");
    }
    let older = get(&of_acme, "/api/buckets").await.json();
    assert_eq!(older["buckets"].as_array().unwrap().len(), 1, "the older path too: {older}");
    assert_eq!(get(&of_acme, &format!("/api/v1/buckets/{ours}/machines")).await.status, 200);
    for path in ["", "/machines", "/days", "/reports", "/leases"] {
        assert_eq!(get(&of_acme, &format!("/api/v1/buckets/{theirs}{path}")).await.status, 404, "{path}");
    }
    for path in ["/audit", "/audit/verify", "/quotas", "/storage"] {
        assert_eq!(get(&of_acme, &format!("/api/v1{path}")).await.status, 403, "{path}");
    }
    assert_eq!(ask(&world, &of_acme, "POST", "/api/v1/storage/fsck", &Value::Null).await.status, 403);

    let file = |number: u8| format!("/api/v1/debug-files/{number:040x}");
    assert_eq!(get(&of_acme, &file(1)).await.json()["name"], "app-1");
    assert_eq!(get(&of_acme, &file(2)).await.status, 404);
    assert_eq!(get(&of_acme, &format!("{}?tenant=1", file(2))).await.status, 403);
    assert_eq!(ask(&world, &of_acme, "DELETE", &file(2), &Value::Null).await.status, 404);
    assert_eq!(ask(&world, &of_acme, "DELETE", &file(1), &Value::Null).await.status, 204);
    assert_eq!(get(&of_acme, &file(1)).await.status, 404);
    world.stop().await;
}
