//! Debug files, counts of machines, quotas, storage, and products that change.

use serde_json::{Value, json};

use crate::api::collection::call;
use crate::world::{World, cab, crash, folder};

#[tokio::test]
async fn a_debug_file_is_found_by_its_id_in_any_writing_and_removed() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let symbols = b"MODULE Linux x86_64 0F1E2D3C4B5A69788796A5B4C3D2E1F00 app\nPUBLIC 0 0 main\n";
    let mut writer = world.store.begin_blob().await.unwrap();
    writer.write(symbols).await.unwrap();
    let stored = writer.finish().await.unwrap();
    let file = watson_db::DebugFile {
        sha1: "a".repeat(40),
        debug_id: "0F1E2D3C4B5A69788796A5B4C3D2E1F00".into(),
        code_id: "3c2d1e0f".into(),
        kind: "breakpad".into(),
        name: "app".into(),
        arch: "x86_64".into(),
        blob: stored.sha256.clone(),
        size_bytes: 1,
    };
    world.store.keep_debug_file(1, &file, &stored, watson_db::time::now_ms()).await.unwrap();
    let found = async |id: &str| {
        let listed = world.get(&format!("/api/v1/debug-files?id={id}")).await;
        assert_eq!(listed.status, 200, "{id}: {}", listed.text());
        listed.json()["items"].as_array().unwrap().len()
    };
    for id in ["0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "0F1E2D3C4B5A69788796A5B4C3D2E1F00", "3C2D1E0F"] {
        assert_eq!(found(id).await, 1, "{id}");
    }
    assert_eq!(found("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1").await, 0);
    for bad in ["", "x", "..%2Fx", "%27"] {
        assert_eq!(world.get(&format!("/api/v1/debug-files?id={bad}")).await.status, 400, "{bad}");
    }
    let path = format!("/api/v1/debug-files/{}", "A".repeat(40));
    assert_eq!(world.get(&path).await.json()["kind"], "breakpad");
    assert_eq!(call(&world, "DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(call(&world, "DELETE", &path, &Value::Null).await.status, 404);
    assert!(world.store.blob_file(&stored.sha256).await.is_err(), "its bytes are gone");
    world.stop().await;
}

#[tokio::test]
async fn machines_of_a_bucket_are_counted_by_day_each_once() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let mut bucket = 0;
    for moment in 0..3 {
        bucket = world.report(&crash("app", moment)).await.bucket.unwrap();
    }
    let mut again = crash("app", 7);
    again.machine_name = "machine-1".into();
    world.report(&again).await;
    let path = format!("/api/v1/buckets/{bucket}/machines");
    let counted = world.get(&path).await.json();
    assert_eq!((&counted["machines"], &counted["exact"]), (&json!(3), &json!(true)), "{counted}");
    assert_eq!(
        counted["days"].as_array().unwrap().iter().map(|day| day["machines"].as_i64().unwrap()).sum::<i64>(),
        3
    );
    let past = world.get(&format!("{path}?from=2020-01-01&to=2020-12-31")).await.json();
    assert_eq!(
        (&past["machines"], &past["days"], &past["from"]),
        (&json!(0), &json!([]), &json!("2020-01-01"))
    );
    for bad in
        ["from=2020-01-02&to=2020-01-01", "from=2019-01-01&to=2020-06-01", "to=yesterday", "to=9999-12-31T00"]
    {
        assert_eq!(world.get(&format!("{path}?{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(world.get("/api/v1/buckets/77/machines").await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn quotas_and_storage_say_what_is_in_force_and_what_is_kept() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    world.report_with_cab(&crash("app", 1), &cab("a.txt", b"x")).await;
    let quotas = world.get("/api/v1/quotas").await.json();
    assert_eq!((&quotas["reports_per_minute"], &quotas["uploads_per_minute"]), (&json!(6_000), &json!(600)));
    assert_eq!(quotas["sources"], json!(0), "this machine has no quota: {quotas}");
    let product = json!({ "name": "app", "key_required": false, "per_minute": 5 });
    let id = call(&world, "POST", "/api/v1/products", &product).await.json()["id"].clone();
    let path = format!("/api/v1/products/{id}");
    let patched = async |change: &Value| call(&world, "PATCH", &path, change).await;
    let learnt = patched(&json!({ "per_minute": null, "dialects": ["sentry"] })).await;
    assert_eq!(learnt.status, 200, "{}", learnt.text());
    assert_eq!(
        (&learnt.json()["per_minute"], &learnt.json()["dialects"]),
        (&Value::Null, &json!(["sentry"]))
    );
    assert_eq!(learnt.json()["key_required"], json!(false), "what is not given stays");
    for (change, field) in [
        (json!({ "per_minute": 0 }), "per_minute"),
        (json!({ "tenant": 2 }), "tenant"),
        (json!({ "dialects": ["smoke"] }), "dialects"),
        (json!({ "name": "" }), "name"),
        (json!([]), "body"),
    ] {
        let refused = patched(&change).await;
        assert_eq!((refused.status, &refused.json()["field"]), (422, &json!(field)), "{change}");
    }
    let kept = world.get("/api/v1/storage").await.json();
    assert_eq!((&kept["buckets"], &kept["hits"], &kept["blobs"]), (&json!(1), &json!(1), &json!(1)));
    assert!(kept["blob_bytes"].as_i64() > Some(10) && kept["fsck"].is_null(), "{kept}");
    let begun = call(&world, "POST", "/api/v1/storage/fsck", &Value::Null).await;
    assert_eq!((begun.status, &begun.json()["begun"]), (202, &json!(true)));
    for _ in 0..2_000 {
        let kept = world.get("/api/v1/storage").await.json();
        if kept["fsck_running"] == json!(false) && !kept["fsck"].is_null() {
            assert_eq!(
                (&kept["fsck"]["result"]["wrong"], &kept["fsck"]["result"]["blobs"]),
                (&json!(0), &json!(1))
            );
            world.stop().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the check has not ended");
}
