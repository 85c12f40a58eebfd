//! Removes what is old, every few minutes, a bounded number of batches at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use watson_db::{Budget, Retention, Store, time};
use watson_intake::Intake;

/// Transactions of one run; what is left waits for the next, so that no night of removals holds the writer.
const BUDGET: Budget = Budget { batches: 200 };
/// Between two runs while more is due.
const SOON: Duration = Duration::from_secs(1);

/// Runs until `stop` becomes true. A batch that is under way then is left out or whole.
pub async fn run(
    store: Arc<Store>,
    intake: Arc<Intake>,
    settings: Retention,
    every: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let work = async {
        loop {
            let pause = if once(&store, &intake, &settings).await { SOON } else { every };
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        () = work => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Whether more is due.
async fn once(store: &Store, intake: &Intake, settings: &Retention) -> bool {
    match store.apply_retention(settings, time::now_ms(), BUDGET).await {
        Ok(done) => {
            let counts = [
                ("reports", done.reports),
                ("blobs", done.blobs),
                ("raw", done.raw),
                ("annotations", done.annotations),
                ("leases", done.leases),
            ];
            for (what, rows) in counts.into_iter().filter(|(_, rows)| *rows > 0) {
                intake.metrics().retired(what, rows);
                tracing::info!(what, rows, "old data was removed");
            }
            done.more
        }
        Err(error) => {
            tracing::error!(error = %error, "old data could not be removed");
            false
        }
    }
}
