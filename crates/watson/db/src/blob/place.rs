//! Where blobs are kept, with a leaf for each kind of place.
//!
//! An enum and not a trait: there are two kinds, and both are known here.

use std::path::Path;

use tokio::fs::File;

use crate::blob::{BlobFile, BlobRef, FolderBlobs, Listed, S3Blobs, is_hex};
use crate::{DbError, time};

/// A place for blobs.
#[derive(Debug)]
pub(crate) enum BlobPlace {
    /// A folder of this machine, or one that machines share.
    Folder(FolderBlobs),
    /// A bucket.
    S3(S3Blobs),
}

impl BlobPlace {
    /// It has paths that other programs may read.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// Folder for blobs that are on their way.
    pub(super) fn unfinished(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.unfinished(),
            Self::S3(bucket) => bucket.unfinished(),
        }
    }

    /// Keeps the file's bytes as a blob. Durable on return; the file may be gone then.
    pub(super) async fn put(&self, file: &File, path: &Path, blob: &BlobRef) -> Result<(), DbError> {
        match self {
            Self::Folder(folder) => folder.put(file, path, blob).await,
            Self::S3(bucket) => bucket.put(path, blob).await,
        }
    }

    /// Whether it answers.
    pub(crate) async fn probe(&self) -> Result<(), DbError> {
        match self {
            Self::Folder(folder) => folder.probe().await,
            Self::S3(bucket) => bucket.probe().await,
        }
    }

    /// The blob as a file of this machine.
    pub(crate) async fn file(&self, sha256: &str) -> Result<BlobFile, DbError> {
        match self {
            Self::Folder(folder) => folder.file(sha256).await,
            Self::S3(bucket) => bucket.file(sha256).await,
        }
    }

    /// Reads all bytes of a blob and compares its hash; how many they are.
    pub(crate) async fn check(&self, sha256: &str) -> Result<u64, DbError> {
        match self {
            Self::Folder(folder) => folder.check(sha256).await,
            Self::S3(bucket) => bucket.check(sha256).await,
        }
    }

    /// Removes files of uploads that nobody has written to since; how many.
    pub(crate) async fn sweep_unfinished(&self, before_ms: i64) -> Result<u64, DbError> {
        let folder = self.unfinished().to_owned();
        let sweeping = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || sweep_unfinished(&folder, before_ms)
        });
        let swept = sweeping.await.map_err(|error| DbError::io("cannot list", &folder)(error.into()))?;
        swept.map_err(DbError::io("cannot list", folder))
    }

    /// Forgets this machine's copy of a blob that another process removes.
    pub(crate) fn forget_copy(&self, sha256: &str) {
        if let Self::S3(bucket) = self {
            bucket.forget_copy(sha256);
        }
    }

    /// Removes a blob, if it is there. Gone on return, also after a loss of power.
    pub(crate) async fn remove(&self, sha256: &str) -> Result<(), DbError> {
        match self {
            Self::Folder(folder) => folder.remove(sha256).await,
            Self::S3(bucket) => bucket.remove(sha256).await,
        }
    }

    /// Blobs whose names begin with these two hex digits, by name. All together are listed in 256 steps, so that neither
    /// a bucket nor a folder is ever in memory as a whole.
    pub(crate) async fn list(&self, first: &str) -> Result<Vec<Listed>, DbError> {
        match self {
            Self::Folder(folder) => folder.list(first).await,
            Self::S3(bucket) => bucket.list(first).await,
        }
    }
}

/// Only files with names that a [`crate::BlobWriter`] gives: others use the folder too.
fn sweep_unfinished(folder: &Path, before_ms: i64) -> std::io::Result<u64> {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.len() == 32 && is_hex(name));
        let Ok(metadata) = entry.metadata() else { continue };
        if is_ours && metadata.is_file() && time::to_ms(metadata.modified()?) < before_ms {
            swept += u64::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    Ok(swept)
}
