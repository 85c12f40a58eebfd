//! Blobs: bytes streamed to `tmp/`, hashed on the way, renamed to `blobs/ab/cd/<sha256>`. Names come from content only.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use crate::{DbError, data_dir::place};

/// A blob on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// 64 hex digits.
    pub sha256: String,
    /// Bytes.
    pub size_bytes: u64,
}

impl BlobRef {
    /// Bytes, as the rows have them.
    pub(crate) fn size(&self) -> i64 {
        i64::try_from(self.size_bytes).unwrap_or(i64::MAX)
    }
}

/// Where a blob lies.
#[must_use]
pub fn blob_path(blobs: &Path, sha256: &str) -> PathBuf {
    let part = |range| sha256.get(range).unwrap_or("00");
    blobs.join(part(0..2)).join(part(2..4)).join(sha256)
}

/// A blob being written. Dropped before [`BlobWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: File,
    path: PathBuf,
    blobs: PathBuf,
    hash: Sha256,
    size_bytes: u64,
}

impl BlobWriter {
    pub(crate) async fn begin(tmp: &Path, blobs: &Path) -> Result<Self, DbError> {
        let path = tmp.join(uuid::Uuid::new_v4().simple().to_string());
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(DbError::io("cannot create", &path))?;
        Ok(Self { file, path, blobs: blobs.to_owned(), hash: Sha256::new(), size_bytes: 0 })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`DbError::Io`], a full disk among others.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), DbError> {
        self.file.write_all(bytes).await.map_err(DbError::io("cannot write", &self.path))?;
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The name that the bytes so far would have.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }

    /// Brings the bytes to disk under their hash.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn finish(mut self) -> Result<BlobRef, DbError> {
        self.sync().await?;
        let sha256 = hex(&core::mem::take(&mut self.hash).finalize());
        let (path, blobs, name) = (self.path.clone(), self.blobs.clone(), sha256.clone());
        let placed = tokio::task::spawn_blocking(move || {
            let target = blob_path(&blobs, &name);
            place(&path, target.parent().unwrap_or(&blobs), &name, &blobs)
        });
        placed.await.map_err(|error| DbError::io("cannot place", &self.path)(error.into()))??;
        Ok(BlobRef { sha256, size_bytes: self.size_bytes })
    }

    /// Brings the bytes to disk and leaves them in `tmp/`, for whoever links them elsewhere.
    pub(crate) async fn into_file(mut self) -> Result<Self, DbError> {
        self.sync().await?;
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    async fn sync(&mut self) -> Result<(), DbError> {
        self.file.flush().await.map_err(DbError::io("cannot write", &self.path))?;
        self.file.sync_all().await.map_err(DbError::io("cannot sync", &self.path))
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // Gone already where `finish` renamed it.
        let _ = std::fs::remove_file(&self.path);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
