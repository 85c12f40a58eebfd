//! What waits in the machine's store is tried again: consent may have been given, the server may be back.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;

use wer_fault::{Context, submit::submit_queued};
use wer_settings::Locations;

use crate::limits::RESEND_INTERVAL;

/// Tries again for ever, every [`RESEND_INTERVAL`] and whenever the settings change. Settings are read anew each time.
pub fn run(locations: &Locations, changed: &Receiver<()>) {
    loop {
        let context = Context::for_locations(locations.clone());
        match submit_queued(&context) {
            Ok(outcomes) => {
                let sent = outcomes.iter().filter(|(_, outcome)| outcome.reply.is_some()).count();
                tracing::info!(waiting = outcomes.len(), sent, "looked at the queue");
            }
            Err(error) => tracing::warn!(%error, "the queue could not be looked at"),
        }
        match changed.recv_timeout(RESEND_INTERVAL) {
            // Several changes at once are one.
            Ok(()) => while changed.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            // Without a watch the interval alone counts.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(RESEND_INTERVAL),
        }
    }
}
