//! Removes bytes that no row names: an upload that was stopped between storing and naming them leaves them, and so does
//! whoever deletes rows and is stopped before the bytes.

use std::sync::Arc;

use watson_db::Store;

use crate::limits::SWEEP_EVERY_MS;
use crate::tasks::Tasks;

/// Sweeps once per hour what is older than `grace_ms`.
pub fn add(tasks: &mut Tasks, store: &Arc<Store>, grace_ms: i64) {
    let store = Arc::clone(store);
    tasks.add("orphans", SWEEP_EVERY_MS, move || {
        let store = Arc::clone(&store);
        async move {
            let swept = store.sweep_blobs(grace_ms).await?;
            store.keep_sweep(&swept, watson_db::time::now_ms()).await?;
            if swept.removed + swept.unfinished > 0 {
                tracing::info!(
                    blobs = swept.removed,
                    bytes = swept.removed_bytes,
                    unfinished = swept.unfinished,
                    "bytes that nothing names were removed"
                );
            }
            Ok::<(), watson_db::DbError>(())
        }
    });
}
