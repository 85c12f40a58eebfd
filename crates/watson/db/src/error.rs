//! Why the store failed.

use std::io;
use std::path::PathBuf;

/// The database's own error, for callers that tell a busy writer from a broken one.
pub use sqlx::Error as SqlError;

/// A failure of the store. None of them is the sender's fault.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A file or folder.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried, e.g. "cannot create".
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The database.
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database's tables could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A column holds what it must not.
    #[error("the database holds an unreadable {0}; it was changed from outside, or is damaged")]
    Row(&'static str),
    /// Another process has the data folder.
    #[error("another watson uses {0}; stop it, or choose another --data folder")]
    InUse(PathBuf),
    /// The key by which names become pseudonyms.
    #[error("the file privacy.key in the data folder {0}; bring it back from where it is kept")]
    PrivacyKey(&'static str),
    /// SQLite on a file system of another machine.
    #[error(
        "{folder} is on {kind}, where locks and syncs cannot be relied upon and SQLite loses data; keep the data folder on a \
         disk of this machine, or the rows in PostgreSQL"
    )]
    NetworkDisk {
        /// The data folder.
        folder: PathBuf,
        /// The kind of file system.
        kind: String,
    },
    /// A restore that has not ended.
    #[error(
        "{0} is being restored, or its restore was cut; when no `watson restore` runs, empty it and restore again"
    )]
    Restoring(PathBuf),
    /// Something that an administrator asked for and that cannot be.
    #[error("this cannot be: {0}")]
    Refused(&'static str),
    /// The store of objects that has the blobs.
    #[error("{doing} {what}: the blob store failed: {source}")]
    Blobs {
        /// What was tried, e.g. "cannot put".
        doing: &'static str,
        /// The object.
        what: String,
        /// Its reason.
        source: Box<object_store::Error>,
    },
    /// Bytes that rows name are gone.
    #[error("the blob {0} is not where blobs are kept; `watson fsck` tells what that costs")]
    NoBlob(String),
    /// Bytes are not those that the name says.
    #[error("the blob {0} is damaged: its bytes have another hash")]
    Damaged(String),
    /// The database did not answer somebody else's statement, and was not asked again for this one.
    #[error("the database does not answer")]
    NoDatabase,
    /// Too much waits to be written.
    #[error("the store is busy")]
    Busy,
    /// An upload without a dump.
    #[error("the upload has no dump")]
    NoDump,
    /// Something that was to be changed is not there.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// A value that somebody wants to set, and that breaks a rule.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what is allowed.
        why: String,
    },
    /// Something that was to be made is there already.
    #[error("there is already a {0}")]
    Exists(&'static str),
    /// A limit of what is kept.
    #[error("there are {limit} {what}, and no more may be made; remove one first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: i64,
    },
    /// Nobody could make accounts any more.
    #[error("this is the last administrator; make another one first")]
    LastAdministrator,
    /// A reading beyond its limit.
    #[error("the analysis has {actual_bytes} bytes, more than the limit of {limit_bytes}")]
    ReadingTooLarge {
        /// Its bytes.
        actual_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
}

impl DbError {
    /// Another try may well succeed: the store is busy, or stopped for a moment.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy) || self.is_conflict() || self.is_no_database() || self.is_no_blobs()
    }

    /// The disk is full: this machine's, or the database's.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            // PostgreSQL's disk_full, and SQLITE_FULL.
            Self::Sql(sqlx::Error::Database(error)) => {
                matches!(error.code().as_deref(), Some("53100" | "13"))
            }
            _ => false,
        }
    }

    /// The database does not answer, or is just being started or stopped.
    #[must_use]
    pub fn is_no_database(&self) -> bool {
        match self {
            Self::NoDatabase => true,
            Self::Sql(sqlx::Error::Database(error)) => {
                // Connection exceptions; too many connections; an administrator stops it, it crashed, or it starts.
                !self.is_full()
                    && error.code().is_some_and(|code| {
                        code.starts_with("08") || code.starts_with("53") || code.starts_with("57P")
                    })
            }
            Self::Sql(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            _ => false,
        }
    }

    /// The place for blobs does not answer, or takes nothing.
    #[must_use]
    pub fn is_no_blobs(&self) -> bool {
        matches!(self, Self::Blobs { .. })
    }

    /// Two transactions stood in each other's way, and this one was given up by the database.
    pub(crate) fn is_conflict(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        // serialization_failure, deadlock_detected; and a row that was to be named was deleted meanwhile
        matches!(error.code().as_deref(), Some("40001" | "40P01")) || error.is_foreign_key_violation()
    }

    /// The row is not deleted, since another names it.
    pub(crate) fn is_still_named(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }

    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
