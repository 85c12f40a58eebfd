//! Where blobs are kept, with a leaf for each kind of place.
//!
//! An enum and not a trait: there are two kinds, and both are known here.

use std::path::Path;

use tokio::fs::File;

use crate::DbError;
use crate::blob::{BlobFile, BlobRef, FolderBlobs};

/// A place for blobs.
#[derive(Debug)]
pub(crate) enum BlobPlace {
    /// A folder of this machine.
    Folder(FolderBlobs),
}

impl BlobPlace {
    /// Folder for blobs that are on their way.
    pub(super) fn unfinished(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.unfinished(),
        }
    }

    /// Keeps the file's bytes as a blob. Durable on return; the file may be gone then.
    pub(super) async fn put(&self, file: &File, path: &Path, blob: &BlobRef) -> Result<(), DbError> {
        match self {
            Self::Folder(folder) => folder.put(file, path, blob).await,
        }
    }

    /// The blob as a file of this machine.
    pub(crate) async fn file(&self, sha256: &str) -> Result<BlobFile, DbError> {
        match self {
            Self::Folder(folder) => Ok(BlobFile::new(folder.path(sha256))),
        }
    }
}
