//! Breakpad's symbol upload.

use crate::client::{Reply, send};
use crate::world::{World, folder};

const ID: &str = "000102030405060708090A0B0C0D0E0F0";

async fn upload(world: &World, file: &str) -> Reply {
    let part =
        |name: &str, body: &str| format!("--XX\r\nContent-Disposition: form-data; {name}\r\n\r\n{body}\r\n");
    let body = [
        part("name=\"debug_file\"", "../../evil"),
        part("name=\"symbol_file\"; filename=\"../../evil.sym\"", file),
        part("name=\"os\"", "Linux"),
        "--XX--\r\n".to_owned(),
    ]
    .concat();
    let headers = [("Content-Type", "multipart/form-data; boundary=XX")];
    send(world.address, "POST", "/symbols/upload", &headers, body.as_bytes()).await
}

#[tokio::test]
async fn the_file_itself_says_where_it_belongs_and_the_first_wins() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let text = format!("MODULE Linux x86_64 {ID} lib.so\nFUNC 0 1 0 main\n");
    let reply = upload(&world, &text).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(upload(&world, &text).await.status, 200);
    assert_eq!(upload(&world, &format!("{text}more")).await.status, 409);
    let kept = dir.path().join(format!("symbols/lib.so/{ID}/lib.so.sym"));
    assert_eq!(std::fs::read_to_string(kept).unwrap(), text);
    assert_eq!(world.counter("watson_symbols_total{outcome=\"stored\"}").await, 1);
}

#[tokio::test]
async fn names_cannot_climb() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    for line in [
        format!("MODULE Linux x86_64 {ID} ../../../evil\n"),
        format!("MODULE Linux x86_64 {ID} /etc/evil\n"),
        format!("MODULE Linux x86_64 {ID} ..\n"),
        "MODULE Linux x86_64 ../.. lib.so\n".to_owned(),
        "no symbols\n".to_owned(),
        "MODULE".to_owned(),
        "a".repeat(5000),
    ] {
        let reply = upload(&world, &line).await;
        assert_eq!((reply.status, reply.text().split(':').next()), (400, Some("module_line")), "{line}");
    }
    let reply = world.post("/symbols/upload", b"x").await;
    assert_eq!((reply.status, reply.text().split(':').next()), (400, Some("not_a_form")));
    assert_eq!(std::fs::read_dir(dir.path().join("symbols")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}
