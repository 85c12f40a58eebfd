//! Symbols where blobs are in a bucket: each is a blob, and a row says which module it is for. The first upload of an id
//! wins, by the row's key. Whoever reads symbols reads files, so those that are wanted are brought into a folder.

use std::path::{Path, PathBuf};

use crate::blob::name_blobs;
use crate::limits::MAX_NAMES_ASKED;
use crate::sql::{Arg, sql};
use crate::symbol::{SymbolName, SymbolOutcome};
use crate::{BlobFile, BlobWriter, DbError, Store, time};

/// Symbols as files, as long as this lives: `<debug_file>/<debug_id>/<debug_file>.sym`.
#[derive(Debug)]
pub struct SymbolFolder {
    path: PathBuf,
    _held: Vec<BlobFile>,
}

impl SymbolFolder {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SymbolFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl Store {
    pub(super) async fn symbol_blob(&self, name: &SymbolName) -> Result<Option<String>, DbError> {
        let find = sql("SELECT blob FROM symbol WHERE debug_id = $1 AND debug_file = $2")
            .bind(name.debug_id())
            .bind(name.debug_file());
        Ok(self.database.row::<(String,)>(find).await?.map(|(blob,)| blob))
    }

    pub(super) async fn keep_symbol_blob(
        &self,
        name: &SymbolName,
        file: BlobWriter,
    ) -> Result<SymbolOutcome, DbError> {
        let sha256 = file.sha256();
        if let Some(here) = self.symbol_blob(name).await? {
            return Ok(compared(&here, &sha256));
        }
        let blob = file.finish().await?;
        let now_ms = time::now_ms();
        let mut tx = self.database.begin().await?;
        name_blobs(&mut tx, [&blob], now_ms).await?;
        let insert = sql("INSERT INTO symbol (debug_id, debug_file, blob, stored_ms) VALUES ($1, $2, $3, $4)
                          ON CONFLICT DO NOTHING")
        .bind(name.debug_id())
        .bind(name.debug_file())
        .bind(&blob.sha256)
        .bind(now_ms);
        if tx.execute(insert).await? == 1 {
            tx.commit().await?;
            return Ok(SymbolOutcome::Stored);
        }
        drop(tx);
        // Another upload was faster; the bytes of this one are swept, unless they are the same.
        let here = self.symbol_blob(name).await?.ok_or(DbError::Busy)?;
        Ok(compared(&here, &sha256))
    }

    /// Brings the symbols of these modules (Breakpad's ids) that are here into a folder of this machine. `None`: there are
    /// none, or symbols are files already ([`Store::symbols`]).
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`, `Blobs`.
    pub async fn bring_symbols(&self, debug_ids: &[&str]) -> Result<Option<SymbolFolder>, DbError> {
        if self.blobs().is_folder() {
            return Ok(None);
        }
        let mut found: Vec<(String, String, String)> = Vec::new();
        for ids in debug_ids.chunks(MAX_NAMES_ASKED) {
            let places: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
            let text = format!(
                "SELECT debug_file, debug_id, blob FROM symbol WHERE debug_id IN ({})",
                places.join(", ")
            );
            let ids = ids.iter().map(|id| Arg::from(id.to_ascii_uppercase()));
            found.extend(self.database.rows::<(String, String, String)>(sql(text).bind_all(ids)).await?);
        }
        if found.is_empty() {
            return Ok(None);
        }
        let path = self.dir().tmp().join(format!("symbols-{}", uuid::Uuid::new_v4().simple()));
        let mut folder = SymbolFolder { path, _held: Vec::with_capacity(found.len()) };
        for (debug_file, debug_id, blob) in found {
            // Checked again: a name from the database is a path here.
            let Some(name) = SymbolName::new(&debug_file, &debug_id) else { continue };
            let file = self.blob_file(&blob).await?;
            let target = name.path(&folder.path);
            let made = target.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::hard_link(file.path(), &target))
                .map_err(DbError::io("cannot create", &target))?;
            folder._held.push(file);
        }
        Ok(Some(folder))
    }
}

fn compared(here: &str, sha256: &str) -> SymbolOutcome {
    if here == sha256 { SymbolOutcome::AlreadyHere } else { SymbolOutcome::Different }
}
