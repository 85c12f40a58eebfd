//! Symbol uploads in stages: begun, their file, complete. What has come is a row and a blob, so it outlives a restart, and
//! the next request may reach another process. What is not finished in [`UPLOAD_KEPT_MS`] is removed; the blobs that no
//! row names then are swept as all such are.

use crate::blob::name_blobs;
use crate::limits::{MAX_SYMBOL_UPLOADS, UPLOAD_KEPT_MS};
use crate::sql::sql;
use crate::{BlobRef, DbError, Store};

/// 40 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha1Text(String);

impl Sha1Text {
    /// `None`: something else than 40 hex digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let hex = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits of a hash.
    #[must_use]
    pub fn of(hash: &[u8]) -> Self {
        Self(crate::blob::hex(hash))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A symbol upload that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolUpload {
    /// Its file's SHA-256, where it has come.
    pub blob: Option<String>,
}

impl Store {
    /// Begins a symbol upload. Beyond [`MAX_SYMBOL_UPLOADS`] the oldest gives way.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn begin_symbol_upload(&self, tenant: i64, key: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("INSERT INTO symbol_upload (key, tenant, begun_ms) VALUES ($1, $2, $3)")
                .bind(key)
                .bind(tenant)
                .bind(now_ms),
        )
        .await?;
        tx.execute(
            sql("DELETE FROM symbol_upload WHERE tenant = $1 AND key IN (SELECT key FROM symbol_upload
                 WHERE tenant = $1 ORDER BY begun_ms DESC, key LIMIT $2 OFFSET $3)")
            .bind(tenant)
            .bind(MAX_SYMBOL_UPLOADS)
            .bind(MAX_SYMBOL_UPLOADS),
        )
        .await?;
        tx.commit().await
    }

    /// A symbol upload; `None`: never begun, or removed.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn symbol_upload(&self, tenant: i64, key: &str) -> Result<Option<SymbolUpload>, DbError> {
        let find =
            sql("SELECT blob FROM symbol_upload WHERE key = $1 AND tenant = $2").bind(key).bind(tenant);
        let row: Option<(Option<String>,)> = self.database.row(find).await?;
        Ok(row.map(|(blob,)| SymbolUpload { blob }))
    }

    /// The file of a symbol upload has come; a repeated one takes the place of the first. False: it is not known any more.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn put_symbol_upload(
        &self,
        tenant: i64,
        key: &str,
        blob: &BlobRef,
        now_ms: i64,
    ) -> Result<bool, DbError> {
        let mut tx = self.database.begin().await?;
        name_blobs(&mut tx, [blob], now_ms).await?;
        let set = sql("UPDATE symbol_upload SET blob = $1 WHERE key = $2 AND tenant = $3");
        let known = tx.execute(set.bind(&blob.sha256).bind(key).bind(tenant)).await? > 0;
        tx.commit().await?;
        Ok(known)
    }

    /// Removes uploads that are older than [`UPLOAD_KEPT_MS`]; how many.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn sweep_symbol_uploads(&self, now_ms: i64) -> Result<u64, DbError> {
        let before_ms = now_ms.saturating_sub(UPLOAD_KEPT_MS);
        let mut tx = self.database.begin().await?;
        let uploads =
            tx.execute(sql("DELETE FROM symbol_upload WHERE begun_ms < $1").bind(before_ms)).await?;
        tx.commit().await?;
        Ok(uploads)
    }
}
