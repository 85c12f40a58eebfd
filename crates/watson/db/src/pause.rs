//! Blobs are not removed while a backup copies them: the rows that it has already copied may name them. Every process that
//! removes blobs asks here, in the transaction that decides. A pause has an end, so that a backup that died holds nobody up
//! for long; a living one moves the end on.

use crate::DbError;
use crate::sql::{Database, Tx, sql};

const REMOVAL: &str = "removal";

/// Begins a pause, or moves the end of one's own on. False while somebody else holds one.
///
/// On return no removal is under way that does not know of it: whoever looks holds the row until its transaction ends.
pub(crate) async fn pause_removal(
    database: &Database,
    holder: &str,
    now_ms: i64,
    until_ms: i64,
) -> Result<bool, DbError> {
    let mut tx = database.begin().await?;
    let paused = tx
        .execute(
            sql("UPDATE pause SET holder = $1, until_ms = $2
                 WHERE what = $3 AND (holder = $1 OR until_ms <= $4)")
            .bind(holder)
            .bind(until_ms)
            .bind(REMOVAL)
            .bind(now_ms),
        )
        .await?;
    tx.commit().await?;
    Ok(paused == 1)
}

/// Ends one's own pause.
pub(crate) async fn end_pause(database: &Database, holder: &str) -> Result<(), DbError> {
    let mut tx = database.begin().await?;
    tx.execute(
        sql("UPDATE pause SET until_ms = 0, holder = '' WHERE what = $1 AND holder = $2")
            .bind(REMOVAL)
            .bind(holder),
    )
    .await?;
    tx.commit().await
}

/// Ends everybody's: for rows that were brought back, in which the pause of the backup that copied them still stands.
pub(crate) async fn end_every_pause(database: &Database) -> Result<(), DbError> {
    let mut tx = database.begin().await?;
    tx.execute(sql("UPDATE pause SET until_ms = 0, holder = ''")).await?;
    tx.commit().await
}

/// Whether blobs must stay for now. No backup begins before this transaction ends, so ask in the one that decides.
pub(crate) async fn removal_is_paused(tx: &mut Tx, now_ms: i64) -> Result<bool, DbError> {
    let text = format!("SELECT until_ms FROM pause WHERE what = $1{}", tx.share_rows());
    let until: Option<(i64,)> = tx.row(sql(text).bind(REMOVAL)).await?;
    Ok(until.is_some_and(|(until_ms,)| until_ms > now_ms))
}
