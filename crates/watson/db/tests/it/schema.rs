//! Two folders of migrations, one schema.

use std::collections::BTreeSet;
use std::str::FromStr;

use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use watson_db::{Policy, Store};

use crate::world::World;
use crate::{NOW_MS, crash};

/// A column, or an index, as one line.
type Lines = BTreeSet<String>;

async fn sqlite_schema(pool: &SqlitePool) -> Lines {
    let columns = sqlx::query(
        "SELECT m.name AS t, c.name AS c, lower(c.type) AS k, c.\"notnull\" AS n, c.pk AS pk
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
    );
    let mut lines = Lines::new();
    for row in columns.fetch_all(pool).await.unwrap() {
        let kind = row.get::<String, _>("k");
        let (table, column): (String, String) = (row.get("t"), row.get("c"));
        let (required, key) = (row.get::<i64, _>("n") != 0, row.get::<i64, _>("pk"));
        lines.insert(format!("{table}.{column} {kind} required={required} key={key}"));
    }
    let indexes = sqlx::query(
        "SELECT m.name AS t, i.\"unique\" AS u, i.partial AS p, i.origin AS o,
                (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) AS c
         FROM sqlite_schema m JOIN pragma_index_list(m.name) i
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND i.origin <> 'pk'",
    );
    for row in indexes.fetch_all(pool).await.unwrap() {
        let (table, columns): (String, String) = (row.get("t"), row.get("c"));
        let (unique, partial) = (row.get::<i64, _>("u") != 0, row.get::<i64, _>("p") != 0);
        lines.insert(format!("index {table}({columns}) unique={unique} partial={partial}"));
    }
    lines
}

async fn postgres_schema(pool: &PgPool) -> Lines {
    let columns = sqlx::query(
        "SELECT c.relname::text AS t, a.attname::text AS c, format_type(a.atttypid, a.atttypmod) AS k, a.attnotnull AS n,
                coalesce(array_position(i.indkey::int2[], a.attnum), -1)::bigint AS pk
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_sqlx%'",
    );
    let mut lines = Lines::new();
    for row in columns.fetch_all(pool).await.unwrap() {
        let kind = match row.get::<String, _>("k").as_str() {
            "bigint" => "integer",
            "bytea" => "blob",
            "text" => "text",
            other => panic!("a type that the other database does not have: {other}"),
        };
        let (table, column): (String, String) = (row.get("t"), row.get("c"));
        // Positions of an int2vector count from 0.
        let (required, key) = (row.get::<bool, _>("n"), row.get::<i64, _>("pk") + 1);
        lines.insert(format!("{table}.{column} {kind} required={required} key={key}"));
    }
    let indexes = sqlx::query(
        "SELECT c.relname::text AS t, i.indisunique AS u, i.indpred IS NOT NULL AS p,
                (SELECT string_agg(a.attname, ',' ORDER BY array_position(i.indkey::int2[], a.attnum))
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS c
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary AND c.relname NOT LIKE '\\_sqlx%'",
    );
    for row in indexes.fetch_all(pool).await.unwrap() {
        let (table, columns): (String, String) = (row.get("t"), row.get("c"));
        let (unique, partial) = (row.get::<bool, _>("u"), row.get::<bool, _>("p"));
        lines.insert(format!("index {table}({columns}) unique={unique} partial={partial}"));
    }
    lines
}

async fn postgres_pool(world: &World) -> PgPool {
    let url = world.places().database.unwrap();
    PgPool::connect_with(PgConnectOptions::from_str(&url).unwrap()).await.unwrap()
}

async fn sqlite_pool(world: &World) -> SqlitePool {
    let file = world.dir.path().join("watson.sqlite");
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap()
}

#[tokio::test]
async fn both_folders_of_migrations_make_the_same_tables() {
    let (sqlite, postgres) = (World::sqlite(), World::postgres());
    let _stores = (sqlite.open().await, postgres.open().await);
    let one = sqlite_schema(&sqlite_pool(&sqlite).await).await;
    let other = postgres_schema(&postgres_pool(&postgres).await).await;
    let only = |lines: &Lines, others: &Lines| lines.difference(others).cloned().collect::<Vec<_>>();
    assert_eq!((only(&one, &other), only(&other, &one)), (vec![], vec![]));
    assert!(one.len() > 100, "{one:?}");
    assert!(one.contains("seen.key16 blob required=true key=2"));
    assert!(one.contains("index job(kind,report) unique=true partial=true"));
}

/// What the next version may do to the tables, while this one runs.
const ADDITION: &str = "CREATE TABLE later (id BIGINT PRIMARY KEY NOT NULL);
    ALTER TABLE label ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE report ADD COLUMN later TEXT;
    CREATE INDEX later_report ON report (later);";

#[tokio::test]
async fn a_newer_schema_leaves_an_older_process_running_and_lets_it_start_again() {
    let world = World::postgres();
    let running = world.open().await;
    let before = running.record_crash(&crash("a", 1), NOW_MS).await.unwrap();
    let pool = postgres_pool(&world).await;
    sqlx::raw_sql(ADDITION).execute(&pool).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', true, '\\x00', 1)",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert!(running.record_crash(&crash("a", 2), NOW_MS).await.unwrap().counted);
    assert!(running.record_crash(&crash("new", 3), NOW_MS).await.unwrap().counted);
    let other_folder = tempfile::tempdir().unwrap();
    let started = Store::open_at(other_folder.path(), &world.places(), Policy::default()).await.unwrap();
    let row = started.bucket(before.bucket, NOW_MS).await.unwrap().unwrap();
    assert_eq!(row.hits, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_bring_the_tables_up_to_date_once() {
    let world = World::postgres();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let places = world.places();
        starts.spawn(async move {
            let folder = tempfile::tempdir().unwrap();
            Store::open_at(folder.path(), &places, Policy::default()).await.map(|store| (store, folder))
        });
    }
    let stores: Vec<_> = starts.join_all().await.into_iter().map(Result::unwrap).collect();
    for (moment, (store, _)) in (0..).zip(&stores) {
        assert!(store.record_crash(&crash("a", moment), NOW_MS).await.unwrap().counted);
    }
    assert_eq!(stores[0].0.counts().await.unwrap().hits, 6);
}
