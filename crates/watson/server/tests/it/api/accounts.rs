//! Accounts by the API: made, changed and removed, and never more than whoever does it has.

use std::path::Path;

use serde_json::{Value, json};
use watson_db::{NewApiToken, time};

use crate::client::{Reply, send};
use crate::world::{TOKEN, World, empty_reading, folder};

const PASSWORD: &str = "correct horse battery";

async fn start(data: &Path) -> World {
    World::start_with(data, Some(TOKEN), empty_reading()).await
}

/// A token of a tenant, or of all.
pub(crate) async fn token(world: &World, name: &str, scopes: &[&str], tenant: Option<i64>) -> String {
    let token = NewApiToken { name, scopes, tenant, made_by: "test", ends_ms: None };
    world.store.make_api_token(&token, time::now_ms()).await.unwrap().secret
}

pub(crate) async fn ask(world: &World, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(world.address, method, path, &headers, body.as_bytes()).await
}

async fn login(world: &World, name: &str, password: &str) -> Reply {
    let body = format!("name={name}&password={}", password.replace(' ', "+"));
    send(world.address, "POST", "/login", &[], body.as_bytes()).await
}

fn account(name: &str, role: &str) -> Value {
    json!({ "name": name, "role": role, "password": PASSWORD })
}

#[tokio::test]
async fn an_account_signs_in_until_its_password_changes_and_is_gone_when_removed() {
    let dir = folder();
    let world = start(dir.path()).await;
    let made = ask(&world, TOKEN, "POST", "/api/v1/accounts", &account("ann", "admin")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(ask(&world, TOKEN, "POST", "/api/v1/accounts", &account("ann", "reader")).await.status, 409);
    let short = json!({ "name": "eve", "role": "reader", "password": "short" });
    let refused = ask(&world, TOKEN, "POST", "/api/v1/accounts", &short).await;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("password")));
    let entered = login(&world, "ann", PASSWORD).await;
    assert_eq!(entered.status, 303);
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let page = async || send(world.address, "GET", "/", &[("Cookie", &cookie)], b"").await.status;
    assert_eq!(page().await, 200);

    let change = json!({ "password": "another horse battery" });
    assert_eq!(ask(&world, TOKEN, "PATCH", "/api/v1/accounts/ann", &change).await.status, 204);
    assert_eq!(page().await, 401, "its sessions end");
    assert_eq!(login(&world, "ann", "another horse battery").await.status, 303);
    assert_eq!(ask(&world, TOKEN, "PATCH", "/api/v1/accounts/eve", &change).await.status, 404);
    let last = ask(&world, TOKEN, "DELETE", "/api/v1/accounts/ann", &Value::Null).await;
    assert_eq!(last.status, 409, "the last administrator stays: {}", last.text());
    assert_eq!(ask(&world, TOKEN, "POST", "/api/v1/accounts", &account("bob", "admin")).await.status, 201);
    assert_eq!(ask(&world, TOKEN, "DELETE", "/api/v1/accounts/ann", &Value::Null).await.status, 204);
    assert_eq!(login(&world, "ann", "another horse battery").await.status, 401);
    let listed = ask(&world, TOKEN, "GET", "/api/v1/accounts", &Value::Null).await.text();
    assert!(listed.contains("bob") && !listed.contains("ann") && !listed.contains("argon2"), "{listed}");
    world.stop().await;
}

#[tokio::test]
async fn nobody_makes_an_account_that_may_more_nor_takes_one_over() {
    let dir = folder();
    let world = start(dir.path()).await;
    let acme = world.store.tenant("acme", "test", time::now_ms()).await.unwrap();
    ask(&world, TOKEN, "POST", "/api/v1/accounts", &account("root", "admin")).await;
    let administers = token(&world, "administers", &["admin", "read"], None).await;
    let made =
        async |token: &str, body: &Value| ask(&world, token, "POST", "/api/v1/accounts", body).await.status;
    assert_eq!(made(&administers, &account("eve", "admin")).await, 403);
    assert_eq!(made(&administers, &account("eve", "operator")).await, 403);
    assert_eq!(made(&administers, &account("reads", "reader")).await, 201);
    let change = json!({ "password": "another horse battery" });
    let take = ask(&world, &administers, "PATCH", "/api/v1/accounts/root", &change).await;
    assert_eq!(take.status, 403, "who sets its password could sign in by it");
    assert_eq!(login(&world, "root", PASSWORD).await.status, 303);

    let of_acme = token(&world, "acme", &["admin", "read", "write", "erase"], Some(acme)).await;
    assert_eq!(
        made(&of_acme, &json!({ "name": "a", "role": "reader", "password": PASSWORD, "tenant": 1 })).await,
        403
    );
    assert_eq!(made(&of_acme, &account("inside", "admin")).await, 201);
    let listed = ask(&world, &of_acme, "GET", "/api/v1/accounts", &Value::Null).await.json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!((names, &listed["items"][0]["tenant"]), (vec![&json!("inside")], &json!(acme)));
    for (method, body) in [("PATCH", &change), ("DELETE", &Value::Null)] {
        assert_eq!(
            ask(&world, &of_acme, method, "/api/v1/accounts/root", body).await.status,
            404,
            "{method}"
        );
    }
    let nowhere = json!({ "name": "b", "role": "reader", "password": PASSWORD, "tenant": 99 });
    let refused = ask(&world, TOKEN, "POST", "/api/v1/accounts", &nowhere).await;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("tenant")));
    world.stop().await;
}
