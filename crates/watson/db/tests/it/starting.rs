//! A start beside a large database.

use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::NOW_MS;
use crate::past::number;
use crate::world::World;

/// Rows of each large table; a million in a test for a night (`WATSON_LONG_TESTS=1`).
fn rows() -> i64 {
    if std::env::var_os("WATSON_LONG_TESTS").is_some() { 1_000_000 } else { 20_000 }
}

const LARGE: [&str; 9] =
    ["label", "seen", "hits", "label_machine_day", "raw", "lease", "blob", "report", "job"];

/// So many rows of each, jobs that are done and a few that are not among them.
fn fill() -> String {
    let each = format!("FROM generate_series(1, {}) AS g", rows());
    let key = "decode(lpad(to_hex(g), 32, '0'), 'hex')";
    format!(
        "INSERT INTO label (tenant, key_hash, version, event_type, application, parameters, first_seen_ms)
             SELECT 1, decode(lpad(to_hex(g), 64, '0'), 'hex'), 1, 'APPCRASH', 'a', '[]', {NOW_MS} {each};
         INSERT INTO seen (event_day, key16, label, kind, late) SELECT 20000, {key}, g, 1, 0 {each};
         INSERT INTO hits (label, day, shard, count, last_ms) SELECT g, 20000, 0, 1, {NOW_MS} {each};
         INSERT INTO label_machine_day (label, day, machine)
             SELECT g, 20000, decode(lpad(to_hex(g), 16, '0'), 'hex') {each};
         INSERT INTO raw (event_day, key16, received_ms, body) SELECT 20000, {key}, {NOW_MS}, {key} {each};
         INSERT INTO lease (label, policy, event_day, key16, kind, machine, token, memory_dump, wants, state,
                 expires_ms, late, tenant, machine_name, os, application_path, event_ms)
             SELECT g, 0, 20000, {key}, 1, '', g::text, 0, '{{}}', 'used', 0, 0, 1, '', '', '', 0 {each};
         INSERT INTO blob (sha256, size_bytes, stored_ms) SELECT lpad(to_hex(g), 64, '0'), 1, {NOW_MS} {each};
         INSERT INTO report (id, tenant, product, version, label, event_day, key16, late, blob, machine,
                 machine_name, os, application_path, event_ms, received_ms, annotations, headers)
             SELECT g::text, 1, '', '', g, 20000, {key}, 0, lpad(to_hex(g), 64, '0'), '', '', '', '', 0, {NOW_MS},
                 '[]', '[]' {each};
         INSERT INTO job (kind, report, state, run_after_ms, lease_until_ms, attempts, last_error)
             SELECT 'analysis', g::text, CASE WHEN g % 1000 = 0 THEN 'open' ELSE 'done' END, 0, 0, 1, '' {each};"
    )
}

/// Rows of the large tables that were read without an index, by sessions that have ended.
async fn read_in_order(pool: &PgPool) -> i64 {
    let names = LARGE.map(|name| format!("'{name}'")).join(", ");
    let sum = format!(
        "SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE relname IN ({names})"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sum)).fetch_one(pool).await.unwrap()
}

/// Waits until nobody else is connected: a session's figures are written down at its end.
async fn alone(pool: &PgPool) {
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(pool).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_looks_through_no_large_table() {
    let world = World::postgres();
    world.open().await.close().await;
    world.execute(&fill()).await;
    world.execute("ANALYZE").await;
    // One reading that must be seen.
    world.execute("SELECT count(*) FROM raw WHERE body = 'x'").await;
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool = options.connect(&world.places().database.unwrap()).await.unwrap();
    alone(&pool).await;
    let before = read_in_order(&pool).await;
    assert!(before >= rows(), "the figures show what was read: {before}");
    let store = world.open().await;
    assert!(
        !store.has_administrator().await.unwrap() && store.missing_migrations().await.unwrap().is_empty()
    );
    store.requeue_jobs().await.unwrap();
    store.answers().await.unwrap();
    store.blobs_answer().await.unwrap();
    store.take_job(NOW_MS, 1_000).await.unwrap().expect("a job waits");
    store.close().await;
    alone(&pool).await;
    let read = read_in_order(&pool).await - before;
    assert_eq!(read, 0, "rows of large tables");
}

/// With SQLite, jobs of an earlier process are given back at the start.
#[tokio::test]
async fn jobs_are_given_back_without_looking_at_those_that_are_done() {
    let world = World::sqlite();
    world.open().await.close().await;
    assert_eq!(number(&world, "SELECT count(*) FROM job").await, 0);
    let file = SqliteConnectOptions::new().filename(world.dir.path().join("watson.sqlite"));
    let pool = SqlitePool::connect_with(file).await.unwrap();
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "EXPLAIN QUERY PLAN UPDATE job SET lease_until_ms = 0 WHERE state = 'open' AND lease_until_ms > 0",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let steps: Vec<_> = plan.into_iter().map(|(.., step)| step).collect();
    assert!(steps.iter().any(|step| step.contains("USING INDEX job_")), "{steps:?}");
}
