//! Writing SQLite's log back into its file beside the commits, not within one of them: copying thousands of pages takes
//! tens of milliseconds, for which everybody would wait whose commit comes just then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sqlx::sqlite::SqlitePool;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::DbError;
use crate::limits::{SQLITE_CHECKPOINT_IDLE_MS, SQLITE_CHECKPOINT_MS, SQLITE_LOG_PAGES};

/// The task, which ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(Arc<Running>);

#[derive(Debug)]
struct Running {
    /// Held by whoever writes back: SQLite refuses the second instead of letting it wait.
    turn: Arc<Mutex<()>>,
    own: SqlitePool,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What SQLite says: whether it was hindered, frames of the log, and how many of them are in the file.
type Told = (i64, i64, i64);

impl Checkpoints {
    /// Writes back by `own`, a connection of nobody else, and at last by `writer`, so that the log begins anew.
    pub(super) fn start(file: &Path, own: SqlitePool, writer: SqlitePool) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let turn = Arc::new(Mutex::new(()));
        let task = tokio::spawn(run(log.into(), own.clone(), writer, Arc::clone(&turn))).abort_handle();
        Self(Arc::new(Running { turn, own, task }))
    }

    /// Writes everything back and empties the log. Waits for readers.
    ///
    /// # Errors
    /// [`DbError::Busy`] where somebody reads for longer than a connection waits.
    pub(super) async fn truncate(&self, writer: &SqlitePool) -> Result<(), DbError> {
        let _turn = self.0.turn.lock().await;
        let told: Told = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?;
        if told.0 == 0 { Ok(()) } else { Err(DbError::Busy) }
    }

    /// Before the writer is closed, so that its connection is the last, which removes the log.
    pub(super) async fn close(&self) {
        self.0.task.abort();
        self.0.own.close().await;
    }
}

async fn run(log: PathBuf, own: SqlitePool, writer: SqlitePool, turn: Arc<Mutex<()>>) {
    let mut changed: Option<SystemTime> = None;
    let mut pause_ms = SQLITE_CHECKPOINT_IDLE_MS;
    // Said once, not at each of the tries.
    let mut is_told = false;
    loop {
        sleep(Duration::from_millis(pause_ms)).await;
        let now = tokio::fs::metadata(&log).await.and_then(|metadata| metadata.modified()).ok();
        // Where the time cannot be told, it may have changed.
        let is_idle = now.is_some() && now == changed;
        pause_ms = if is_idle { SQLITE_CHECKPOINT_IDLE_MS } else { SQLITE_CHECKPOINT_MS };
        if is_idle {
            continue;
        }
        let _turn = turn.lock().await;
        match write_back(&own, &writer).await {
            Ok(()) => (changed, is_told) = (now, false),
            // Tried again; at the latest, a commit writes it back, which `wal_autocheckpoint` makes it do.
            Err(error) => {
                if !is_told {
                    tracing::warn!(file = %log.display(), error = %error, "SQLite's log could not be written back");
                }
                is_told = true;
                pause_ms = SQLITE_CHECKPOINT_IDLE_MS;
            }
        }
    }
}

async fn write_back(own: &SqlitePool, writer: &SqlitePool) -> Result<(), sqlx::Error> {
    const SOME: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    let (_, frames, _): Told = sqlx::query_as(SOME).fetch_one(own).await?;
    if frames >= SQLITE_LOG_PAGES {
        // What came meanwhile, and then, while nothing comes, the little that is left: the next commit finds all of the
        // log written back and begins it anew.
        let _: Told = sqlx::query_as(SOME).fetch_one(own).await?;
        let _: Told = sqlx::query_as(SOME).fetch_one(writer).await?;
    }
    Ok(())
}
