//! The audit log: a chain that tells when it was touched.

use serde_json::json;
use watson_db::{Act, Policy, Store};

use crate::world::World;
use crate::{NOW_MS, on_every_place, past};

on_every_place!(
    a_log_that_nobody_touched_is_whole,
    whatever_is_done_to_a_row_is_found,
    a_log_made_anew_does_not_hold_the_end_that_was_kept,
    processes_that_write_at_once_keep_one_chain,
);

fn act(number: usize) -> Act<'static> {
    Act {
        actor: "ann\0",
        act: "policy.add",
        object: number.to_string(),
        details: json!({ "wanted": number }),
    }
}

async fn with_rows(world: &World, rows: usize) -> Store {
    let store = world.open().await;
    for number in 1..=rows {
        store.audit(&act(number), NOW_MS).await.unwrap();
    }
    store
}

async fn a_log_that_nobody_touched_is_whole(world: &World) {
    let store = world.open().await;
    let empty = store.verify_audit(Some("0:")).await.unwrap();
    assert_eq!((empty.rows, empty.broken), (0, None));
    for number in 1..=3 {
        store.audit(&act(number), NOW_MS).await.unwrap();
    }
    let head = store.audit_head().await.unwrap().text();
    let verdict = store.verify_audit(Some(&head)).await.unwrap();
    assert_eq!((verdict.rows, verdict.broken, &verdict.head), (3, None, &head));
    let rows = store.audit_rows(2).await.unwrap();
    assert_eq!((rows.len(), rows[0].actor.as_str(), rows[0].object.as_str()), (1, "ann\u{fffd}", "3"));
    assert_eq!(rows[0].details, r#"{"wanted":3}"#);
    let long = Act { details: json!("x".repeat(100_000)), ..act(4) };
    store.audit(&long, NOW_MS).await.unwrap();
    assert_eq!(store.verify_audit(Some(&head)).await.unwrap().broken, None, "an older end is in it still");
}

async fn whatever_is_done_to_a_row_is_found(world: &World) {
    let store = with_rows(world, 5).await;
    let moved = "UPDATE audit SET seq = 9 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
                 UPDATE audit SET seq = 3 WHERE seq = 9;";
    let back = "UPDATE audit SET seq = 9 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 2;
                UPDATE audit SET seq = 2 WHERE seq = 9;";
    for (change, undo, seq) in [
        (
            "UPDATE audit SET actor = 'eve' WHERE seq = 2",
            "UPDATE audit SET actor = 'ann\u{fffd}' WHERE seq = 2",
            2,
        ),
        (
            "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 5",
            "UPDATE audit SET at_ms = at_ms - 1 WHERE seq = 5",
            5,
        ),
        (moved, back, 2),
    ] {
        past::execute(world, change).await;
        assert_eq!(store.verify_audit(None).await.unwrap().broken.unwrap().seq, seq, "{change}");
        past::execute(world, undo).await;
        assert_eq!(store.verify_audit(None).await.unwrap().broken, None, "{undo}");
    }
    past::execute(world, "DELETE FROM audit WHERE seq = 5").await;
    assert_eq!(store.verify_audit(None).await.unwrap().broken.unwrap().seq, 4, "the last row is missed");
    past::execute(world, "DELETE FROM audit WHERE seq = 3").await;
    assert_eq!(store.verify_audit(None).await.unwrap().broken.unwrap().seq, 4, "a row in the middle is");
}

async fn a_log_made_anew_does_not_hold_the_end_that_was_kept(world: &World) {
    let store = with_rows(world, 3).await;
    let head = store.audit_head().await.unwrap().text();
    let anew = if world.places().database.is_some() {
        "DELETE FROM audit; UPDATE audit_head SET seq = 0, hash = '\\x'"
    } else {
        "DELETE FROM audit; UPDATE audit_head SET seq = 0, hash = X''"
    };
    past::execute(world, anew).await;
    for number in 4..=8 {
        store.audit(&act(number), NOW_MS).await.unwrap();
    }
    assert_eq!(store.verify_audit(None).await.unwrap().broken, None, "by itself it looks whole");
    assert!(store.verify_audit(Some(&head)).await.unwrap().broken.is_some());
}

async fn processes_that_write_at_once_keep_one_chain(world: &World) {
    let first = std::sync::Arc::new(world.open().await);
    let other_folder = tempfile::tempdir().unwrap();
    // A second process where the database allows one; else the same one twice.
    let second = match world.places().database {
        Some(_) => std::sync::Arc::new(
            Store::open_at(other_folder.path(), &world.places(), Policy::default()).await.unwrap(),
        ),
        None => std::sync::Arc::clone(&first),
    };
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = std::sync::Arc::clone(if number % 2 == 0 { &first } else { &second });
        writers.spawn(async move { store.audit(&act(number), NOW_MS).await });
    }
    writers.join_all().await.into_iter().for_each(|done| done.unwrap());
    let verdict = second.verify_audit(None).await.unwrap();
    assert_eq!((verdict.rows, verdict.broken), (40, None));
}
