//! Rows that name blobs. Bytes are stored first and named after that, in one transaction with what they belong to.

use crate::blob::BlobRef;
use crate::limits::{DOOM_MARGIN_MS, MAX_PUT_TO_COMMIT_MS};
use crate::sql::{Tx, sql};
use crate::{DbError, time};

/// Names blobs that are stored.
///
/// A blob whose bytes somebody is removing is refused, and so is one that was stored before they went or too long ago
/// for anybody to remember: its bytes may be gone. Whoever sends them again stores them anew.
///
/// # Errors
/// [`DbError::Busy`] for these; [`DbError::Sql`].
pub(crate) async fn name_blobs(
    tx: &mut Tx,
    blobs: impl IntoIterator<Item = &BlobRef>,
    now_ms: i64,
) -> Result<(), DbError> {
    // Sorted: another process may write the same blobs.
    let mut blobs: Vec<_> = blobs.into_iter().collect();
    blobs.sort_by(|one, other| one.sha256.cmp(&other.sha256));
    for blob in blobs {
        tx.execute(
            sql(
                "INSERT INTO blob (sha256, size_bytes, stored_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(&blob.sha256)
            .bind(blob.size())
            .bind(now_ms),
        )
        .await?;
        // After the insert, which waits for whoever removes it in this moment (`blob/release.rs`).
        let doomed: Option<(Option<i64>,)> =
            tx.row(sql("SELECT gone_ms FROM doomed WHERE sha256 = $1").bind(&blob.sha256)).await?;
        let is_safe = match doomed {
            None => true,
            Some((None,)) => false,
            Some((Some(gone_ms),)) => blob.put_ms > gone_ms.saturating_add(DOOM_MARGIN_MS),
        };
        let is_remembered = time::now_ms().saturating_sub(blob.put_ms) < MAX_PUT_TO_COMMIT_MS;
        if !is_safe || !is_remembered {
            return Err(DbError::Busy);
        }
    }
    Ok(())
}
