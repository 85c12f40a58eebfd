//! Who may do what: driven by the document, so that no path is forgotten.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;
use watson_api::{Api, Granted, Scope};
use watson_db::{Policy, Store};
use watson_server::accounts::password::password_hash;

use crate::client::send;
use crate::world::{TOKEN, World, empty_reading, folder};

/// Method, path and scope of each operation.
fn operations() -> Vec<(String, String, Scope)> {
    let document: serde_json::Value = serde_json::from_str(&watson_api::document_text()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scopes = &operation["security"][0]["token"];
            let name = scopes[0].as_str().unwrap_or_else(|| panic!("{method} {path} names no scope"));
            assert_eq!(scopes.as_array().unwrap().len(), 1, "{method} {path}");
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name).expect("a scope");
            let path = path
                .replace("{id}", "1")
                .replace("{name}", "nobody")
                .replace("{number}", "1")
                .replace("{sha1}", "1");
            assert!(!path.contains('{'), "{path} has a part that this test does not know");
            operations.push((method.to_uppercase(), path, scope));
        }
    }
    assert!(operations.len() > 15, "{operations:?}");
    operations
}

fn request(method: &str, path: &str, granted: Option<Granted>) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from("{}")).unwrap();
    if let Some(granted) = granted {
        request.extensions_mut().insert(granted);
    }
    request
}

#[tokio::test]
async fn every_operation_wants_a_token_with_its_own_scope() {
    let dir = folder();
    let store = Arc::new(Store::open(dir.path(), Policy::default()).await.unwrap());
    let router = watson_api::router(Api::new(store, password_hash));
    for (method, path, scope) in operations() {
        let status = async |granted| {
            let response = router.clone().oneshot(request(&method, &path, granted)).await.unwrap();
            let status = response.status();
            if status.as_u16() >= 400 {
                let kind = response.headers().get(header::CONTENT_TYPE).unwrap();
                assert_eq!(kind, "application/problem+json", "{method} {path}");
            }
            status
        };
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let granted = |scopes| Granted { scopes, actor: "test".to_owned(), tenant: None };
        assert_eq!(status(None).await, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(status(Some(granted(others))).await, StatusCode::FORBIDDEN, "{method} {path}");
        let allowed = status(Some(granted(vec![scope]))).await;
        assert!(!matches!(allowed.as_u16(), 401 | 403 | 405 | 500..), "{method} {path}: {allowed}");
    }
}

#[tokio::test]
async fn strangers_learn_nothing_over_the_wire() {
    let dir = folder();
    let world = World::start_with(dir.path(), Some(TOKEN), empty_reading()).await;
    let bearer = format!("Bearer {TOKEN}");
    for (method, path, _) in operations() {
        let bare = send(world.address, &method, &path, &[], b"").await;
        assert_eq!(bare.status, 401, "{method} {path}: {}", bare.text());
        assert_eq!(bare.header("WWW-Authenticate"), Some("Bearer"), "{method} {path}");
        let wrong = [("Authorization", "Bearer 00000000000000000000000000000000")];
        assert_eq!(send(world.address, &method, &path, &wrong, b"").await.status, 401, "{method} {path}");
    }
    assert_eq!(world.get("/api/v1/nothing").await.status, 401, "nor which paths there are");
    let known = [("Authorization", bearer.as_str())];
    let nowhere = send(world.address, "GET", "/api/v1/nothing", &known, b"").await;
    assert_eq!((nowhere.status, &nowhere.json()["code"]), (404, &"missing".into()));
    let method = send(world.address, "DELETE", "/api/v1/buckets", &known, b"").await;
    assert_eq!((method.status, method.header("Allow").is_some()), (405, true), "{}", method.head);
    world.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let dir = folder();
    let world = World::start_with(dir.path(), Some(TOKEN), empty_reading()).await;
    let body = br#"{"rule": {"event_type": "*"}, "cabs": 1}"#;
    let cookie = format!("watson_{}={TOKEN}", world.address.port());
    let post = async |origin: &str| {
        let headers = [("Cookie", cookie.as_str()), ("Origin", origin), ("Content-Type", "application/json")];
        send(world.address, "POST", "/api/v1/policies", &headers, body).await.status
    };
    assert_eq!(post("http://evil.example").await, 403);
    assert_eq!(post("http://127.0.0.1:1").await, 403, "another port of this machine");
    assert_eq!(post("null").await, 403);
    assert_eq!(post(&format!("http://{}", world.address)).await, 201);
    world.stop().await;
}
