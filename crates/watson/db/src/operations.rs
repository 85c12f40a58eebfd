//! What whoever operates the server wants to know of its store: for readiness, metrics and the doctor.

use std::path::Path;

use crate::sql::{Database, PostgresDatabase, SqliteDatabase, sql};
use crate::{DbError, Places, Store};

/// Figures of the store at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Jobs that are due or wait for another try.
    pub jobs_waiting: i64,
    /// Jobs that a worker holds.
    pub jobs_running: i64,
    /// Milliseconds for which the oldest due job has waited.
    pub oldest_due_ms: i64,
    /// Blobs that rows know.
    pub blobs: i64,
    /// Their bytes.
    pub blob_bytes: i64,
    /// Connections to the database that are open.
    pub connections: u32,
    /// Of these, those that nobody uses.
    pub idle_connections: u32,
}

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DatabaseFacts {
    /// `SQLite` or `PostgreSQL`.
    pub kind: &'static str,
    /// Its version.
    pub version: String,
    /// Its clock, milliseconds since 1970.
    pub clock_ms: i64,
    /// What it does to keep commits: setting and value.
    pub durability: Vec<(&'static str, String)>,
    /// The newest migration that it has.
    pub migration: i64,
    /// Migrations that this program knows and it has not.
    pub missing_migrations: Vec<i64>,
    /// Jobs that failed for good.
    pub jobs_poison: i64,
    /// Milliseconds for which the oldest due job has waited.
    pub oldest_due_ms: i64,
    /// Accounts that may administer; `None` = this database has no accounts.
    pub administrators: Option<i64>,
}

impl DatabaseFacts {
    /// Settings by which it forgets commits at a loss of power.
    #[must_use]
    pub fn forgetful(&self) -> Vec<String> {
        let is_bad = |name: &str, value: &str| match name {
            "fsync" | "full_page_writes" | "synchronous_commit" => value == "off",
            "journal_mode" => matches!(value, "off" | "memory"),
            _ => false,
        };
        let bad = self.durability.iter().filter(|(name, value)| is_bad(name, value));
        bad.map(|(name, value)| format!("{name}={value}")).collect()
    }
}

impl Store {
    /// Figures of now. Sums over jobs and blobs: for a collector that asks every few seconds, not for requests.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn operations(&self, now_ms: i64) -> Result<Operations, DbError> {
        let jobs = oldest_and_counts(&self.database, now_ms).await?;
        let blobs: Option<(i64, i64)> = self
            .database
            .row(sql("SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM blob"))
            .await?;
        let (blobs, blob_bytes) = blobs.unwrap_or_default();
        let (connections, idle_connections) = self.database.pool_size();
        Ok(Operations {
            jobs_waiting: jobs.0,
            jobs_running: jobs.1,
            oldest_due_ms: jobs.2,
            blobs,
            blob_bytes,
            connections,
            idle_connections,
        })
    }

    /// Migrations that this program knows and its database does not have: none, unless somebody took them away.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn missing_migrations(&self) -> Result<Vec<i64>, DbError> {
        Ok(migrations(&self.database).await?.1)
    }
}

/// Asks a database beside the processes that use it. `None` = there is none yet.
///
/// # Errors
/// It cannot be reached, or is no database of watson.
pub async fn inspect(data: &Path, places: &Places, now_ms: i64) -> Result<Option<DatabaseFacts>, DbError> {
    let database = match &places.database {
        Some(url) => Database::Postgres(PostgresDatabase::attach(url).await?),
        None => {
            let file = data.join("watson.sqlite");
            if !file.is_file() {
                return Ok(None);
            }
            Database::Sqlite(SqliteDatabase::attach(&file).await?)
        }
    };
    let facts = facts(&database, now_ms).await;
    database.close().await;
    facts.map(Some)
}

async fn facts(database: &Database, now_ms: i64) -> Result<DatabaseFacts, DbError> {
    let (kind, version, clock, names) = match database {
        Database::Sqlite(_) => (
            "SQLite",
            "SELECT sqlite_version()",
            "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            [("journal_mode", "SELECT journal_mode FROM pragma_journal_mode")].as_slice(),
        ),
        Database::Postgres(_) => (
            "PostgreSQL",
            "SELECT current_setting('server_version')",
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
            [
                ("fsync", "SELECT current_setting('fsync')"),
                ("full_page_writes", "SELECT current_setting('full_page_writes')"),
                ("synchronous_commit", "SELECT current_setting('synchronous_commit')"),
            ]
            .as_slice(),
        ),
    };
    let version: Option<(String,)> = database.row(sql(version)).await?;
    let clock: Option<(i64,)> = database.row(sql(clock)).await?;
    let mut durability = Vec::new();
    for (name, question) in names {
        let value: Option<(String,)> = database.row(sql(*question)).await?;
        durability.push((*name, value.map(|(value,)| value).unwrap_or_default()));
    }
    let (migration, missing_migrations) = migrations(database).await?;
    let (poison, oldest) = match migration {
        0 => (0, 0),
        _ => {
            let poison: Option<(i64,)> =
                database.row(sql("SELECT COUNT(*) FROM job WHERE state = 'poison'")).await?;
            (poison.map_or(0, |(count,)| count), oldest_and_counts(database, now_ms).await?.2)
        }
    };
    let administrators: Option<(i64,)> =
        database.row(sql("SELECT COUNT(*) FROM account WHERE role = 'admin'")).await.unwrap_or_default();
    Ok(DatabaseFacts {
        kind,
        version: version.map(|(version,)| version).unwrap_or_default(),
        clock_ms: clock.map_or(0, |(clock_ms,)| clock_ms),
        durability,
        migration,
        missing_migrations,
        jobs_poison: poison,
        oldest_due_ms: oldest,
        administrators: administrators.map(|(count,)| count),
    })
}

/// The newest migration that a database has, and those that it lacks. 0 = it has no tables of watson.
async fn migrations(database: &Database) -> Result<(i64, Vec<i64>), DbError> {
    let exists = match database {
        Database::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
        Database::Postgres(_) => {
            "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE relname = '_sqlx_migrations'"
        }
    };
    let exists: Option<(i64,)> = database.row(sql(exists)).await?;
    let has: Vec<(i64,)> = match exists {
        Some((1..,)) => database.rows(sql("SELECT version FROM _sqlx_migrations ORDER BY version")).await?,
        _ => Vec::new(),
    };
    let known = database.known_migrations();
    let missing = known.into_iter().filter(|version| !has.contains(&(*version,))).collect();
    Ok((has.last().map_or(0, |(version,)| *version), missing))
}

/// Jobs that wait, jobs that are held, and for how long the oldest due one has waited.
async fn oldest_and_counts(database: &Database, now_ms: i64) -> Result<(i64, i64, i64), DbError> {
    let row: Option<(i64, i64, Option<i64>)> = database
        .row(
            sql("SELECT CAST(COALESCE(SUM(CASE WHEN lease_until_ms <= $1 THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(COALESCE(SUM(CASE WHEN lease_until_ms > $1 THEN 1 ELSE 0 END), 0) AS BIGINT),
                        MIN(CASE WHEN lease_until_ms <= $1 AND run_after_ms <= $1 THEN run_after_ms END)
                 FROM job WHERE state = 'open'")
            .bind(now_ms),
        )
        .await?;
    let (waiting, running, oldest) = row.unwrap_or_default();
    Ok((waiting, running, oldest.map_or(0, |since_ms| now_ms.saturating_sub(since_ms).max(0))))
}

/// Whether a blob can be stored, found and removed again where blobs are. For the doctor: nothing else sees it, since its
/// name is its random content's and no row names it.
///
/// # Errors
/// What failed.
pub async fn try_blobs(data: &Path, places: &Places) -> Result<(), DbError> {
    let place = std::sync::Arc::new(crate::store::blob_place(data, places).await?);
    let mut writer = crate::BlobWriter::begin(&place).await?;
    writer.write(uuid::Uuid::new_v4().as_bytes()).await?;
    let blob = writer.finish().await?;
    place.check(&blob.sha256).await?;
    place.remove(&blob.sha256).await
}
