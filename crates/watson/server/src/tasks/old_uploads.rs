//! Forgets what was begun and never finished: pieces of uploads, and symbol uploads in stages. Their blobs go with the
//! other blobs that no row names.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use watson_db::{DbError, Store, time};

use crate::limits::{CHUNKS_KEPT_MS, OLD_UPLOADS_EVERY_MS};

/// Runs until `stop` becomes true.
pub async fn run(store: Arc<Store>, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = forget(&store, time::now_ms()).await {
            tracing::warn!(error = %error, "old uploads could not be forgotten; they are at the next time");
        }
        tokio::select! {
            () = sleep(Duration::from_millis(OLD_UPLOADS_EVERY_MS)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Forgets once.
///
/// # Errors
/// [`DbError::Sql`].
pub async fn forget(store: &Store, now_ms: i64) -> Result<(), DbError> {
    let chunks = store.forget_old_chunks(now_ms.saturating_sub(CHUNKS_KEPT_MS)).await?;
    let uploads = store.sweep_symbol_uploads(now_ms).await?;
    if chunks + uploads > 0 {
        tracing::info!(chunks, uploads, "uploads that were never finished are forgotten");
    }
    Ok(())
}
