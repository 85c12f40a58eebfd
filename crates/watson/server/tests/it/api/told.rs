//! What an administrator sets by the API, and what our own client makes of it.

use serde_json::{Value, json};
use wer_model::{BucketReply, SubmitResult};
use wer_wire::Level1Response;

use crate::api::collection::call;
use crate::own_client::{send, server_at};
use crate::world::{World, crash, folder};

/// What our own client is told of its report.
async fn told(world: &World) -> BucketReply {
    let folder = folder();
    let outcome = send(&server_at(world.address.port()), &folder).await;
    assert_ne!(outcome.result, SubmitResult::ReportFailed, "{}", outcome.explanation);
    outcome.reply.expect("the server answered")
}

async fn set(world: &World, method: &str, path: &str, body: &Value) -> Value {
    let reply = call(world, method, path, body).await;
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text());
    reply.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_is_told_url_text_and_fixed_version_by_bucket_and_by_rule() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let first = told(&world).await;
    assert_eq!((first.solution_url, first.solution_text), (None, None));

    let text = "Update to 1.10.\n\u{66f4}\u{65b0} caf\u{e9}, 100 %41.";
    let rule = json!({ "rule": { "event_type": "APPCRASH" }, "text": text, "fixed_in": "1.10" });
    let id = set(&world, "POST", "/api/v1/solutions", &rule).await["id"].clone();
    let by_rule = told(&world).await;
    assert_eq!((by_rule.solution_text.as_deref(), by_rule.solution_url), (Some(text), None));
    assert_eq!(by_rule.solution_fixed_in.as_deref(), Some("1.10"));

    let bucket = first.bucket.expect("a bucket");
    let own = json!({ "bucket": bucket, "url": "https://example.com/1", "text": "x".repeat(4_000) });
    set(&world, "POST", "/api/v1/solutions", &own).await;
    let by_bucket = told(&world).await;
    assert_eq!(by_bucket.solution_url.as_deref(), Some("https://example.com/1"));
    assert_eq!((by_bucket.solution_text, by_bucket.solution_fixed_in), (Some("x".repeat(4_000)), None));

    let long = json!({ "text": "\u{66f4}".repeat(4_000), "url": "" });
    let own = world.get("/api/v1/solutions").await.json()["items"][0]["id"].clone();
    assert_ne!(own, id);
    set(&world, "PATCH", &format!("/api/v1/solutions/{own}"), &long).await;
    let cut = told(&world).await.solution_text.expect("a text");
    assert!(cut.chars().count() > 2_000 && cut.chars().all(|c| c == '\u{66f4}'), "cut at a letter");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_are_told_the_url_alone() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let solution = json!({
        "rule": { "event_type": "*" }, "url": "https://example.com/1", "text": "Update.", "fixed_in": "9",
    });
    set(&world, "POST", "/api/v1/solutions", &solution).await;
    let reply = world.post("/stage2.htm", &crash("app", 1).to_xml_utf16()).await;
    assert!(!reply.text().contains("Solution"), "{}", reply.text());
    let answer = Level1Response::parse(&reply.body).expect("an answer");
    assert_eq!(answer.response.as_deref(), Some("https://example.com/1"));
    world.stop().await;
}
