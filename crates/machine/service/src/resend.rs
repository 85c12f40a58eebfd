//! What waits in the machine's store is tried again: consent may have been given, the server may be back.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wer_fault::{Context, submit::submit_queued};
use wer_model::SubmitOutcome;
use wer_settings::Locations;

use crate::limits::RESEND_INTERVAL;

/// Tries again for ever, every [`RESEND_INTERVAL`] and whenever the settings change, which may name another server. One that
/// has said for how long it wants to be left alone is. Settings are read anew each time.
pub fn run(locations: &Locations, changed: &Receiver<()>) {
    loop {
        let context = Context::for_locations(locations.clone());
        let mut pause = RESEND_INTERVAL;
        match submit_queued(&context) {
            Ok(outcomes) => {
                pause = pause_after(outcomes.iter().map(|(_, outcome)| outcome));
                let sent = outcomes.iter().filter(|(_, outcome)| outcome.reply.is_some()).count();
                tracing::info!(waiting = outcomes.len(), sent, "looked at the queue");
            }
            Err(error) => tracing::warn!(%error, "the queue could not be looked at"),
        }
        match changed.recv_timeout(pause) {
            // Several changes at once are one.
            Ok(()) => while changed.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            // Without a watch the interval alone counts.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
        }
    }
}

/// Until the next look: what was told is bounded where it was read.
fn pause_after<'a>(outcomes: impl Iterator<Item = &'a SubmitOutcome>) -> Duration {
    let told = outcomes.filter_map(|outcome| outcome.retry_after_s).max().unwrap_or(0);
    RESEND_INTERVAL.max(Duration::from_secs(u64::from(told)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_model::SubmitResult;

    #[test]
    fn a_server_that_wants_rest_has_it() {
        let outcome = |retry_after_s| SubmitOutcome {
            result: SubmitResult::ReportQueued,
            reply: None,
            sent_files: Vec::new(),
            explanation: String::new(),
            retry_after_s,
        };
        let after = |told: &[Option<u32>]| {
            let outcomes: Vec<_> = told.iter().map(|told| outcome(*told)).collect();
            pause_after(outcomes.iter())
        };
        assert_eq!(after(&[]), RESEND_INTERVAL);
        assert_eq!(after(&[None, Some(30)]), RESEND_INTERVAL, "the interval is longer");
        assert_eq!(after(&[None, Some(7_200), None]), Duration::from_secs(7_200));
    }
}
