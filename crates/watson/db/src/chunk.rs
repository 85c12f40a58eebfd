//! Uploads in pieces: pieces named by a hash of their content, kept until the whole is put together or they are old. An
//! upload that was cut goes on where it ended, also after the server has restarted, and with another process.

use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::blob::name_blobs;
use crate::limits::{ASSEMBLE_STEP_BYTES, MAX_NAMES_ASKED};
use crate::sql::{Arg, sql};
use crate::{BlobWriter, DbError, Store};

impl Store {
    /// Keeps a piece under `name`; a second one of that name changes nothing. On disk and committed on return.
    ///
    /// # Errors
    /// [`DbError::Io`], `Sql`.
    pub async fn put_chunk(
        &self,
        scope: &str,
        name: &str,
        piece: BlobWriter,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let blob = piece.finish().await?;
        let mut tx = self.database.begin().await?;
        name_blobs(&mut tx, [&blob], now_ms).await?;
        tx.execute(
            sql("INSERT INTO chunk (scope, name, blob, size_bytes, stored_ms) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING")
            .bind(scope)
            .bind(name)
            .bind(&blob.sha256)
            .bind(blob.size())
            .bind(now_ms),
        )
        .await?;
        tx.commit().await
    }

    /// Which of `names` are not here, in their order, each once.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn missing_chunks(&self, scope: &str, names: &[&str]) -> Result<Vec<String>, DbError> {
        let here = self.chunk_blobs(scope, names).await?;
        let mut missing: Vec<String> = Vec::new();
        let mut told = std::collections::HashSet::new();
        for name in names {
            if !here.contains_key(*name) && told.insert(*name) {
                missing.push((*name).to_owned());
            }
        }
        Ok(missing)
    }

    /// The pieces one behind the other, as a blob that is not finished. `None`: a piece is not here.
    ///
    /// # Errors
    /// [`DbError::Io`], `Sql`.
    pub async fn assemble(&self, scope: &str, names: &[&str]) -> Result<Option<BlobWriter>, DbError> {
        let here = self.chunk_blobs(scope, names).await?;
        let mut whole = self.begin_blob().await?;
        for name in names {
            let Some(sha256) = here.get(*name) else { return Ok(None) };
            append(&mut whole, self.blob_file(sha256).await?.path()).await?;
        }
        Ok(Some(whole))
    }

    /// Forgets all pieces of a scope.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn forget_chunks(&self, scope: &str) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql("DELETE FROM chunk WHERE scope = $1").bind(scope)).await?;
        tx.commit().await
    }

    /// Forgets pieces that came before `before_ms`; how many.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn forget_old_chunks(&self, before_ms: i64) -> Result<u64, DbError> {
        let mut tx = self.database.begin().await?;
        let gone = tx.execute(sql("DELETE FROM chunk WHERE stored_ms < $1").bind(before_ms)).await?;
        tx.commit().await?;
        Ok(gone)
    }

    async fn chunk_blobs(
        &self,
        scope: &str,
        names: &[&str],
    ) -> Result<std::collections::HashMap<String, String>, DbError> {
        let mut here = std::collections::HashMap::new();
        for some in names.chunks(MAX_NAMES_ASKED) {
            let places: Vec<String> = (2..some.len() + 2).map(|number| format!("${number}")).collect();
            let text =
                format!("SELECT name, blob FROM chunk WHERE scope = $1 AND name IN ({})", places.join(", "));
            let names = some.iter().map(|name| Arg::from(*name));
            let rows: Vec<(String, String)> =
                self.database.rows(sql(text).bind(scope).bind_all(names)).await?;
            here.extend(rows);
        }
        Ok(here)
    }
}

async fn append(whole: &mut BlobWriter, path: &Path) -> Result<(), DbError> {
    let mut piece = File::open(path).await.map_err(DbError::io("cannot open", path))?;
    let mut step = vec![0; ASSEMBLE_STEP_BYTES];
    loop {
        let read = piece.read(&mut step).await.map_err(DbError::io("cannot read", path))?;
        match step.get(..read) {
            Some(bytes) if !bytes.is_empty() => whole.write(bytes).await?,
            _ => return Ok(()),
        }
    }
}
