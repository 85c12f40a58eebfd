//! Signing in, sessions, tokens.

use watson_db::{NewApiToken, Role, time};
use watson_server::accounts::hash_password;
use watson_server::settings::TrustSettings;

use crate::client::{Reply, send};
use crate::world::{Rules, TOKEN, World, empty_reading, folder};

const PASSWORD: &str = "correct horse battery";

async fn world(data: &std::path::Path) -> World {
    let world = World::start_with(data, Some(TOKEN), empty_reading()).await;
    let hash = hash_password(PASSWORD).unwrap();
    world.store.add_account("ann", (Role::Admin, None), &hash, "test", time::now_ms()).await.unwrap();
    world
}

async fn login(world: &World, name: &str, password: &str, headers: &[(&str, &str)]) -> Reply {
    let body = format!("name={name}&password={}", password.replace(' ', "+"));
    send(world.address, "POST", "/login", headers, body.as_bytes()).await
}

fn cookie(reply: &Reply) -> String {
    reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_login_opens_the_pages_until_it_is_given_back() {
    let dir = folder();
    let world = world(dir.path()).await;
    assert_eq!(world.get("/login").await.status, 200);
    let entered = login(&world, "ann", PASSWORD, &[]).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
    let whole = entered.header("set-cookie").unwrap().to_owned();
    assert!(
        whole.contains("HttpOnly; SameSite=Strict; Max-Age=43200") && !whole.contains("Secure"),
        "{whole}"
    );
    let pair = cookie(&entered);
    let page = async |headers: &[(&str, &str)]| send(world.address, "GET", "/", headers, b"").await.status;
    assert_eq!(page(&[("Cookie", &pair)]).await, 200);
    assert_eq!(page(&[("Cookie", &pair[..pair.len() - 1])]).await, 401);
    // Another site's page cannot sign a person out, nor in.
    let out = async |origin: &str| {
        send(world.address, "POST", "/logout", &[("Cookie", &pair), ("Origin", origin)], b"").await.status
    };
    assert_eq!(out("http://evil.example").await, 403);
    assert_eq!(login(&world, "ann", PASSWORD, &[("Origin", "http://evil.example")]).await.status, 403);
    assert_eq!(out(&format!("http://{}", world.address)).await, 303);
    assert_eq!(page(&[("Cookie", &pair)]).await, 401);
}

#[tokio::test]
async fn under_https_the_cookie_stays_there() {
    let dir = folder();
    let trust = TrustSettings { proxies: vec!["127.0.0.1".into()], ..TrustSettings::default() };
    let rules = Rules { trust, ..Rules::default() };
    let world = World::start_trusting(dir.path(), Some(TOKEN), empty_reading(), &rules).await;
    let hash = hash_password(PASSWORD).unwrap();
    world.store.add_account("ann", (Role::Admin, None), &hash, "test", time::now_ms()).await.unwrap();
    let by = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-Proto", "https")];
    let whole = login(&world, "ann", PASSWORD, &by).await.header("set-cookie").unwrap().to_owned();
    assert!(whole.starts_with("__Host-watson_session_") && whole.ends_with("; Secure"), "{whole}");
    // One that was set in the clear, where anybody could have set it, opens nothing under HTTPS.
    let plain = cookie(&login(&world, "ann", PASSWORD, &[]).await);
    let page = async |pair: &str| {
        let headers = [&[("Cookie", pair)], &by[..]].concat();
        send(world.address, "GET", "/", &headers, b"").await.status
    };
    assert_eq!((page(&plain).await, page(whole.split(';').next().unwrap()).await), (401, 200));
}

#[tokio::test]
async fn a_cookie_changes_nothing_for_another_site() {
    let dir = folder();
    let world = world(dir.path()).await;
    let pair = cookie(&login(&world, "ann", PASSWORD, &[]).await);
    let change = async |more: &[(&str, &str)]| {
        let headers = [&[("Cookie", pair.as_str()), ("Content-Type", "application/json")], more].concat();
        send(world.address, "POST", "/api/v1/nothing", &headers, b"{}").await.status
    };
    assert_eq!(change(&[]).await, 403);
    assert_eq!(change(&[("Origin", "http://evil.example")]).await, 403);
    assert_eq!(change(&[("Sec-Fetch-Site", "cross-site")]).await, 403);
    let own = format!("http://{}", world.address);
    assert_eq!(change(&[("Origin", &own)]).await, 404, "there is nothing, but it was let through");
}

#[tokio::test]
async fn who_fails_often_has_to_wait_whatever_the_name() {
    let dir = folder();
    let world = world(dir.path()).await;
    let mut answers = Vec::new();
    for number in 0..8 {
        let name = if number % 2 == 0 { "ann" } else { "nobody" };
        let reply = login(&world, name, "wrong password", &[]).await;
        assert!(reply.header("set-cookie").is_none());
        answers.push(reply.status);
    }
    assert_eq!(answers[..5], [401; 5]);
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn a_token_has_its_scopes_and_ends_when_it_is_revoked() {
    let dir = folder();
    let world = world(dir.path()).await;
    let new = NewApiToken { name: "ci", scopes: &["read"], tenant: None, made_by: "test", ends_ms: None };
    let made = world.store.make_api_token(&new, time::now_ms()).await.unwrap();
    let bearer = format!("Bearer {}", made.secret);
    let get = async |target: &str| {
        send(world.address, "GET", target, &[("Authorization", &bearer)], b"").await.status
    };
    assert_eq!(get("/api/v1/buckets").await, 200);
    assert_eq!(get("/").await, 200);
    assert_eq!(world.get("/api/v1/buckets").await.status, 401);
    let none = NewApiToken { name: "none", scopes: &[], ..new };
    let none = world.store.make_api_token(&none, time::now_ms()).await.unwrap();
    let of_none = format!("Bearer {}", none.secret);
    let refused = send(world.address, "GET", "/api/v1/buckets", &[("Authorization", &of_none)], b"").await;
    assert_eq!(refused.status, 403);
    world.store.revoke_api_token("ci", "test", time::now_ms()).await.unwrap();
    assert_eq!(get("/api/v1/buckets").await, 401);
}

#[tokio::test]
async fn an_account_of_one_tenant_sees_no_pages() {
    let dir = folder();
    let world = world(dir.path()).await;
    let hash = hash_password(PASSWORD).unwrap();
    let tenant = world.store.tenant("acme", "test", time::now_ms()).await.unwrap();
    world
        .store
        .add_account("bob", (Role::Reader, Some(tenant)), &hash, "test", time::now_ms())
        .await
        .unwrap();
    let pair = cookie(&login(&world, "bob", PASSWORD, &[]).await);
    for path in ["/", "/buckets/1", "/reports/x/cab"] {
        let reply = send(world.address, "GET", path, &[("Cookie", &pair)], b"").await;
        assert_eq!(reply.status, 403, "{path}");
    }
}
