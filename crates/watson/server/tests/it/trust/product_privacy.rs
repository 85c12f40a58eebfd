//! Whose rules of privacy hold: the key's product's, whatever the report calls itself.

use std::path::Path;

use watson_db::{Collect, DEFAULT_TENANT, Dialect, NewProduct, PrivacyRules, Treatment, time};
use wer_wire::Level1Response;

use crate::client::send;
use crate::world::{World, cab, crash, folder};

async fn product(world: &World, name: &str) -> String {
    let product = NewProduct {
        tenant: DEFAULT_TENANT,
        name: name.into(),
        dialects: Dialect::ALL.to_vec(),
        key_required: true,
        per_minute: None,
        per_day: None,
    };
    let id = world.store.add_product(&product, "test", time::now_ms()).await.unwrap();
    world.store.make_key(id, None, "test", time::now_ms()).await.unwrap().secret
}

/// A form with this user's name in a field, a path and the names of its files.
fn form(product: &str, user: &str) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in
        [("prod", product), ("ver", "1"), ("user", user), ("path", &format!("/home/{user}/game"))]
    {
        body.push_str(&format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    for (name, file, bytes) in [
        ("log", format!("{user}.log"), "a log".to_owned()),
        ("upload_file_minidump", format!("/home/{user}/a.dmp"), format!("MDMP {product} {}", user.len())),
    ] {
        body.push_str(&format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n{bytes}\r\n"
        ));
    }
    format!("{body}--B--\r\n").into_bytes()
}

/// Whether a file below a folder holds a text, in UTF-8 or UTF-16.
fn holds(folder: &Path, text: &str) -> bool {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(path).unwrap();
        [text.as_bytes(), &wide].iter().any(|form| bytes.windows(form.len()).any(|window| window == *form))
    })
}

#[tokio::test]
async fn the_keys_product_decides_what_is_stored_and_not_what_the_report_says() {
    let dir = folder();
    let data = dir.path().join("data");
    let world = World::start(&data).await;
    let (open, closed) = (product(&world, "Open").await, product(&world, "Closed").await);
    let drops = PrivacyRules {
        user: Treatment::Drop,
        paths: Treatment::Drop,
        machine: Treatment::Drop,
        collect: Collect::All,
        ..PrivacyRules::default()
    };
    world.store.set_privacy(DEFAULT_TENANT, "Closed", &drops, "ann", 0).await.unwrap();
    let kind = ("Content-Type", "multipart/form-data; boundary=B");
    // Each by each key, under its own name and under the other's.
    for (key, name, user) in [
        (&open, "Open", "Xerxesopen"),
        (&open, "Closed", "Xerxeslies"),
        (&closed, "Closed", "Yorickclosed"),
        (&closed, "Open", "Yoricklies"),
    ] {
        for (target, header) in [
            (format!("/crash?key={key}"), None),
            (format!("/api/{name}/minidump/?sentry_key={key}"), Some(name)),
        ] {
            let reply = send(world.address, "POST", &target, &[kind], &form(name, user)).await;
            let is_lie = header.is_some() && user.ends_with("lies");
            // In Sentry's path, another project than the key's is refused.
            assert_eq!(reply.status, if is_lie { 403 } else { 200 }, "{target}: {}", reply.text());
        }
    }
    // Our own client carries the key in a header.
    for (key, name, user) in [(&open, "Open", "Xerxesowner"), (&closed, "Closed", "Yorickowner")] {
        let mut report = crash("app", user.len() as u64);
        report.user_name = user.into();
        report.machine_name = format!("PC-{user}");
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str())];
        let reply = send(world.address, "POST", "/stage2.htm", &headers, &report.to_xml_utf16()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        // What was asked for is filed under the key's product too, so that its analysis has these rules.
        let answer = Level1Response::parse(&reply.body).unwrap();
        let path = answer.dump_file.expect("a cab is wanted");
        assert_eq!(world.put(&path, &cab("a.txt", name.as_bytes())).await.status, 200);
        let bucket = world.get(&format!("/api/buckets/{}", answer.bucket.unwrap())).await.json();
        let id = bucket["reports"][0].as_str().expect("the newest report").to_owned();
        assert_eq!(world.store.product_of(&id).await.unwrap(), Some((DEFAULT_TENANT, name.to_owned())));
    }
    let listed = world.get("/api/v1/buckets").await.json();
    assert!(listed["items"].as_array().is_some_and(|items| !items.is_empty()), "{listed}");
    world.stop().await;
    for kept in ["Xerxesopen", "Xerxeslies", "Xerxesowner"] {
        assert!(holds(&data, kept), "{kept}: its product keeps names");
    }
    for dropped in ["Yorickclosed", "Yoricklies", "Yorickowner"] {
        assert!(!holds(&data, dropped), "{dropped}: its product keeps none");
    }
}
