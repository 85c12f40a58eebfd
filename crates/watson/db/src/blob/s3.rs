//! Blobs in a bucket of an S3-compatible store: `PREFIX/blobs/ab/cd/<sha256>`. Any number of processes share it. What
//! comes is spooled to this machine first, since its name is known at the end only; what is read comes by a cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use crate::DbError;
use crate::blob::cache::Cache;
use crate::blob::{BlobFile, BlobRef, Listed, S3Settings, hex, is_name};
use crate::limits::{
    MAX_S3_CONNECT_MS, MAX_S3_PUTS_AT_ONCE, MAX_S3_REQUEST_MS, MAX_S3_TRIES, MAX_S3_TRYING_MS, S3_PART_BYTES,
};

/// A bucket of blobs.
#[derive(Debug)]
pub(crate) struct S3Blobs {
    store: AmazonS3,
    prefix: Key,
    unfinished: PathBuf,
    cache: Arc<Cache>,
    turns: Semaphore,
}

impl S3Blobs {
    /// Opens the bucket; fails where it does not answer. `unfinished` and `cache` are folders on one file system.
    pub(crate) async fn open(
        settings: &S3Settings,
        unfinished: PathBuf,
        cache: PathBuf,
    ) -> Result<Self, DbError> {
        // Without it the HTTP client panics when it first speaks TLS. Whoever was earlier has set the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store =
            builder(settings).build().map_err(|error| failed("cannot use", &settings.name(), error))?;
        let blobs = Self {
            store,
            prefix: Key::from(settings.prefix.as_str()),
            unfinished,
            cache: Arc::new(Cache::open(cache, settings.cache_bytes)?),
            turns: Semaphore::new(MAX_S3_PUTS_AT_ONCE),
        };
        blobs.probe().await?;
        Ok(blobs)
    }

    pub(super) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Whether the bucket answers.
    pub(super) async fn probe(&self) -> Result<(), DbError> {
        // A list, though of nothing: the answer to a question about one object says neither that the bucket is missing
        // nor what is wrong with the key.
        let nothing = self.prefix.clone().join("probe");
        let listed = self.store.list(Some(&nothing)).try_next().await;
        listed.map(|_| ()).map_err(|error| failed("cannot reach", &nothing, error))
    }

    fn folder(&self, first: &str) -> Key {
        self.prefix.clone().join("blobs").join(first)
    }

    fn key(&self, sha256: &str) -> Key {
        let part = |range| sha256.get(range).unwrap_or("00");
        self.folder(part(0..2)).join(part(2..4)).join(sha256)
    }

    /// Puts the file's bytes, each request with a checksum that the store compares. The file becomes the cache's.
    pub(super) async fn put(&self, path: &Path, blob: &BlobRef) -> Result<(), DbError> {
        {
            let _turn = self.turns.acquire().await.map_err(|_| DbError::Busy)?;
            let key = self.key(&blob.sha256);
            let mut file = File::open(path).await.map_err(DbError::io("cannot read", path))?;
            if blob.size_bytes <= S3_PART_BYTES {
                let bytes = part(&mut file, path).await?;
                self.store.put(&key, bytes).await.map_err(|error| failed("cannot put", &key, error))?;
            } else {
                self.put_parts(&key, file, path, blob.size_bytes).await?;
            }
        }
        self.cache.adopt(path, blob).await;
        Ok(())
    }

    async fn put_parts(
        &self,
        key: &Key,
        mut file: File,
        path: &Path,
        size_bytes: u64,
    ) -> Result<(), DbError> {
        let failed = |error| failed("cannot put", key, error);
        let mut upload = self.store.put_multipart(key).await.map_err(failed)?;
        let done = put_all(&mut upload, &mut file, path, size_bytes, key).await;
        if done.is_err() {
            // Parts that stay are invisible, and the bucket's own rules remove them.
            let _ = upload.abort().await;
        }
        done
    }

    /// The blob by way of the cache; its hash is checked when it comes.
    pub(super) async fn file(&self, sha256: &str) -> Result<BlobFile, DbError> {
        self.cache.get(sha256, |path| self.fetch(sha256, path)).await
    }

    /// Bytes of one blob to a new file; how many.
    async fn fetch(&self, sha256: &str, path: PathBuf) -> Result<u64, DbError> {
        let mut file = File::create_new(&path).await.map_err(DbError::io("cannot create", &path))?;
        let size_bytes = self.read(sha256, Some((&mut file, &path))).await?;
        file.flush().await.map_err(DbError::io("cannot write", &path))?;
        Ok(size_bytes)
    }

    /// Reads a blob and compares its hash; its bytes.
    pub(super) async fn check(&self, sha256: &str) -> Result<u64, DbError> {
        self.read(sha256, None).await
    }

    async fn read(&self, sha256: &str, mut to: Option<(&mut File, &Path)>) -> Result<u64, DbError> {
        let key = self.key(sha256);
        let size_bytes = match self.store.head(&key).await {
            Ok(head) => head.size,
            Err(object_store::Error::NotFound { .. }) => return Err(DbError::NoBlob(sha256.to_owned())),
            Err(error) => return Err(failed("cannot get", &key, error)),
        };
        let (mut hash, mut at) = (Sha256::new(), 0);
        while at < size_bytes {
            let end = size_bytes.min(at + S3_PART_BYTES);
            let bytes = self.store.get_range(&key, at..end).await;
            let bytes = bytes.map_err(|error| failed("cannot get", &key, error))?;
            hash.update(&bytes);
            if let Some((file, path)) = &mut to {
                file.write_all(&bytes).await.map_err(DbError::io("cannot write", *path))?;
            }
            at = end;
        }
        if hex(&hash.finalize()) == sha256 {
            Ok(size_bytes)
        } else {
            Err(DbError::Damaged(sha256.to_owned()))
        }
    }

    pub(super) fn forget_copy(&self, sha256: &str) {
        self.cache.forget(sha256);
    }

    /// Removes a blob, if it is there.
    pub(super) async fn remove(&self, sha256: &str) -> Result<(), DbError> {
        let key = self.key(sha256);
        self.cache.forget(sha256);
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("cannot remove", &key, error)),
        }
    }

    /// Blobs whose name begins with these two digits, in order. The store is asked for one page after the other.
    pub(super) async fn list(&self, first: &str) -> Result<Vec<Listed>, DbError> {
        let folder = self.folder(first);
        let mut pages = self.store.list(Some(&folder));
        let mut all = Vec::new();
        while let Some(object) =
            pages.try_next().await.map_err(|error| failed("cannot list", &folder, error))?
        {
            let Some(name) = object.location.filename().filter(|name| is_name(name)) else { continue };
            all.push(Listed {
                sha256: name.to_owned(),
                size_bytes: object.size,
                stored_ms: object.last_modified.timestamp_millis(),
            });
        }
        all.sort_by(|one, other| one.sha256.cmp(&other.sha256));
        Ok(all)
    }
}

fn builder(settings: &S3Settings) -> AmazonS3Builder {
    let limits = ClientOptions::new()
        .with_connect_timeout(Duration::from_millis(MAX_S3_CONNECT_MS))
        .with_timeout(Duration::from_millis(MAX_S3_REQUEST_MS));
    let retry = RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
        max_retries: MAX_S3_TRIES,
        retry_timeout: Duration::from_millis(MAX_S3_TRYING_MS),
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_client_options(limits)
        .with_retry(retry)
        .with_checksum_algorithm(Checksum::SHA256)
        // One request per removal: not every store knows the other form.
        .with_disable_bulk_delete(true)
        .with_bucket_name(&settings.bucket);
    let endpoint = settings.endpoint.clone().or_else(environment_endpoint);
    if let Some(endpoint) = endpoint {
        // Whoever writes http:// wants it.
        builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
    }
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    if let Some(path_style) = settings.path_style {
        builder = builder.with_virtual_hosted_style_request(!path_style);
    }
    if let Some(credentials) = &settings.credentials {
        builder = builder
            .with_access_key_id(&credentials.access_key_id)
            .with_secret_access_key(&credentials.secret_access_key);
    }
    builder
}

fn environment_endpoint() -> Option<String> {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

async fn put_all(
    upload: &mut Box<dyn MultipartUpload>,
    file: &mut File,
    path: &Path,
    size_bytes: u64,
    key: &Key,
) -> Result<(), DbError> {
    let mut left_bytes = size_bytes;
    while left_bytes > 0 {
        let bytes = part(file, path).await?;
        left_bytes = left_bytes.saturating_sub((bytes.content_length() as u64).max(1));
        upload.put_part(bytes).await.map_err(|error| failed("cannot put", key, error))?;
    }
    upload.complete().await.map_err(|error| failed("cannot put", key, error))?;
    Ok(())
}

/// The next part of a file.
async fn part(file: &mut File, path: &Path) -> Result<PutPayload, DbError> {
    let mut bytes = Vec::new();
    file.take(S3_PART_BYTES).read_to_end(&mut bytes).await.map_err(DbError::io("cannot read", path))?;
    Ok(PutPayload::from(bytes))
}

fn failed(doing: &'static str, what: &impl ToString, source: object_store::Error) -> DbError {
    DbError::Blobs { doing, what: what.to_string(), source: Box::new(source) }
}
