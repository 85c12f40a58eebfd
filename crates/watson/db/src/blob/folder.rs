//! Blobs in a folder: `blobs/ab/cd/<sha256>`, beside it `tmp/` for unfinished ones, on the same file system, so that a
//! finished one is renamed.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::fs::File;

use crate::blob::{BlobFile, BlobRef, Listed, hex, is_name};
use crate::data_dir::{place, sync_folder};
use crate::{DbError, time};

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

    /// Whether the folder is there: a file system may have gone from below it.
    pub(super) async fn probe(&self) -> Result<(), DbError> {
        tokio::fs::metadata(&self.blobs).await.map_err(DbError::io("cannot reach", &self.blobs))?;
        Ok(())
    }

    pub(super) async fn file(&self, sha256: &str) -> Result<BlobFile, DbError> {
        let path = self.path(sha256);
        match tokio::fs::try_exists(&path).await {
            Ok(true) => Ok(BlobFile::new(path)),
            Ok(false) => Err(DbError::NoBlob(sha256.to_owned())),
            Err(error) => Err(DbError::io("cannot look for", path)(error)),
        }
    }

    pub(super) async fn check(&self, sha256: &str) -> Result<u64, DbError> {
        let path = self.path(sha256);
        let hashed = tokio::task::spawn_blocking({
            let path = path.clone();
            move || hash(&path)
        });
        let hashed = hashed.await.map_err(|error| DbError::io("cannot read", &path)(error.into()))?;
        match hashed {
            Ok((name, size_bytes)) if name == sha256 => Ok(size_bytes),
            Ok(_) => Err(DbError::Damaged(sha256.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(DbError::NoBlob(sha256.to_owned())),
            Err(error) => Err(DbError::io("cannot read", path)(error)),
        }
    }

    pub(super) async fn remove(&self, sha256: &str) -> Result<(), DbError> {
        let path = self.path(sha256);
        let removing = tokio::task::spawn_blocking(move || match std::fs::remove_file(&path) {
            Ok(()) => path.parent().map_or(Ok(()), sync_folder),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(DbError::io("cannot remove", path)(error)),
        });
        removing.await.map_err(|error| DbError::io("cannot remove", &self.blobs)(error.into()))?
    }

    pub(super) async fn list(&self, first: &str) -> Result<Vec<Listed>, DbError> {
        let folder = self.blobs.join(first);
        let listing = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || list(&folder)
        });
        let listed = listing.await.map_err(|error| DbError::io("cannot list", &folder)(error.into()))?;
        listed.map_err(DbError::io("cannot list", folder))
    }
}

fn list(folder: &Path) -> std::io::Result<Vec<Listed>> {
    let mut all = Vec::new();
    let seconds = match std::fs::read_dir(folder) {
        Ok(seconds) => seconds,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(all),
        Err(error) => return Err(error),
    };
    for second in seconds {
        let second = second?;
        if !second.file_type()?.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(second.path())? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| is_name(name)) else { continue };
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            all.push(Listed {
                sha256: name.to_owned(),
                size_bytes: metadata.len(),
                stored_ms: time::to_ms(metadata.modified()?),
            });
        }
    }
    all.sort_by(|one, other| one.sha256.cmp(&other.sha256));
    Ok(all)
}

fn hash(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut size_bytes, mut piece) = (Sha256::new(), 0, vec![0; HASHED_AT_ONCE]);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok((hex(&hash.finalize()), size_bytes));
        }
        hash.update(piece.get(..count).unwrap_or_default());
        size_bytes += count as u64;
    }
}

/// Bytes that are read at once.
const HASHED_AT_ONCE: usize = 256 * 1024;
