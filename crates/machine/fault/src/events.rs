//! The event log: one record at each change of a report's state, and one line for each crash that made no report.

use std::path::Path;

use wer_model::SubmitOutcome;
use wer_store::{EventLog, journal};

use crate::{Context, Reported};

/// What changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// The report is in the queue.
    Queued,
    /// An attempt to send it has ended.
    Submitted(&'a SubmitOutcome),
}

/// Records a change. A log that cannot be written never costs the report.
pub(crate) fn record(context: &Context, reported: &Reported, change: Change<'_>) {
    if context.settings.logging_disabled() {
        return;
    }
    let message = match change {
        Change::Queued => {
            format!("{} crashed; its report is in the queue.", reported.report.application_name)
        }
        Change::Submitted(outcome) => outcome.explanation.clone(),
    };
    let record = wer_report::event_record(&reported.report, &reported.folder, &message);
    if let Err(error) = journal::send(Path::new(journal::JOURNAL_SOCKET), &record) {
        tracing::warn!(%error, "the journal did not take the event");
    }
    if let Err(error) = EventLog::open(&context.locations.store_root).and_then(|log| log.append(&record)) {
        tracing::warn!(%error, "the event log could not be written");
    }
}

/// A crash, or an attempt to send, that came to nothing: to the event log and to standard error, for whoever looks
/// first.
pub(crate) fn failure(context: &Context, message: &str) {
    eprintln!("werfault: {message}");
    let logged = EventLog::open(&context.locations.store_root).and_then(|log| log.append_failure(message));
    if let Err(error) = logged {
        eprintln!("werfault: the event log could not be written either: {error}");
    }
}
