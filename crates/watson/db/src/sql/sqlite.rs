//! SQLite: one connection that writes, a few that read.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, Transaction};

use crate::DbError;
use crate::disk_kind::refuse_network;
use crate::limits::{MAX_READERS, SQLITE_CACHE_KIB, SQLITE_LOG_PAGES, SQLITE_STATEMENTS, WRITER_WAIT_MS};
use crate::sql::checkpoint::Checkpoints;

#[derive(Clone, Debug)]
pub(crate) struct SqliteDatabase {
    writer: SqlitePool,
    reader: SqlitePool,
    /// None where another process writes back.
    checkpoints: Option<Checkpoints>,
}

impl SqliteDatabase {
    /// Opens or creates the file and brings its tables up to date.
    pub(crate) async fn open(file: &Path) -> Result<Self, DbError> {
        refuse_network(file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is deleted is overwritten: erasing a machine leaves nothing of it in free pages.
            .pragma("secure_delete", "on")
            // Its default of 2 MB has a working set of a few thousand labels read again for every commit.
            .pragma("cache_size", format!("-{SQLITE_CACHE_KIB}"))
            // Only where `checkpoint.rs` falls behind.
            .pragma("wal_autocheckpoint", (SQLITE_LOG_PAGES * 8).to_string())
            .statement_cache_capacity(SQLITE_STATEMENTS)
            .busy_timeout(Duration::from_millis(WRITER_WAIT_MS));
        // One writer: SQLite has one lock, and a queue in front of it is fairer than its busy handler.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_millis(WRITER_WAIT_MS))
            // SQLite itself ends a transaction that met a full disk or a failing one. The connection does not learn of
            // that, takes its next transaction for one inside the old, and would refuse every one from then on.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        // Tables that a newer version has added do not stop an older one.
        sqlx::migrate!("migrations/sqlite").set_ignore_missing(true).run(&writer).await?;
        let own = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let checkpoints = Some(Checkpoints::start(file, own, writer.clone()));
        let reader = SqlitePoolOptions::new()
            .max_connections(MAX_READERS)
            .connect_with(options.read_only(true).pragma("cache_size", "-2000").statement_cache_capacity(100))
            .await?;
        Ok(Self { writer, reader, checkpoints })
    }

    /// Opens a file that is there, beside the process that has it: no table is changed.
    pub(crate) async fn attach(file: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_millis(WRITER_WAIT_MS));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        Ok(Self { reader: writer.clone(), writer, checkpoints: None })
    }

    /// Connections, and those that nobody uses.
    pub(super) fn size(&self) -> (u32, usize) {
        (self.writer.size() + self.reader.size(), self.writer.num_idle() + self.reader.num_idle())
    }

    /// Migrations of this program.
    pub(super) fn known_migrations() -> Vec<i64> {
        sqlx::migrate!("migrations/sqlite").iter().map(|migration| migration.version).collect()
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, DbError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Writes the log back and empties it: pages that were overwritten are nowhere else then.
    pub(super) async fn scrub(&self) -> Result<(), DbError> {
        match &self.checkpoints {
            Some(checkpoints) => checkpoints.truncate(&self.writer).await,
            None => {
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
                Ok(())
            }
        }
    }

    pub(super) async fn close(&self) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.close().await;
        }
        self.reader.close().await;
        self.writer.close().await;
    }
}
