//! Backups: a folder that any number of snapshots share, since blobs are kept in it by content and once.
//!
//! ```text
//! DIR/snapshots/20261121T152400.123Z/manifest.json   written last: without it there is no snapshot
//! DIR/snapshots/20261121T152400.123Z/database        a SQLite file, or what pg_dump wrote
//! DIR/blobs/ab/cd/SHA256                             blobs, symbols and the data folder's own files
//! DIR/tmp/, DIR/lock
//! ```
//!
//! 1. The removal of blobs is paused ([`crate::pause`]); servers run on.
//! 2. The data folder's own files are copied: the reserve among them, whose requests may reach the database meanwhile.
//! 3. The database is copied as it is at one moment.
//! 4. Every blob that the database names is copied, if it is not there from an earlier time. A blob is stored before it is
//!    named, and none was removed since 1, so each is there.
//! 5. The manifest is written.
//!
//! A restore goes the same way back, into an empty place, checks every hash on the way, and lets no server start on it
//! before its end.

mod database;
mod erasures;
mod files;
mod folder;
mod make;
mod manifest;
mod restore;

use std::path::PathBuf;

use crate::{DbError, Places};

pub use folder::list;
pub use make::{BackupDone, backup};
pub use manifest::{DatabaseKind, Manifest};
pub use restore::{RestoreDone, RestoreFrom, restore};

/// What is to be copied, and where to.
#[derive(Clone, Debug)]
pub struct BackupOf {
    /// The data folder.
    pub data: PathBuf,
    /// Where rows and blobs are.
    pub places: Places,
    /// The folder for backups; made where missing. One that has snapshots gets one more.
    pub output: PathBuf,
    /// Copy blobs too. Without, whoever keeps them (a bucket with versions, a file system with snapshots) is trusted to.
    pub blobs: bool,
}

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] DbError),
    /// There is nothing to copy.
    #[error("{0} has no database of watson; name the data folder of a server that has run once")]
    NoDatabase(PathBuf),
    /// Another backup of the same database runs.
    #[error("another backup of this database runs, or one died in the last minutes; try again later")]
    Paused,
    /// The pause could not be held until the end.
    #[error("the backup could not keep blobs from being removed until its end, and was given up: {0}")]
    PauseLost(String),
    /// Another backup writes to the folder.
    #[error("another backup writes to {0}")]
    FolderInUse(PathBuf),
    /// A program of PostgreSQL.
    #[error("{program} failed: {why}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it said, or why it did not start.
        why: String,
    },
    /// Not there.
    #[error("{0} has no complete snapshot; is it the folder that `watson backup --output` was given?")]
    NoSnapshot(PathBuf),
    /// The manifest.
    #[error("the manifest {path} cannot be used: {why}")]
    Manifest {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The target of a restore.
    #[error(
        "{0} is not empty; a backup is restored into an empty place only, so that nothing is overwritten"
    )]
    NotEmpty(String),
    /// The snapshot's rows are of another kind of database.
    #[error("the snapshot is of {0}, and is to be restored to {1}; give, or do not give, --database")]
    OtherKind(&'static str, &'static str),
    /// Bytes that are not what the manifest or their name says.
    #[error("{0} in the backup is damaged: its bytes have another hash than when it was made")]
    Damaged(String),
    /// Bytes that are not there.
    #[error("{count} blobs that rows name are not in the backup, {first} among them; it is damaged")]
    Missing {
        /// How many.
        count: u64,
        /// One of them.
        first: String,
    },
}

fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> BackupError {
    let wrapped = DbError::io(doing, path);
    move |source| BackupError::Store(wrapped(source))
}
