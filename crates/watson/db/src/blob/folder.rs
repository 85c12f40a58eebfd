//! Blobs in a folder: `blobs/ab/cd/<sha256>`, beside it `tmp/` for unfinished ones, on the same file system, so that a
//! finished one is renamed.

use std::path::{Path, PathBuf};

use tokio::fs::File;

use crate::DbError;
use crate::blob::BlobRef;
use crate::data_dir::place;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub(crate) struct FolderBlobs {
    blobs: PathBuf,
    unfinished: PathBuf,
}

impl FolderBlobs {
    /// Both folders must be there.
    pub(crate) fn new(blobs: PathBuf, unfinished: PathBuf) -> Self {
        Self { blobs, unfinished }
    }

    pub(super) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Where a blob lies.
    pub(super) fn path(&self, sha256: &str) -> PathBuf {
        let part = |range| sha256.get(range).unwrap_or("00");
        self.blobs.join(part(0..2)).join(part(2..4)).join(sha256)
    }

    /// Syncs the file, gives it its name, syncs its folders.
    pub(super) async fn put(&self, file: &File, path: &Path, blob: &BlobRef) -> Result<(), DbError> {
        file.sync_all().await.map_err(DbError::io("cannot sync", path))?;
        let (finished, target, blobs) = (path.to_owned(), self.path(&blob.sha256), self.blobs.clone());
        let name = blob.sha256.clone();
        let placed = tokio::task::spawn_blocking(move || {
            place(&finished, target.parent().unwrap_or(&blobs), &name, &blobs)
        });
        placed.await.map_err(|error| DbError::io("cannot place", path)(error.into()))?
    }
}
