//! A blob on its way: bytes streamed to a file without a name of its own and hashed as they come, for the name is known at
//! the end only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use crate::blob::{BlobPlace, BlobRef, hex};
use crate::{DbError, time};

/// A blob being written. Dropped before [`BlobWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: File,
    path: PathBuf,
    place: Arc<BlobPlace>,
    hash: Sha256,
    size_bytes: u64,
}

impl BlobWriter {
    pub(crate) async fn begin(place: &Arc<BlobPlace>) -> Result<Self, DbError> {
        let path = place.unfinished().join(uuid::Uuid::new_v4().simple().to_string());
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(DbError::io("cannot create", &path))?;
        Ok(Self { file, path, place: Arc::clone(place), hash: Sha256::new(), size_bytes: 0 })
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

    /// Brings the bytes to where blobs are kept, under their hash: durable on return.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn finish(mut self) -> Result<BlobRef, DbError> {
        self.write_out().await?;
        let sha256 = hex(&core::mem::take(&mut self.hash).finalize());
        let blob = BlobRef { sha256, size_bytes: self.size_bytes, put_ms: time::now_ms() };
        self.place.put(&self.file, &self.path, &blob).await?;
        Ok(blob)
    }

    /// Brings the bytes to disk and leaves them where they are, for whoever links them elsewhere.
    pub(crate) async fn into_file(mut self) -> Result<Self, DbError> {
        self.write_out().await?;
        self.file.sync_all().await.map_err(DbError::io("cannot sync", &self.path))?;
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    async fn write_out(&mut self) -> Result<(), DbError> {
        self.file.flush().await.map_err(DbError::io("cannot write", &self.path))
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = std::fs::remove_file(&self.path);
    }
}
