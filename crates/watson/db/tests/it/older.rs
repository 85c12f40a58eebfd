//! Databases of older versions of this program, and older versions that run beside this one. What such a version does is
//! written here as the statements that it sent when the tables were those of the first migration.

use std::path::Path;

use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use watson_db::{CabOutcome, DEFAULT_TENANT, FsckOptions, Reading, Store, time};

use crate::past::{number, texts};
use crate::world::{World, folder};
use crate::{NOW_MS, blob, crash, on_every_place};

on_every_place!(
    a_database_of_the_first_version_is_brought_up_to_date_with_all_that_it_has,
    an_older_process_goes_on_beside_a_newer_one,
);

/// In the data folder of both versions: crashes are known by it.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const TOKENS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "1123456789abcdef0123456789abcdef"];

fn put_key(data: &Path) {
    std::fs::write(data.join("privacy.key"), KEY).unwrap();
}

/// Tables as the first migration makes them, and nothing else.
async fn first_tables(world: &World) {
    let (first, url) = (folder(), world.places().database);
    let kind = if url.is_some() { "postgres" } else { "sqlite" };
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    std::fs::copy(all.join("0001_store.sql"), first.path().join("0001_store.sql")).unwrap();
    let migrator = Migrator::new(first.path()).await.unwrap();
    match url {
        Some(url) => migrator.run(&PgPool::connect(&url).await.unwrap()).await.unwrap(),
        None => {
            let file = world.dir.path().join("watson.sqlite");
            let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
            migrator.run(&SqlitePool::connect_with(options).await.unwrap()).await.unwrap();
        }
    }
}

/// How both versions name a crash and what it is filed under, in hex digits.
struct Names {
    event_day: i64,
    key16: String,
    key_hash: String,
    machine: String,
}

/// What this version calls a crash is what the older one did: told by a store of its own with the same key.
async fn names(application: &str, moment: u64) -> Names {
    let world = World::sqlite();
    put_key(world.dir.path());
    let store = world.open().await;
    assert!(store.record_crash(&crash(application, moment), NOW_MS).await.unwrap().counted);
    let mut all = Vec::new();
    for question in [
        "SELECT lower(hex(key16)) FROM seen",
        "SELECT lower(hex(key_hash)) FROM label",
        "SELECT lower(hex(machine)) FROM label_machine_day",
    ] {
        all.extend(texts(&world, question).await);
    }
    let event_day = number(&world, "SELECT event_day FROM seen").await;
    let [key16, key_hash, machine] = all.try_into().expect("a crash of a machine, under a label");
    Names { event_day, key16, key_hash, machine }
}

/// Sends statements with bytes written as `X'..'`.
async fn send(world: &World, statements: &str) {
    let is_postgres = world.places().database.is_some();
    let statements = if is_postgres { statements.replace("X'", "'\\x") } else { statements.to_owned() };
    world.execute(&statements).await;
}

/// Level 1 by an older process: the transaction that it committed.
async fn old_hit(world: &World, application: &str, names: &Names, token: &str) {
    let Names { event_day, key16, key_hash, machine } = names;
    let parameters = format!("[{{\"name\":\"Application Name\",\"value\":\"{application}\"}}]");
    let label = format!("(SELECT n FROM label WHERE tenant = 1 AND key_hash = X'{key_hash}')");
    send(
        world,
        &format!(
            "BEGIN;
             INSERT INTO label (tenant, key_hash, version, event_type, application, parameters, first_seen_ms)
                 VALUES (1, X'{key_hash}', 1, 'APPCRASH', '{application}', '{parameters}', {NOW_MS})
                 ON CONFLICT (tenant, key_hash) DO NOTHING;
             INSERT INTO seen (event_day, key16, label, kind, late)
                 VALUES ({event_day}, X'{key16}', {label}, 0, 0) ON CONFLICT DO NOTHING;
             INSERT INTO raw (event_day, key16, received_ms, body)
                 VALUES ({event_day}, X'{key16}', {NOW_MS}, X'3c786d6c2f3e');
             INSERT INTO hits (label, day, shard, count, last_ms) VALUES ({label}, {event_day}, 0, 1, {NOW_MS})
                 ON CONFLICT (label, day, shard) DO UPDATE SET count = hits.count + excluded.count,
                 last_ms = CASE WHEN hits.last_ms < excluded.last_ms THEN excluded.last_ms ELSE hits.last_ms END;
             INSERT INTO label_machine_day (label, day, machine) VALUES ({label}, {event_day}, X'{machine}')
                 ON CONFLICT DO NOTHING;
             INSERT INTO lease (label, policy, event_day, key16, kind, machine, token, memory_dump, wants, state,
                 expires_ms, late, tenant, machine_name, os, application_path, event_ms)
                 VALUES ({label}, 0, {event_day}, X'{key16}', 0, X'{machine}', '{token}', 0, '{{}}', 'open',
                 {NOW_MS} + 3600000, 0, 1, 'm', '6.18', '/bin/{application}', {NOW_MS})
                 ON CONFLICT (event_day, key16) DO UPDATE SET policy = excluded.policy, token = excluded.token,
                 memory_dump = excluded.memory_dump, wants = excluded.wants, expires_ms = excluded.expires_ms
                 WHERE lease.state = 'open';
             COMMIT;"
        ),
    )
    .await;
}

/// Level 2 by an older process: a report with one file beside it, and a job.
async fn old_cab(world: &World, names: &Names, sha256: &str, size_bytes: u64) {
    let Names { event_day, key16, .. } = names;
    let report = report_id(names);
    send(
        world,
        &format!(
            "BEGIN;
             UPDATE lease SET expires_ms = {NOW_MS} + 7200000
                 WHERE event_day = {event_day} AND key16 = X'{key16}' AND state = 'open';
             INSERT INTO blob (sha256, size_bytes, stored_ms) VALUES ('{sha256}', {size_bytes}, {NOW_MS})
                 ON CONFLICT DO NOTHING;
             INSERT INTO report (id, tenant, product, version, label, event_day, key16, late, blob, machine,
                 machine_name, os, application_path, event_ms, received_ms, annotations, headers)
                 SELECT '{report}', tenant, 'a', '1.0', label, event_day, key16, late, '{sha256}', machine,
                 machine_name, os, application_path, event_ms, {NOW_MS}, '[]', '[]'
                 FROM lease WHERE event_day = {event_day} AND key16 = X'{key16}';
             INSERT INTO report_file (report, number, name, blob, size_bytes)
                 VALUES ('{report}', 1, 'beside', '{sha256}', {size_bytes});
             INSERT INTO job (kind, report, state, run_after_ms, lease_until_ms, attempts, last_error)
                 VALUES ('analysis', '{report}', 'open', {NOW_MS}, 0, 0, '');
             UPDATE lease SET state = 'used' WHERE event_day = {event_day} AND key16 = X'{key16}';
             COMMIT;"
        ),
    )
    .await;
}

/// An older process takes the job, fails, takes it again, is done, and makes another one of it.
async fn old_analysis(world: &World) {
    for (after, state) in [(NOW_MS, "open"), (0, "done")] {
        send(
            world,
            &format!(
                "UPDATE job SET attempts = attempts + 1, lease_until_ms = {NOW_MS} + 1000
                     WHERE id IN (SELECT id FROM job WHERE state = 'open' AND kind = 'analysis'
                     AND run_after_ms <= {NOW_MS} AND lease_until_ms <= {NOW_MS} ORDER BY run_after_ms, id LIMIT 1);
                 UPDATE job SET state = '{state}', run_after_ms = {after}, lease_until_ms = 0, last_error = 'x'
                     WHERE lease_until_ms > 0"
            ),
        )
        .await;
    }
    send(
        world,
        &format!(
            "INSERT INTO analysis (report, made_ms, signature, top_function, reading)
                 SELECT report, {NOW_MS}, 's', 'f', '{{}}' FROM job WHERE state = 'done'
                 ON CONFLICT (report) DO UPDATE SET made_ms = excluded.made_ms, signature = excluded.signature,
                 top_function = excluded.top_function, reading = excluded.reading;
             INSERT INTO job (kind, report, state, run_after_ms, lease_until_ms, attempts, last_error)
                 SELECT 'analysis', report, 'open', {NOW_MS}, 0, 0, '' FROM job WHERE state = 'done'"
        ),
    )
    .await;
}

fn report_id(names: &Names) -> String {
    format!("{}-old", &names.key16[..8])
}

/// The same crash told again: nothing changes, and its answer is the same.
async fn is_known(store: &Store, application: &str, moment: u64, hits: i64) -> i64 {
    let told = store.record_crash(&crash(application, moment), NOW_MS).await.unwrap();
    assert!(!told.counted, "a crash that the older version took is known");
    let bucket = store.bucket(told.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!(bucket.hits, hits);
    told.bucket
}

/// Bytes where every version has them; their name.
fn old_bytes(world: &World, bytes: &[u8]) -> String {
    let name: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = world.blobs().join(&name[..2]).join(&name[2..4]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(&name), bytes).unwrap();
    name
}

/// What an older process took, with its analysis still to be made, and what this version makes of it.
async fn goes_on_here(store: &Store, cab: &[u8], one: &Names) {
    let bucket = is_known(store, "a", 1, 2).await;
    assert_eq!(is_known(store, "a", 2, 2).await, bucket, "both are under one label");
    assert!(store.record_crash(&crash("a", 3), NOW_MS).await.unwrap().counted);
    is_known(store, "a", 1, 3).await;
    // The second crash was asked for a cab, which comes to this version.
    let ticket = store.cab_ticket(TOKENS[1], NOW_MS).await.unwrap().expect("its token is good");
    let two = blob(store, b"MSCF two").await;
    assert!(matches!(store.commit_cab(&ticket, &two, NOW_MS).await.unwrap(), CabOutcome::Stored { .. }));
    let body = store.level1_body(&report_id(one)).await.unwrap();
    assert_eq!(body.as_deref(), Some(&b"<xml/>"[..]), "kept as it came");
    let mut read = Vec::new();
    for job in store.lease_jobs(9, NOW_MS, 1_000).await.unwrap() {
        read.push(std::fs::read(store.blob_file(&job.blob).await.unwrap().path()).unwrap());
        store.finish_job(&job, &Reading::default(), NOW_MS).await.unwrap();
    }
    assert_eq!(read, [cab, b"MSCF two"], "both wait for their analysis");
    let found =
        store.fsck(&FsckOptions { hash: true, repair: false, grace_ms: 0 }, time::now_ms()).await.unwrap();
    assert!(found.findings.is_empty(), "{found:?}");
    let erased = store.erase_machine(DEFAULT_TENANT, "m1", "test", NOW_MS).await.unwrap();
    assert_eq!((erased.reports, erased.leases), (1, 1), "{erased:?}");
    assert!(store.report(&report_id(one)).await.unwrap().is_none());
    is_known(store, "a", 1, 3).await;
}

async fn a_database_of_the_first_version_is_brought_up_to_date_with_all_that_it_has(world: &World) {
    first_tables(world).await;
    put_key(world.dir.path());
    let (one, two) = (names("a", 1).await, names("a", 2).await);
    old_hit(world, "a", &one, TOKENS[0]).await;
    old_hit(world, "a", &two, TOKENS[1]).await;
    old_cab(world, &one, &old_bytes(world, b"MSCF one"), 8).await;
    goes_on_here(&world.open().await, b"MSCF one", &one).await;
}

async fn an_older_process_goes_on_beside_a_newer_one(world: &World) {
    put_key(world.dir.path());
    let store = world.open().await;
    let (one, two) = (names("a", 1).await, names("a", 2).await);
    // Each told to this version while the older one is at it.
    old_hit(world, "a", &one, TOKENS[0]).await;
    is_known(&store, "a", 1, 1).await;
    old_hit(world, "a", &two, TOKENS[1]).await;
    old_cab(world, &one, &old_bytes(world, b"MSCF one"), 8).await;
    old_analysis(world).await;
    goes_on_here(&store, b"MSCF one", &one).await;
}
