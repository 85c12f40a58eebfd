//! Why the store did not do something.

use std::io;
use std::path::PathBuf;

use wer_model::ReportId;

/// A step that did not happen; the state before it stays.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done, e.g. "make the folder".
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store's folder belongs to somebody else, or others may write to it.
    #[error("{} is not used as a store: {reason}", path.display())]
    Untrusted {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process has held the store's lock for too long.
    #[error("the store {} is held by another process; try again, or end that process", path.display())]
    Busy {
        /// The store's root.
        path: PathBuf,
    },
    /// A report of this id is stored already.
    #[error("the report {0} is already in the store")]
    AlreadyStored(ReportId),
    /// No report has this id, or it was moved or deleted meanwhile.
    #[error("there is no report {0} in the store; `wer reports` lists what there is")]
    NotFound(String),
    /// More than one report begins like this.
    #[error("{count} reports begin with \"{prefix}\"; give more digits")]
    Ambiguous {
        /// The beginning.
        prefix: String,
        /// How many.
        count: usize,
    },
    /// Not one component of a path.
    #[error("\"{0}\" is no name for a file or folder in the store")]
    BadName(String),
    /// Something that should be a regular file is not one.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A file is larger than what is read at once.
    #[error("{} has more than {limit_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
}

impl StoreError {
    /// Maps an error of the operating system, naming what was done and to what.
    pub(crate) fn io<E: Into<io::Error>>(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source: source.into() }
    }
}
