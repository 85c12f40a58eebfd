//! Products, keys, accounts, sessions, tokens.

use watson_db::{
    Crash, DEFAULT_TENANT, DbError, Dialect, KeyState, NewApiToken, NewProduct, Policy, Role, Store,
    secret_hash,
};

use crate::world::World;
use crate::{NOW_MS, crash};

fn product(name: &str) -> NewProduct {
    NewProduct {
        tenant: DEFAULT_TENANT,
        name: name.into(),
        dialects: vec![Dialect::Minidump, Dialect::Sentry],
        key_required: true,
        per_minute: None,
        per_day: None,
    }
}

async fn a_product_is_found_by_name_and_made_once(world: &World) {
    let store = world.open().await;
    let id = store.add_product(&product("Game"), "test", NOW_MS).await.unwrap();
    assert!(matches!(store.add_product(&product("Game"), "test", NOW_MS).await, Err(DbError::Exists(_))));
    let other = store.tenant("other", "test", NOW_MS).await.unwrap();
    store.add_product(&NewProduct { tenant: other, ..product("Game") }, "test", NOW_MS).await.unwrap();
    let book = store.product_book(NOW_MS).await.unwrap();
    let found = book.named(DEFAULT_TENANT, "gAME").unwrap();
    assert_eq!((found.id, found.dialects.as_slice()), (id, &[Dialect::Minidump, Dialect::Sentry][..]));
    assert_ne!(book.named(other, "game").unwrap().id, id);
    assert_eq!(store.products().await.unwrap().len(), 2);
    store.remove_product(id, "test", NOW_MS).await.unwrap();
    assert!(matches!(store.remove_product(id, "test", NOW_MS).await, Err(DbError::Missing(_))));
    assert!(store.product_book(NOW_MS).await.unwrap().named(DEFAULT_TENANT, "Game").is_none());
}

async fn keys_are_made_rotated_and_revoked(world: &World) {
    let store = world.open().await;
    let id = store.add_product(&product("Game"), "test", NOW_MS).await.unwrap();
    let state = async |secret: &str, now_ms| {
        store.product_book(now_ms).await.unwrap().key(&secret_hash(secret).unwrap(), now_ms)
    };
    let first = store.make_key(id, None, "test", NOW_MS).await.unwrap();
    assert_eq!(state(&first.secret, NOW_MS).await, KeyState::Good(id));
    assert_eq!(state(&"0".repeat(64), NOW_MS).await, KeyState::Unknown);
    let second = store.make_key(id, Some(NOW_MS + 1000), "test", NOW_MS).await.unwrap();
    assert_eq!(state(&first.secret, NOW_MS + 999).await, KeyState::Good(id), "both are good for a while");
    assert_eq!(state(&second.secret, NOW_MS + 999).await, KeyState::Good(id));
    assert_eq!(state(&first.secret, NOW_MS + 1000).await, KeyState::Ended);
    assert_eq!(state(&second.secret, NOW_MS + 1000).await, KeyState::Good(id));
    // A later rotation does not make an end later.
    store.make_key(id, Some(NOW_MS + 9000), "test", NOW_MS).await.unwrap();
    assert_eq!(state(&first.secret, NOW_MS + 1000).await, KeyState::Ended);
    store.revoke_key(second.id, "test", NOW_MS + 5).await.unwrap();
    assert_eq!(state(&second.secret, NOW_MS + 6).await, KeyState::Revoked);
    let listed = store.product_keys(id).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().any(|key| key.id == second.id && key.revoked_ms == Some(NOW_MS + 5)));
    assert!(second.secret.starts_with(&listed[1].shown));
    assert!(matches!(store.make_key(id + 1, None, "test", NOW_MS).await, Err(DbError::Missing(_))));
    assert!(matches!(store.revoke_key(999, "test", NOW_MS).await, Err(DbError::Missing(_))));
}

async fn good_keys_of_a_product_have_a_limit(world: &World) {
    let store = world.open().await;
    let id = store.add_product(&product("Game"), "test", NOW_MS).await.unwrap();
    for _ in 0..watson_db::limits::MAX_GOOD_KEYS {
        store.make_key(id, None, "test", NOW_MS).await.unwrap();
    }
    assert!(matches!(store.make_key(id, None, "test", NOW_MS).await, Err(DbError::TooMany { .. })));
}

async fn another_process_follows_a_revocation(world: &World) {
    let store = world.open().await;
    let id = store.add_product(&product("Game"), "test", NOW_MS).await.unwrap();
    let key = store.make_key(id, None, "test", NOW_MS).await.unwrap();
    let hash = secret_hash(&key.secret).unwrap();
    assert_eq!(store.product_book(NOW_MS).await.unwrap().key(&hash, NOW_MS), KeyState::Good(id));
    if world.places().database.is_none() {
        return; // one process at a time
    }
    let folder = tempfile::tempdir().unwrap();
    let other = Store::open_at(folder.path(), &world.places(), Policy::default()).await.unwrap();
    other.revoke_key(key.id, "test", NOW_MS).await.unwrap();
    let later = NOW_MS + watson_db::limits::PRODUCTS_GOOD_FOR_MS;
    assert_eq!(store.product_book(later).await.unwrap().key(&hash, later), KeyState::Revoked);
}

async fn the_last_administrator_stays(world: &World) {
    let store = world.open().await;
    assert!(!store.has_administrator().await.unwrap());
    store.add_account("ann", (Role::Admin, None), "h1", "test", NOW_MS).await.unwrap();
    store.add_account("bob", (Role::Reader, None), "h2", "test", NOW_MS).await.unwrap();
    assert!(store.has_administrator().await.unwrap());
    assert!(matches!(
        store.add_account("ann", (Role::Reader, None), "h", "test", NOW_MS).await,
        Err(DbError::Exists(_))
    ));
    assert!(matches!(store.remove_account("ann", "test", NOW_MS).await, Err(DbError::LastAdministrator)));
    assert!(matches!(store.remove_account("eve", "test", NOW_MS).await, Err(DbError::Missing(_))));
    store.add_account("zoe", (Role::Admin, None), "h3", "test", NOW_MS).await.unwrap();
    store.remove_account("ann", "test", NOW_MS).await.unwrap();
    let names: Vec<_> = store.accounts().await.unwrap().into_iter().map(|a| (a.name, a.role)).collect();
    assert_eq!(names, [("bob".to_owned(), Role::Reader), ("zoe".to_owned(), Role::Admin)]);
}

async fn a_session_ends_by_time_by_hand_and_with_the_password(world: &World) {
    let store = world.open().await;
    let ann = store.add_account("ann", (Role::Admin, None), "h1", "test", NOW_MS).await.unwrap();
    let whose = async |secret: &str, now_ms| {
        let found = store.session(&secret_hash(secret).unwrap(), now_ms).await.unwrap();
        found.map(|account| account.name)
    };
    let one = store.begin_session(ann, NOW_MS + 100, NOW_MS).await.unwrap();
    assert_eq!(whose(&one.secret, NOW_MS + 99).await.as_deref(), Some("ann"));
    assert_eq!(whose(&one.secret, NOW_MS + 100).await, None);
    store.end_session(&secret_hash(&one.secret).unwrap()).await.unwrap();
    assert_eq!(whose(&one.secret, NOW_MS).await, None);
    let two = store.begin_session(ann, NOW_MS + 100, NOW_MS).await.unwrap();
    store.set_password("ann", "h2", "test", NOW_MS).await.unwrap();
    assert_eq!(whose(&two.secret, NOW_MS).await, None);
    assert_eq!(store.account_password("ann").await.unwrap().unwrap().1, "h2");
    assert!(store.account_password("eve").await.unwrap().is_none());
    assert!(matches!(store.set_password("eve", "h", "test", NOW_MS).await, Err(DbError::Missing(_))));
}

async fn a_product_is_changed_within_its_tenant(world: &World) {
    let store = world.open().await;
    let id = store.add_product(&product("Game"), "test", NOW_MS).await.unwrap();
    store.add_product(&product("Tool"), "test", NOW_MS).await.unwrap();
    let changed = NewProduct { per_minute: Some(9), key_required: false, ..product("Play") };
    store.change_product(id, &changed, "ann", NOW_MS).await.unwrap();
    let found = store.products().await.unwrap().into_iter().find(|row| row.id == id).unwrap();
    assert_eq!((found.name.as_str(), found.per_minute, found.key_required), ("Play", Some(9), false));
    assert!(store.product_book(NOW_MS).await.unwrap().named(1, "play").is_some(), "at once in this process");
    let taken = store.change_product(id, &product("Tool"), "ann", NOW_MS).await;
    assert!(matches!(taken, Err(DbError::Exists(_))));
    let elsewhere = NewProduct { tenant: 7, ..product("Play") };
    assert!(matches!(store.change_product(id, &elsewhere, "ann", NOW_MS).await, Err(DbError::Missing(_))));
    let last = store.audit_rows(0).await.unwrap().pop().unwrap();
    assert_eq!((last.act.as_str(), last.actor.as_str()), ("product.change", "ann"));
    assert!(last.details.contains("\"per_minute\":9"), "{}", last.details);
}

async fn tokens_end_and_are_revoked(world: &World) {
    let store = world.open().await;
    let new = NewApiToken {
        name: "ci",
        scopes: &["read", "write"],
        tenant: Some(1),
        made_by: "ann",
        ends_ms: None,
    };
    let made = store.make_api_token(&new, NOW_MS).await.unwrap();
    assert!(matches!(store.make_api_token(&new, NOW_MS).await, Err(DbError::Exists(_))));
    let good = async |secret: &str, now_ms| {
        store.good_api_token(&secret_hash(secret).unwrap(), now_ms).await.unwrap()
    };
    assert_eq!(good(&made.secret, NOW_MS).await.unwrap().scopes, ["read", "write"]);
    let brief = NewApiToken { name: "brief", ends_ms: Some(NOW_MS + 10), ..new };
    let brief = store.make_api_token(&brief, NOW_MS).await.unwrap();
    assert!(good(&brief.secret, NOW_MS + 9).await.is_some());
    assert!(good(&brief.secret, NOW_MS + 10).await.is_none());
    store.revoke_api_token("ci", "test", NOW_MS).await.unwrap();
    assert!(good(&made.secret, NOW_MS).await.is_none());
    assert_eq!(store.api_tokens().await.unwrap().len(), 2);
    assert!(matches!(store.revoke_api_token("x", "test", NOW_MS).await, Err(DbError::Missing(_))));
}

async fn one_network_holds_half_of_a_buckets_places(world: &World) {
    let store = world.open_with(Policy { cabs_per_bucket: 4, ..Policy::default() }).await;
    let from = |network: u8, moment| Crash { network: vec![203, 0, network], ..crash("app", moment) };
    let asked = async |crash: Crash, now_ms| store.record_crash(&crash, now_ms).await.unwrap().wish.is_some();
    let mut greedy = 0;
    for moment in 0..50 {
        greedy += u32::from(asked(from(1, moment), NOW_MS).await);
    }
    assert_eq!(greedy, 2, "a sender with fifty names holds two of four");
    assert!(
        asked(from(2, 100), NOW_MS).await && asked(from(2, 101), NOW_MS).await,
        "two are left for others"
    );
    assert!(!asked(from(3, 102), NOW_MS).await, "four are lent");
    let later = NOW_MS + Policy::DEFAULT_LEASE_MS + 1;
    assert!(!asked(from(1, 200), later).await, "whoever let them expire is not asked at once");
    assert!(asked(from(3, 201), later).await);
    let rested = later + watson_db::limits::NETWORK_REST_MS;
    assert!(asked(from(1, 202), rested).await);
}

crate::on_every_place!(
    one_network_holds_half_of_a_buckets_places,
    a_product_is_found_by_name_and_made_once,
    a_product_is_changed_within_its_tenant,
    keys_are_made_rotated_and_revoked,
    good_keys_of_a_product_have_a_limit,
    another_process_follows_a_revocation,
    the_last_administrator_stays,
    a_session_ends_by_time_by_hand_and_with_the_password,
    tokens_end_and_are_revoked,
);
