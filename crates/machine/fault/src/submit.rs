//! One stored report to the server, and what came of it back into the store: `wer-upload` decides and sends, the joiner
//! records bucket and state in `Report.wer`, archives what needs no more, and writes the event.

use std::time::{SystemTime, UNIX_EPOCH};

use wer_model::{ConsentChoice, Report, ReportId, ReportState, SubmitOutcome, SubmitResult};
use wer_report::report_wer::{self, ReportWerError};
use wer_store::{ArchivePolicy, SentCab, Store, StoreError, StoredReport};
use wer_upload::{Decision, SentBefore, Server, UploadInput, decide};

use crate::{Context, Reported, dumps, events};

/// Why a report could not be looked at or recorded. That it could not be *sent* is a [`SubmitOutcome`].
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its `Report.wer`.
    #[error("the report {id} cannot be read: {source}")]
    Unreadable {
        /// Which.
        id: ReportId,
        /// Why.
        source: ReportWerError,
    },
    /// There is none of this id.
    #[error("there is no report {id} in {store}; `wer reports` lists what there is")]
    Unknown {
        /// Which.
        id: ReportId,
        /// The store's root.
        store: String,
    },
}

/// Sends a stored report as far as consent allows and records the outcome.
///
/// # Errors
/// The report cannot be found, read or rewritten. A server that cannot be reached is an outcome: the report waits.
pub fn submit_report(
    context: &Context,
    id: ReportId,
    choice: ConsentChoice,
) -> Result<SubmitOutcome, SubmitError> {
    let store = Store::open(&context.locations.store_root)?;
    let stored = store.get(id)?.ok_or_else(|| SubmitError::Unknown {
        id,
        store: context.locations.store_root.display().to_string(),
    })?;
    let bytes = stored.report_wer()?;
    let mut report = report_wer::parse(&bytes).map_err(|source| SubmitError::Unreadable { id, source })?;
    if choice != ConsentChoice::NotAsked {
        report.consent = choice;
    }
    let signature_hash = wer_report::signature_hash(&report);
    let sent_before = store.sent_cab(&signature_hash)?;
    let outcome = attempt(context, &stored, &report, sent_before);
    if outcome.result == SubmitResult::ReportUploadedCab {
        store.record_sent_cab(&signature_hash, cab_of(&outcome))?;
    }
    let folder = record(context, &store, (&stored, &bytes), &mut report, &outcome)?;
    let reported = Reported { id, folder, report };
    if outcome.result != SubmitResult::ReportQueued || outcome.reply.is_some() {
        events::record(context, &reported, events::Change::Submitted(&outcome));
    }
    Ok(outcome)
}

/// Decides, and sends if the decision is to send.
fn attempt(
    context: &Context,
    stored: &StoredReport,
    report: &Report,
    sent_before: Option<SentCab>,
) -> SubmitOutcome {
    let settings = &context.settings;
    let stays = |result, explanation: String| SubmitOutcome {
        result,
        reply: report.reply.clone(),
        sent_files: Vec::new(),
        explanation,
    };
    if stored.state == ReportState::Archived {
        return stays(SubmitResult::ReportUploaded, "The report was sent before.".into());
    }
    let Some(server) = settings.server() else {
        return stays(SubmitResult::ReportQueued, settings.waiting_reason());
    };
    let consent = settings.consent_for(&report.signature.event_type);
    match decide(consent, report.consent, settings.dont_send_additional_data()) {
        Decision::Wait { reason } => {
            let waiting = settings.waiting_reason();
            stays(SubmitResult::ReportQueued, if waiting.is_empty() { reason } else { waiting })
        }
        Decision::Never { reason } => stays(SubmitResult::ReportCancelled, reason),
        Decision::Send(data) => {
            let server = Server {
                host: server.host,
                port: server.port,
                use_ssl: server.use_ssl,
                dump_server: server.dump_server,
            };
            let input = UploadInput {
                report,
                folder: &stored.folder,
                data,
                sent_before: sent_before.map(|cab| match cab {
                    SentCab::WithoutMemory => SentBefore::WithoutMemory,
                    SentCab::WithMemory => SentBefore::WithMemory,
                }),
                bypass_throttling: settings.bypass_data_throttling(),
            };
            wer_upload::send(&input, &server)
        }
    }
}

/// What the cab that was sent held, to be remembered for the next report of the same signature.
fn cab_of(outcome: &SubmitOutcome) -> SentCab {
    let is_memory = |name: &String| name == dumps::HEAP_DUMP || name == dumps::REGISTERED_DUMP;
    if outcome.sent_files.iter().any(is_memory) { SentCab::WithMemory } else { SentCab::WithoutMemory }
}

/// Writes the outcome into `Report.wer` if it changes anything there (`before`), and archives a report that needs no more. Returns its folder.
fn record(
    context: &Context,
    store: &Store,
    (stored, before): (&StoredReport, &[u8]),
    report: &mut Report,
    outcome: &SubmitOutcome,
) -> Result<std::path::PathBuf, StoreError> {
    let is_sent = matches!(outcome.result, SubmitResult::ReportUploaded | SubmitResult::ReportUploadedCab);
    let is_over = [SubmitResult::Throttled, SubmitResult::ReportFailed, SubmitResult::ReportCancelled];
    let is_ended = is_sent || is_over.contains(&outcome.result);
    if outcome.reply.is_some() {
        report.reply.clone_from(&outcome.reply);
    }
    report.waiting_reason = if is_ended { String::new() } else { outcome.explanation.clone() };
    if (is_sent || outcome.result == SubmitResult::Throttled) && stored.state == ReportState::Queued {
        report.upload_time_filetime = Some(now_filetime());
    }
    let written = report_wer::to_bytes(report);
    if written != before {
        store.update(stored, &written)?;
    }
    if is_ended && stored.state == ReportState::Queued {
        if context.settings.disable_archive() {
            store.delete(stored)?;
            return Ok(stored.folder.clone());
        }
        let policy = ArchivePolicy {
            keep_files: context.settings.archive_keeps_files(),
            max_count: context.settings.max_archive_count(),
        };
        return Ok(store.archive(stored, policy)?.folder);
    }
    Ok(stored.folder.clone())
}

/// Now, as a FILETIME.
fn now_filetime() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    wer_report::filetime::from_unix_ns(u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX))
}

/// Tries every queued report, oldest first, and says what came of each.
///
/// # Errors
/// The store cannot be read. A single report that cannot be is passed over with a line in the log.
pub fn submit_queued(context: &Context) -> Result<Vec<(ReportId, SubmitOutcome)>, SubmitError> {
    let store = Store::open(&context.locations.store_root)?;
    let mut outcomes = Vec::new();
    for stored in store.list(ReportState::Queued)? {
        match submit_report(context, stored.id, ConsentChoice::NotAsked) {
            Ok(outcome) => outcomes.push((stored.id, outcome)),
            Err(error) => {
                events::failure(context, &format!("Report {} was passed over: {error}.", stored.id))
            }
        }
    }
    Ok(outcomes)
}
