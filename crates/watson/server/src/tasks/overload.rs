//! Watches what the intake needs (database, blobs, disk) and empties its reserve.

use std::sync::Arc;

use tokio::sync::watch;
use watson_intake::Intake;

/// Runs until `stop` becomes true. A request of the reserve that is being taken then is taken again at the next start,
/// and counts once.
pub async fn run(intake: Arc<Intake>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = intake.watch() => {}
        () = async { intake.replay().await; std::future::pending().await } => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}
