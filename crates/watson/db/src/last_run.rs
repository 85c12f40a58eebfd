//! What looks after the store, and how it went last: any process may have done it, and all can tell.

use serde_json::{Value, json};

use crate::sql::sql;
use crate::{DbError, FsckReport, Store, Swept};

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What came of it: an object of numbers, and of objects of numbers.
    pub result: Value,
}

/// The name of the sweep of blobs.
pub const SWEEP: &str = "sweep";
/// The name of `fsck`.
pub const FSCK: &str = "fsck";

impl Store {
    /// Writes down what a sweep did.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn keep_sweep(&self, swept: &Swept, now_ms: i64) -> Result<(), DbError> {
        let result = json!({
            "removed": swept.removed, "removed_bytes": swept.removed_bytes, "unfinished": swept.unfinished,
        });
        self.keep_run(SWEEP, &result, now_ms).await
    }

    /// Writes down what a check found: how many of each kind, not of what.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn keep_fsck(&self, report: &FsckReport, now_ms: i64) -> Result<(), DbError> {
        let result = json!({
            "blobs": report.blobs, "hashed_bytes": report.hashed_bytes, "found": report.found, "wrong": report.wrong,
        });
        self.keep_run(FSCK, &result, now_ms).await
    }

    async fn keep_run(&self, name: &str, result: &Value, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("INSERT INTO last_run (name, at_ms, result) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms, result = excluded.result")
            .bind(name)
            .bind(now_ms)
            .bind(result.to_string()),
        )
        .await?;
        tx.commit().await
    }

    /// The last run of [`SWEEP`] or [`FSCK`]; `None`: there was none.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn last_run(&self, name: &str) -> Result<Option<LastRun>, DbError> {
        let row: Option<(i64, String)> =
            self.database.row(sql("SELECT at_ms, result FROM last_run WHERE name = $1").bind(name)).await?;
        let Some((at_ms, result)) = row else { return Ok(None) };
        let result = serde_json::from_str(&result).map_err(|_| DbError::Row("result of a run"))?;
        Ok(Some(LastRun { at_ms, result }))
    }
}
