//! Writes down which machines have reported, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use watson_db::Store;

use crate::limits::{WRITE_MACHINES_EVERY_MS, WRITE_MACHINES_PAUSE_MS};

/// Runs until `stop` becomes true; what waits then is written when the store is closed.
pub async fn run(store: Arc<Store>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = write(&store) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn write(store: &Store) {
    loop {
        let pause_ms = match store.write_machines().await {
            Ok(true) => WRITE_MACHINES_PAUSE_MS,
            Ok(false) => WRITE_MACHINES_EVERY_MS,
            Err(error) => {
                tracing::warn!(error = %error, "machines could not be written down; their next reports bring them");
                WRITE_MACHINES_EVERY_MS
            }
        };
        sleep(Duration::from_millis(pause_ms)).await;
    }
}
