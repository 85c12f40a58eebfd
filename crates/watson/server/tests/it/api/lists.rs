//! Lists of what is there, page by page.

use serde_json::{Value, json};

use crate::api::collection::call;
use crate::world::{World, cab, crash, folder};

/// All items of a list, in pages of two.
async fn all(world: &World, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = String::new();
    for _ in 0..100 {
        let page = world.get(&format!("{path}?limit=2{next}")).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        let page = page.json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return items,
        }
    }
    panic!("{path} has no end");
}

#[tokio::test]
async fn what_a_bucket_has_is_listed_whole_page_by_page() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let mut bucket = 0;
    for moment in 0..3 {
        bucket = world.report_with_cab(&crash("app", moment), &cab("a.txt", b"x")).await;
    }
    for moment in 3..7 {
        world.report(&crash("app", moment)).await;
    }
    let of = |what: &str| format!("/api/v1/buckets/{bucket}/{what}");
    let reports = all(&world, &of("reports")).await;
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| report["size_bytes"].as_i64() > Some(10)), "{reports:?}");
    let leases = all(&world, &of("leases")).await;
    assert_eq!(leases.iter().filter(|lease| lease["state"] == "used").count(), 3, "{leases:?}");
    let days = all(&world, &of("days")).await;
    assert_eq!(days.iter().map(|day| day["hits"].as_i64().unwrap()).sum::<i64>(), 7, "{days:?}");
    world.report_in_state(bucket, "done").await;
    let id = reports[0]["id"].as_str().unwrap();
    let level1 = world.get(&format!("/api/v1/reports/{id}/level1")).await;
    assert_eq!(level1.status, 200);
    assert_eq!(level1.body, crash("app", 2).to_xml_utf16(), "as it came");
    assert_eq!(world.get(&format!("/api/v1/reports/{id}")).await.json()["bucket"], json!(bucket));
    let jobs = all(&world, "/api/v1/jobs").await.len()
        + world.get("/api/v1/jobs?state=done").await.json()["items"].as_array().unwrap().len();
    assert_eq!(jobs, 3);
    for path in ["/api/v1/buckets/9999/days", "/api/v1/reports/none/level1", "/api/v1/machines/none"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    for path in
        ["/api/v1/jobs?state=x", "/api/v1/jobs?limit=0", "/api/v1/jobs?limit=1001", "/api/v1/jobs?cursor=x"]
    {
        assert_eq!(world.get(path).await.status, 400, "{path}");
    }
    world.stop().await;
}

#[tokio::test]
async fn machines_are_listed_with_what_they_said_last() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    for moment in 0..5 {
        world.report(&crash("app", moment)).await;
    }
    let machines = all(&world, "/api/v1/machines").await;
    assert_eq!(machines.len(), 5);
    let one = world.get("/api/v1/machines/MACHINE-3").await.json();
    assert_eq!((&one["name"], &one["silent_days"]), (&json!("machine-3"), &json!(0)));
    assert_eq!(one["applications"][0]["application"], json!("app"));
    let id = one["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/api/v1/machines/{id}")).await.json()["id"], one["id"]);
    let tar = world.get(&format!("/api/v1/machines/{id}/export")).await;
    assert_eq!((tar.status, tar.header("Content-Type")), (200, Some("application/x-tar")));
    assert!(tar.text().contains("machine.json"), "it is a tar");
    let erase =
        async |name: &str| call(&world, "DELETE", &format!("/api/v1/machines/{name}"), &Value::Null).await;
    let erased = erase("machine-3").await;
    assert_eq!((erased.status, &erased.json()["raw"]), (200, &json!(1)), "{}", erased.text());
    assert_eq!(world.get("/api/v1/machines/machine-3").await.status, 404);
    assert_eq!(world.get("/api/v1/machines/machine-2").await.status, 200);
    assert!(world.get("/api/v1/machines?silent_days=1").await.json()["items"].as_array().unwrap().is_empty());
    world.stop().await;
}
