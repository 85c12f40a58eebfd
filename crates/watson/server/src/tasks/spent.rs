//! Tells what products have spent of their limits, and learns what other processes have taken.

use std::sync::Arc;

use watson_intake::Intake;

use crate::limits::SHARE_SPENT_EVERY_MS;
use crate::tasks::Tasks;

/// Does so again and again. Who stops a server does it once more at the end.
pub fn add(tasks: &mut Tasks, intake: &Arc<Intake>) {
    let intake = Arc::clone(intake);
    tasks.add("spent", SHARE_SPENT_EVERY_MS, move || {
        let intake = Arc::clone(&intake);
        async move { intake.share_spent().await }
    });
}
