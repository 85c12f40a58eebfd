//! Makes smaller what has become old or many: machines become sketches, old parts of counters one, crashes of long ago are
//! forgotten.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use watson_db::{RolledUp, Store, time};

use crate::limits::ROLL_UP_EVERY_MS;

/// Runs until `stop` becomes true. A step under way is then given up, and done at the next start.
pub async fn run(store: Arc<Store>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = roll_up(&store) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn roll_up(store: &Store) {
    loop {
        sleep(Duration::from_millis(ROLL_UP_EVERY_MS)).await;
        match store.roll_up(time::now_ms()).await {
            Ok(RolledUp { machines: 0, shards: 0, forgotten: 0 }) => {}
            Ok(RolledUp { machines, shards, forgotten }) => {
                tracing::info!(machines, shards, forgotten, "rows were rolled up");
            }
            Err(error) => {
                tracing::warn!(error = %error, "rows could not be rolled up; they are at the next time");
            }
        }
    }
}
