//! The open store: one connection that writes, a few that read, and the data folder.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use crate::limits::{MAX_READERS, WRITER_WAIT_MS};
use crate::{BlobWriter, DataDir, DbError, Policy};

/// watson's memory. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    pub(crate) policy: Policy,
    dir: DataDir,
}

impl Store {
    /// Opens or creates the data folder and brings its tables up to date.
    ///
    /// # Errors
    /// [`DbError::InUse`], `Io`, `Sql` or `Migrate`.
    pub async fn open(root: &Path, policy: Policy) -> Result<Self, DbError> {
        let dir = DataDir::open(root)?;
        let options = SqliteConnectOptions::new()
            .filename(dir.database())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_millis(WRITER_WAIT_MS));
        // One writer: SQLite has one lock, and a queue in front of it is fairer than its busy handler.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_millis(WRITER_WAIT_MS))
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!().run(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(MAX_READERS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, reader, policy, dir })
    }

    /// The data folder.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn begin_blob(&self) -> Result<BlobWriter, DbError> {
        BlobWriter::begin(&self.dir.tmp(), &self.dir.blobs()).await
    }

    /// Closes the database, its log written back.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, DbError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}
