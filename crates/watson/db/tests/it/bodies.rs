//! Level 1 bodies are kept packed, and come back as they came.

use std::sync::Arc;

use crate::past::number;
use crate::world::World;
use crate::{NOW_MS, crash, on_every_place, report};

on_every_place!(a_body_takes_less_room_and_comes_back_byte_for_byte, what_is_not_told_is_not_kept);

async fn a_body_takes_less_room_and_comes_back_byte_for_byte(world: &World) {
    let store = Arc::new(world.open().await);
    let text = "<PARAMETER id=\"0\" name=\"Application Name\" value=\"app.exe\"/>\r\n".repeat(30);
    let body: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told = watson_db::Crash { body: body.clone().into(), ..crash("a", 1) };
    let id = report(&store, &told, b"MSCF one").await;
    let short = report(&store, &crash("a", 2), b"MSCF two").await;
    assert!(store.level1_body(&id).await.unwrap().unwrap() == body);
    assert_eq!(store.level1_body(&short).await.unwrap().unwrap(), b"<xml/>");
    let kept = number(world, "SELECT CAST(max(length(body)) AS BIGINT) FROM raw").await;
    assert!(usize::try_from(kept).unwrap() * 4 < body.len(), "{kept} of {} bytes", body.len());

    let mut export = store.export_machine(1, "m1", "test", NOW_MS).await.unwrap();
    let mut tar: Vec<u8> = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        tar.extend(piece);
    }
    assert!(tar.windows(body.len()).any(|part| part == body), "whoever asks is told it as it came");

    world.execute("UPDATE raw SET packing = 7").await;
    let error = store.level1_body(&id).await.unwrap_err();
    assert!(error.to_string().contains("level 1 body"), "{error}");
}

async fn what_is_not_told_is_not_kept(world: &World) {
    let store = world.open().await;
    let told = watson_db::Crash { body: Vec::new().into(), ..crash("a", 1) };
    let id = report(&store, &told, b"MSCF one").await;
    assert_eq!((store.level1_body(&id).await.unwrap(), world.count("raw").await), (None, 0));
}
