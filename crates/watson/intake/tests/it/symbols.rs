//! Symbol uploads in stages. Version 1 is tested with the server.

use crate::client::{Reply, post, raw};
use crate::world::World;

const ID: &str = "000102030405060708090A0B0C0D0E0F0";

async fn send(world: &World, method: &str, target: &str, body: &str) -> Reply {
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        world.address,
        body.len()
    );
    raw(world.address, head.as_bytes()).await
}

/// Begins an upload; its key.
async fn create(world: &World) -> String {
    let created = post(world.address, "/sym/v1/uploads:create?key=k", &[], b"").await.text;
    let (url, key) = created.split_once("\", \"uploadKey\": \"").expect("both");
    let key = key.trim_end_matches("\"}\n");
    assert_eq!(url, format!("{{\"uploadUrl\": \"http://{}/sym/v1/uploads/{key}", world.address));
    key.to_owned()
}

async fn upload(world: &World, text: &str, complete: &str) -> Reply {
    let key = create(world).await;
    let put = send(world, "PUT", &format!("/sym/v1/uploads/{key}"), text).await;
    assert_eq!(put.status, 200, "{}", put.text);
    send(world, "POST", &format!("/sym/v1/uploads/{key}:complete?key=k"), complete).await
}

#[tokio::test]
async fn symbols_that_are_missing_are_uploaded_and_found_then() {
    let world = World::start().await;
    let status = format!("/sym/v1/symbols/a%20b.so/{ID}:checkStatus?key=k");
    assert_eq!(send(&world, "GET", &status, "").await.text, "{\"status\": \"MISSING\"}\n");
    let text = format!("MODULE Linux x86_64 {ID} a b.so\nFUNC 0 1 0 main\n");
    let body = format!(
        "{{ symbol_id: {{debug_file: \"a b.so\", debug_id: \"{ID}\" }}, symbol_upload_type: \"BREAKPAD\" }}"
    );
    assert_eq!(upload(&world, &text, &body).await.text, "{\"result\": \"OK\"}\n");
    assert_eq!(send(&world, "GET", &status, "").await.text, "{\"status\": \"FOUND\"}\n");
    assert_eq!(upload(&world, &text, &body).await.text, "{\"result\": \"DUPLICATE_DATA\"}\n");
    let other = upload(&world, &format!("{text}more\n"), &body).await;
    assert_eq!(other.reason(), (409, "other_symbols"));
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}

#[tokio::test]
async fn an_upload_in_stages_goes_on_after_a_restart() {
    let world = World::start().await;
    let key = create(&world).await;
    let world = world.restart().await;
    let text = format!("MODULE Linux x86_64 {ID} a.so\nFUNC 0 1 0 main\n");
    let put = format!("/sym/v1/uploads/{key}");
    assert_eq!(send(&world, "PUT", &put, &text).await.status, 200);
    let world = world.restart().await;
    for result in ["OK", "DUPLICATE_DATA"] {
        let done =
            send(&world, "POST", &format!("{put}:complete"), "{symbol_upload_type: \"BREAKPAD\"}").await;
        assert_eq!(done.text, format!("{{\"result\": \"{result}\"}}\n"));
    }
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}

#[tokio::test]
async fn stages_out_of_turn_and_names_that_climb_are_refused() {
    let world = World::start().await;
    let unknown = (404, "unknown_upload");
    assert_eq!(send(&world, "PUT", "/v1/uploads/x", "MODULE").await.reason(), unknown);
    assert_eq!(send(&world, "POST", "/v1/uploads/x:complete", "").await.reason(), unknown);
    let key = create(&world).await;
    assert_eq!(send(&world, "POST", &format!("/v1/uploads/{key}:complete"), "").await.reason(), unknown);
    let climbing = format!("MODULE Linux x86_64 {ID} ../../evil\n");
    let put = send(&world, "PUT", &format!("/v1/uploads/{key}"), &climbing).await;
    assert_eq!(put.reason(), (400, "module_line"));
    let text = format!("MODULE Linux x86_64 {ID} a.so\n");
    let elf = upload(&world, &text, "{symbol_upload_type: \"ELF\"}").await;
    assert_eq!(elf.reason(), (422, "symbol_type"));
    for file in ["..%2f..%2fwatson.sqlite", "..", "a%00b"] {
        let status = send(&world, "GET", &format!("/v1/symbols/{file}/{ID}:checkStatus"), "").await;
        assert_eq!(status.text, "{\"status\": \"MISSING\"}\n", "{file}");
    }
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}
