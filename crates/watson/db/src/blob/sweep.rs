//! The sweep: bytes that no row names (an upload stopped between bytes and rows), rows that nothing names (a retention
//! or an erasure stopped between rows and bytes), removals that were cut, and files of uploads that nobody goes on with.

use std::collections::HashSet;

use crate::sql::sql;
use crate::{DbError, Store, time};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Blobs whose bytes were removed.
    pub removed: u64,
    /// Their bytes, as far as a list told them.
    pub removed_bytes: u64,
    /// Files of unfinished uploads that were removed.
    pub unfinished: u64,
}

/// Tables and columns that name blobs; a test compares them with the foreign keys. Only a saving: the database itself
/// refuses to delete what is named.
pub const NAMED_BY: [(&str, &str); 6] = [
    ("report", "blob"),
    ("report_file", "blob"),
    ("symbol", "blob"),
    ("chunk", "blob"),
    ("symbol_upload", "blob"),
    ("debug_file", "blob"),
];

/// Rows of one step.
const STEP: i64 = 1_000;

impl Store {
    /// Removes what nothing names and is older than `grace_ms`. Safe beside uploads of the same bytes, whatever the grace:
    /// it only saves senders from sending again.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`, `Blobs`.
    pub async fn sweep_blobs(&self, grace_ms: i64) -> Result<Swept, DbError> {
        let mut swept = Swept { removed: self.end_dooms().await?.removed, ..Swept::default() };
        for name in self.unnamed_rows(grace_ms).await? {
            swept.removed += u64::from(self.release_blob(&name).await?);
        }
        for first in 0..=u8::MAX {
            let first = format!("{first:02x}");
            let before_ms = time::now_ms().saturating_sub(grace_ms);
            let mut old = self.blobs().list(&first).await?;
            old.retain(|blob| blob.stored_ms <= before_ms);
            if old.is_empty() {
                continue;
            }
            let named: HashSet<String> = self.blob_rows(&first).await?.into_iter().map(|row| row.0).collect();
            for blob in old.into_iter().filter(|blob| !named.contains(&blob.sha256)) {
                if self.release_blob(&blob.sha256).await? {
                    swept.removed += 1;
                    swept.removed_bytes += blob.size_bytes;
                }
            }
        }
        swept.unfinished = self.blobs().sweep_unfinished(time::now_ms().saturating_sub(grace_ms)).await?;
        Ok(swept)
    }

    /// Names, sizes and marks of the rows whose names begin with these two digits.
    pub(crate) async fn blob_rows(&self, first: &str) -> Result<Vec<(String, i64, Option<i64>)>, DbError> {
        // Names have digits and small letters only.
        self.database
            .rows(
                sql("SELECT sha256, size_bytes, missing_ms FROM blob WHERE sha256 >= $1 AND sha256 < $2
                     ORDER BY sha256")
                .bind(first)
                .bind(format!("{first}g")),
            )
            .await
    }

    /// Blobs whose row nothing names, for longer than `grace_ms`.
    pub(crate) async fn unnamed_rows(&self, grace_ms: i64) -> Result<Vec<String>, DbError> {
        let names: String = NAMED_BY
            .iter()
            .map(|(table, column)| {
                format!(" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = blob.sha256)")
            })
            .collect();
        let text = format!("SELECT sha256 FROM blob WHERE stored_ms <= $1{names} ORDER BY sha256 LIMIT $2");
        let before_ms = time::now_ms().saturating_sub(grace_ms);
        let rows: Vec<(String,)> = self.database.rows(sql(text).bind(before_ms).bind(STEP)).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }
}
