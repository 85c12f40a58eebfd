//! The audit log: a chain that tells when it was touched.

use serde_json::json;
use watson_db::{Act, DEFAULT_TENANT, DbError, Dialect, NewApiToken, NewProduct, Policy, Role, Store};

use crate::world::World;
use crate::{NOW_MS, on_every_place, past};

on_every_place!(
    a_log_that_nobody_touched_is_whole,
    whatever_is_done_to_a_row_is_found,
    a_log_made_anew_does_not_hold_the_end_that_was_kept,
    processes_that_write_at_once_keep_one_chain,
    who_may_do_what_is_written_down_with_the_act,
    an_act_that_did_not_happen_is_not_written_down,
    an_act_that_cannot_be_written_down_does_not_happen,
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

const READ: NewApiToken<'_> =
    NewApiToken { name: "ci", scopes: &["read"], tenant: None, made_by: "ann", ends_ms: None };

fn game() -> NewProduct {
    NewProduct {
        tenant: DEFAULT_TENANT,
        name: "Game".into(),
        dialects: vec![Dialect::Sentry],
        key_required: true,
        per_minute: Some(5),
        per_day: None,
    }
}

async fn who_may_do_what_is_written_down_with_the_act(world: &World) {
    let store = world.open().await;
    let tenant = store.tenant("acme", "ann", NOW_MS).await.unwrap();
    store.tenant("acme", "bob", NOW_MS).await.unwrap();
    let product = store.add_product(&game(), "ann", NOW_MS).await.unwrap();
    let key = store.make_key(product, Some(NOW_MS + 9), "ann", NOW_MS).await.unwrap();
    store.revoke_key(key.id, "bob", NOW_MS).await.unwrap();
    store.remove_product(product, "ann", NOW_MS).await.unwrap();
    let token = store.make_api_token(&READ, NOW_MS).await.unwrap();
    store.revoke_api_token("ci", "bob", NOW_MS).await.unwrap();
    store.add_account("ann", (Role::Admin, None), "hash-1", "ann", NOW_MS).await.unwrap();
    store.add_account("eve", (Role::Reader, Some(tenant)), "hash-2", "ann", NOW_MS).await.unwrap();
    store.set_password("eve", "hash-3", "eve", NOW_MS + 1).await.unwrap();
    store.remove_account("eve", "ann", NOW_MS).await.unwrap();
    let rows = store.audit_rows(0).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| format!("{} {} {}", row.actor, row.act, row.object)).collect();
    let (tenant, product, key) = (tenant.to_string(), product.to_string(), (key, token));
    assert_eq!(
        told,
        [
            format!("ann tenant.add {tenant}"),
            format!("ann product.add {product}"),
            format!("ann key.add {}", key.0.id),
            format!("bob key.revoke {}", key.0.id),
            format!("ann product.remove {product}"),
            "ann token.add ci".to_owned(),
            "bob token.revoke ci".to_owned(),
            "ann account.add ann".to_owned(),
            "ann account.add eve".to_owned(),
            "eve account.password eve".to_owned(),
            "ann account.remove eve".to_owned(),
        ]
    );
    let details: Vec<_> = rows.iter().map(|row| row.details.as_str()).collect();
    assert!(details[1].contains("\"Game\"") && details[1].contains("\"sentry\""), "{details:?}");
    assert!(details[5].contains("\"read\"") && details[8].contains("\"reader\""), "{details:?}");
    for secret in [&key.0.secret, &key.1.secret, "hash-"] {
        assert!(!details.iter().any(|text| text.contains(secret)), "secrets are no part of it");
    }
    assert_eq!(rows[9].at_ms, NOW_MS + 1);
    assert_eq!(store.verify_audit(None).await.unwrap().broken, None);
}

async fn an_act_that_did_not_happen_is_not_written_down(world: &World) {
    let store = world.open().await;
    store.add_account("ann", (Role::Admin, None), "h", "ann", NOW_MS).await.unwrap();
    store.add_product(&game(), "ann", NOW_MS).await.unwrap();
    store.make_api_token(&READ, NOW_MS).await.unwrap();
    let refused: [Result<(), DbError>; 10] = [
        store.add_account("ann", (Role::Admin, None), "h", "bob", NOW_MS).await.map(drop),
        store.set_password("eve", "h", "bob", NOW_MS).await,
        store.remove_account("eve", "bob", NOW_MS).await,
        store.remove_account("ann", "bob", NOW_MS).await,
        store.add_product(&game(), "bob", NOW_MS).await.map(drop),
        store.remove_product(999, "bob", NOW_MS).await,
        store.make_key(999, None, "bob", NOW_MS).await.map(drop),
        store.revoke_key(999, "bob", NOW_MS).await,
        store.make_api_token(&READ, NOW_MS).await.map(drop),
        store.revoke_api_token("eve", "bob", NOW_MS).await,
    ];
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    assert_eq!(store.audit_head().await.unwrap().seq, 3);
}

async fn an_act_that_cannot_be_written_down_does_not_happen(world: &World) {
    let store = world.open().await;
    store.add_account("ann", (Role::Admin, None), "h", "ann", NOW_MS).await.unwrap();
    let product = store.add_product(&game(), "ann", NOW_MS).await.unwrap();
    let key = store.make_key(product, None, "ann", NOW_MS).await.unwrap();
    store.make_api_token(&READ, NOW_MS).await.unwrap();
    past::execute(world, "ALTER TABLE audit RENAME TO audit_elsewhere").await;
    let other = NewApiToken { name: "other", ..READ };
    let refused: [Result<(), DbError>; 10] = [
        store.tenant("acme", "ann", NOW_MS).await.map(drop),
        store.add_account("eve", (Role::Reader, None), "h", "ann", NOW_MS).await.map(drop),
        store.set_password("ann", "changed", "ann", NOW_MS).await,
        store.add_product(&NewProduct { name: "Tool".into(), ..game() }, "ann", NOW_MS).await.map(drop),
        store.make_key(product, None, "ann", NOW_MS).await.map(drop),
        store.revoke_key(key.id, "ann", NOW_MS).await,
        store.remove_product(product, "ann", NOW_MS).await,
        store.make_api_token(&other, NOW_MS).await.map(drop),
        store.revoke_api_token("ci", "ann", NOW_MS).await,
        store.remove_account("eve", "ann", NOW_MS).await,
    ];
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    past::execute(world, "ALTER TABLE audit_elsewhere RENAME TO audit").await;
    assert_eq!(store.tenants().await.unwrap().len(), 1);
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    assert_eq!(store.account_password("ann").await.unwrap().unwrap().1, "h");
    assert_eq!(store.products().await.unwrap().len(), 1);
    let keys = store.product_keys(product).await.unwrap();
    assert_eq!((keys.len(), keys[0].revoked_ms), (1, None));
    let tokens = store.api_tokens().await.unwrap();
    assert_eq!((tokens.len(), tokens[0].revoked_ms), (1, None));
}
