//! Data policies and solutions, from the API to the machine that is answered.

use serde_json::{Value, json};

use crate::client::{Reply, send};
use crate::world::{World, crash, folder};

pub(crate) async fn call(world: &World, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(world.address, method, path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn a_policy_is_added_asked_for_changed_and_removed() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let policy = json!({
        "rule": { "event_type": "APPCRASH", "parameters": { "1": "app*" } },
        "cabs": 1, "dump_type": "heap", "files": ["/etc/app.conf"],
    });
    let made = call(&world, "POST", "/api/v1/policies", &policy).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_i64().unwrap();
    let path = format!("/api/v1/policies/{id}");
    assert_eq!(made.header("Location"), Some(path.as_str()));
    assert!(world.report(&crash("app1", 1)).await.dump_file.is_some());
    assert!(world.report(&crash("app1", 2)).await.dump_file.is_none(), "one was wanted");
    let shown = world.get(&path).await.json();
    assert_eq!((&shown["leases"]["open"], &shown["files"][0]), (&json!(1), &json!("/etc/app.conf")));
    assert_eq!((&shown["per_machine"], &shown["over"]), (&json!(1), &json!(false)));

    let changed = call(&world, "PATCH", &path, &json!({ "cabs": 2, "dump_type": null })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!((&changed.json()["cabs"], &changed.json()["dump_type"]), (&json!(2), &json!("")));
    assert!(world.report(&crash("app1", 3)).await.dump_file.is_some(), "two are wanted now");

    assert_eq!(call(&world, "DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(call(&world, "DELETE", &path, &Value::Null).await.status, 404);
    assert!(world.get("/api/v1/policies").await.json()["items"].as_array().unwrap().is_empty());
    let acts = world.get("/api/v1/audit").await.json();
    let names: Vec<_> = acts["items"].as_array().unwrap().iter().map(|act| act["act"].clone()).collect();
    assert_eq!(names, ["policy.add", "policy.change", "policy.remove"]);
    assert_eq!(world.get("/api/v1/audit/verify").await.json()["broken"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_its_field() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let rule = json!({ "event_type": "*" });
    for (body, status, field) in [
        (json!({}), 422, "cabs"),
        (json!({ "cabs": 1 }), 422, "bucket"),
        (json!({ "cabs": 1, "bucket": 1, "rule": rule }), 422, "bucket"),
        (json!({ "cabs": 1, "bucket": 77 }), 422, "bucket"),
        (json!({ "cabs": 1, "rule": {} }), 422, "rule"),
        (json!({ "cabs": 1_000_000, "rule": rule }), 422, "cabs"),
        (json!({ "cabs": 1, "rule": rule, "until": "2020-01-01T00:00:00Z" }), 422, "until"),
    ] {
        let reply = call(&world, "POST", "/api/v1/policies", &body).await;
        assert_eq!((reply.status, &reply.json()["field"]), (status, &json!(field)), "{body}");
    }
    for (body, status) in [
        (json!({ "cabs": -1, "rule": rule }), 422),
        (json!({ "cabs": 1, "rule": rule, "cab": 1 }), 422),
        (json!({ "cabs": 1, "rule": rule, "until": "tomorrow" }), 422),
        (json!([]), 422),
    ] {
        assert_eq!(call(&world, "POST", "/api/v1/policies", &body).await.status, status, "{body}");
    }
    let no_json = send(world.address, "POST", "/api/v1/policies", &[], b"{}").await;
    assert_eq!(no_json.status, 415, "{}", no_json.text());
    let cut = [("Content-Type", "application/json")];
    assert_eq!(send(world.address, "POST", "/api/v1/policies", &cut, b"{").await.status, 400);
    assert_eq!(world.get("/api/v1/policies/x").await.status, 400);
    world.stop().await;
}

#[tokio::test]
async fn a_solution_reaches_the_next_machine_and_a_crash_of_the_fixed_version_is_a_regression() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let bucket = world.report(&crash("app", 1)).await.bucket.unwrap();
    let solution = json!({ "bucket": bucket, "url": "https://example.com/1", "fixed_in": "1.0" });
    let made = call(&world, "POST", "/api/v1/solutions", &solution).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let answer = world.post("/stage2.htm", &crash("app", 2).to_xml_utf16()).await.text();
    let answer: String = answer.chars().filter(|c| *c != '\0').collect();
    assert!(answer.contains("https://example.com/1"), "{answer}");
    let listed = world.get("/api/v1/regressions").await.json();
    assert_eq!(
        (&listed["items"][0]["count"], &listed["items"][0]["version"]),
        (&json!(1), &json!("1.0.0.0"))
    );
    let path = made.header("Location").unwrap().to_owned();
    let changed = call(&world, "PATCH", &path, &json!({ "fixed_in": null, "text": "Update." })).await.json();
    assert_eq!((&changed["text"], &changed["regressions"]), (&json!("Update."), &json!(1)));
    world.report(&crash("app", 3)).await;
    assert_eq!(world.get(&path).await.json()["regressions"], json!(1), "no version has the fix now");
    assert_eq!(call(&world, "DELETE", &path, &Value::Null).await.status, 204);
    world.stop().await;
}
