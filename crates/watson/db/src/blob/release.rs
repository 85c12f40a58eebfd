//! Removing blobs that nothing names any more, beside processes that may store the same bytes at the same moment.
//!
//! 1. One transaction writes the name down as doomed and deletes its row, which the database refuses as long as any row
//!    names it. Whoever is about to name it waits for this transaction, or this one for that.
//! 2. The bytes are removed. A stop here leaves the name doomed; the next sweep goes on.
//! 3. The time at which they went is written down.
//!
//! Bytes that were stored before 3 may be gone without their sender's knowledge; therefore a commit asks whether its
//! names are doomed (`blob/rows.rs`), and is refused where its bytes are not younger. The name is forgotten when no
//! upload that old can be under way any more.

use crate::limits::{DOOM_FORGOTTEN_MS, DOOM_TAKE_OVER_MS};
use crate::pause::removal_is_paused;
use crate::sql::sql;
use crate::{DbError, Store, time};

/// What became of names that were to be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Released {
    /// Bytes and row are gone.
    pub removed: u64,
    /// Something names it, somebody else is at it, or a backup is made.
    pub kept: u64,
}

impl Store {
    /// Removes blobs that nothing names any more; what a row still names stays. Call it after the commit that deleted
    /// the rows. May be called again for the same names, also after a stop in between; what is never called again, the
    /// sweep finds.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`, `Blobs`. What was removed until then stays removed.
    pub async fn release_blobs(&self, names: &[String]) -> Result<Released, DbError> {
        let mut released = Released::default();
        for name in names {
            if self.release_blob(name).await? {
                released.removed += 1;
            } else {
                released.kept += 1;
            }
        }
        Ok(released)
    }

    /// False where something names it, where somebody else removes it, and while a backup is made.
    pub(crate) async fn release_blob(&self, sha256: &str) -> Result<bool, DbError> {
        // By the machine's clock, as the times of blobs are.
        let since_ms = time::now_ms();
        if !self.doom(sha256, since_ms).await? {
            return Ok(false);
        }
        if time::now_ms().saturating_sub(since_ms) > DOOM_TAKE_OVER_MS / 2 {
            // The commit took so long that another process may soon take over.
            return Ok(false);
        }
        self.blobs().remove(sha256).await?;
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("UPDATE doomed SET gone_ms = $1 WHERE sha256 = $2 AND since_ms = $3")
                .bind(time::now_ms())
                .bind(sha256)
                .bind(since_ms),
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn doom(&self, sha256: &str, since_ms: i64) -> Result<bool, DbError> {
        let mut tx = self.database.begin().await?;
        if removal_is_paused(&mut tx, since_ms).await? {
            return Ok(false);
        }
        let ours = tx
            .execute(
                sql("INSERT INTO doomed (sha256, since_ms, gone_ms) VALUES ($1, $2, NULL)
                     ON CONFLICT (sha256) DO UPDATE SET since_ms = excluded.since_ms, gone_ms = NULL
                         WHERE doomed.gone_ms IS NOT NULL OR doomed.since_ms < $3")
                .bind(sha256)
                .bind(since_ms)
                .bind(since_ms.saturating_sub(DOOM_TAKE_OVER_MS)),
            )
            .await?;
        if ours != 1 {
            return Ok(false);
        }
        // Inserted where it is not there, so that a commit that is about to insert it is waited for, or waits.
        tx.execute(
            sql("INSERT INTO blob (sha256, size_bytes, stored_ms) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING")
                .bind(sha256)
                .bind(since_ms),
        )
        .await?;
        match tx.execute(sql("DELETE FROM blob WHERE sha256 = $1").bind(sha256)).await {
            Ok(_) => tx.commit().await.map(|()| true),
            Err(error) if error.is_still_named() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Forgets this machine's copies of what any process removes, goes on with removals that were cut, and forgets those that nobody can meet any more.
    pub(crate) async fn end_dooms(&self) -> Result<Released, DbError> {
        let now_ms = time::now_ms();
        let all: Vec<(String,)> = self.database.rows(sql("SELECT sha256 FROM doomed")).await?;
        all.iter().for_each(|(name,)| self.blobs().forget_copy(name));
        let cut: Vec<(String,)> = self
            .database
            .rows(
                sql("SELECT sha256 FROM doomed WHERE gone_ms IS NULL AND since_ms < $1")
                    .bind(now_ms.saturating_sub(DOOM_TAKE_OVER_MS)),
            )
            .await?;
        let names: Vec<String> = cut.into_iter().map(|(name,)| name).collect();
        let released = self.release_blobs(&names).await?;
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("DELETE FROM doomed WHERE gone_ms < $1").bind(now_ms.saturating_sub(DOOM_FORGOTTEN_MS)),
        )
        .await?;
        tx.commit().await?;
        Ok(released)
    }
}
