//! One stored report to the server, and what came of it back into the store: `wer-upload` decides and sends, the joiner
//! records bucket and state in `Report.wer`, archives what needs no more, and writes the event.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wer_model::{
    AttachedFile, ConsentChoice, Report, ReportId, ReportState, SubmitOutcome, SubmitResult, file_marks,
    submit_marks,
};
use wer_report::report_wer::{self, ReportWerError};
use wer_settings::Settings;
use wer_store::{ArchivePolicy, SentCab, Store, StoreError, StoredReport};
use wer_sys::Credentials;
use wer_upload::{
    Decision, Fate, Keep, Rules, SentBefore, Server, Submission, SubmitPlan, Timeouts, UploadInput,
    cab_contents, plan_submit,
};

use crate::user_places::UserPlaces;
use crate::{Context, Reported, events};

/// `nogroup`.
const NO_GROUP: u32 = 65_534;

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

/// Sends a report that waits in the queue as far as consent allows and records the outcome. `choice` is what a person
/// says now; a first attempt and `WerReportSubmit` are [`submit_with`].
///
/// # Errors
/// As [`submit_with`].
pub fn submit_report(
    context: &Context,
    id: ReportId,
    choice: ConsentChoice,
) -> Result<SubmitOutcome, SubmitError> {
    submit_with(context, id, Submission::from_queue(choice))
}

/// Submits a stored report: sends it if `submission` and the settings let it go now, and records the outcome. What
/// `submission` says is kept in `Report.wer` for later attempts; what it said before goes on to hold.
///
/// # Errors
/// The report cannot be found, read or rewritten. A server that cannot be reached is an outcome: the report waits.
pub fn submit_with(
    context: &Context,
    id: ReportId,
    submission: Submission,
) -> Result<SubmitOutcome, SubmitError> {
    submit_collecting(context, id, submission, None)
}

/// Puts files of a process that lives into the folder of its report, and names them in the report.
pub(crate) type Collect<'a> = &'a mut dyn FnMut(&mut Report, &Path);

/// Whether a report would be sent now, if it was submitted for the first time.
pub(crate) fn is_sent_now(context: &Context, report: &Report) -> bool {
    let submission = Submission::first().after(report.consent, report.submit_flags);
    let plan = plan_submit(&submission, &rules(&context.settings, report));
    matches!(plan.decision, Decision::Send(_)) && context.settings.server().is_some()
}

/// As [`submit_with`]. `collect` is called at most once: when the server asks for files that may go, and when the report
/// stays in the queue without having been asked for any. A report whose parameters are all that the server wants is kept
/// as it is.
///
/// # Errors
/// As [`submit_with`].
pub(crate) fn submit_collecting(
    context: &Context,
    id: ReportId,
    submission: Submission,
    collect: Option<Collect<'_>>,
) -> Result<SubmitOutcome, SubmitError> {
    let store = Store::open(&context.locations.store_root)?;
    let stored = store.get(id)?.ok_or_else(|| SubmitError::Unknown {
        id,
        store: context.locations.store_root.display().to_string(),
    })?;
    let bytes = stored.report_wer()?;
    let mut report = report_wer::parse(&bytes).map_err(|source| SubmitError::Unreadable { id, source })?;
    if stored.state == ReportState::Archived {
        return Ok(archived_before(&report));
    }
    let of_user = context_of_user(context, &report);
    let context = of_user.as_ref().unwrap_or(context);
    let submission = submission.after(report.consent, report.submit_flags);
    report.consent = submission.choice;
    report.submit_flags = submission.flags;
    let signature_hash = wer_report::signature_hash(&report);
    let sent_before = store.sent_cab(&signature_hash)?;
    let plan = plan_submit(&submission, &rules(&context.settings, &report));
    let mut late = Late { collect, collected: None, context, store: &store, stored: &stored };
    let mut outcome = attempt(context, &stored, &report, &plan, sent_before, &mut || late.files_of(&report));
    if outcome.result == SubmitResult::ReportQueued {
        late.files_of(&report);
    }
    report = late.collected.unwrap_or(report);
    if let Some(contents) = cab_contents(&report, &outcome) {
        let cab = match contents {
            SentBefore::WithMemory => SentCab::WithMemory,
            SentBefore::WithoutMemory => SentCab::WithoutMemory,
        };
        store.record_sent_cab(&signature_hash, cab)?;
    }
    let (result, fate) = plan.fate(outcome.result);
    outcome.result = result;
    let folder = record(context, &store, (&stored, &bytes), &mut report, (&outcome, fate))?;
    let reported = Reported { id, folder, report };
    if outcome.result != SubmitResult::ReportQueued || outcome.reply.is_some() {
        events::record(context, &reported, events::Change::Submitted(&outcome));
    }
    Ok(outcome)
}

/// The machine's context with the settings of the user whose program the report is about, where these count.
fn context_of_user(context: &Context, report: &Report) -> Option<Context> {
    if report.submit_flags & submit_marks::USER_DECIDES == 0 {
        return None;
    }
    // What a report says is not believed as far as to take on a group's rights.
    let user = Credentials { uid: report.uid, gid: NO_GROUP, groups: Vec::new() };
    context.for_user(&user, &UserPlaces::of_user(user.uid)?)
}

/// What the settings say of this report.
pub(crate) fn rules(settings: &Settings, report: &Report) -> Rules {
    Rules {
        is_disabled: settings.disabled(),
        consent: settings.consent_for(report.consent_key()),
        dont_send_additional_data: settings.dont_send_additional_data(),
        disable_queue: settings.disable_queue(),
        force_queue: settings.force_queue(),
        disable_archive: settings.disable_archive(),
        archive_keeps_files: settings.archive_keeps_files(),
        bypass_data_throttling: settings.bypass_data_throttling(),
    }
}

fn archived_before(report: &Report) -> SubmitOutcome {
    let (result, explanation) = match report.upload_time_filetime {
        Some(_) => (SubmitResult::ReportUploaded, "The report was sent before."),
        None => {
            (SubmitResult::ReportFailed, "The report is in the archive; what is there is not sent again.")
        }
    };
    SubmitOutcome {
        result,
        reply: report.reply.clone(),
        sent_files: Vec::new(),
        explanation: explanation.into(),
        retry_after_s: None,
    }
}

/// Files that are collected when they are wanted.
struct Late<'a, 'collect> {
    collect: Option<Collect<'collect>>,
    collected: Option<Report>,
    context: &'a Context,
    store: &'a Store,
    stored: &'a StoredReport,
}

impl Late<'_, '_> {
    /// The files of `report` and those that were collected now; `None` where there is nothing to collect.
    fn files_of(&mut self, report: &Report) -> Option<Vec<AttachedFile>> {
        let collect = self.collect.take()?;
        let mut report = report.clone();
        collect(&mut report, &self.stored.folder);
        // Files that no report names are only room.
        if let Err(error) = self.store.update(self.stored, &report_wer::to_bytes(&report)) {
            let message = format!("The files of report {} were not collected: {error}.", report.id);
            events::failure(self.context, &message);
            return None;
        }
        let files = report.files.clone();
        self.collected = Some(report);
        Some(files)
    }
}

/// Sends if the plan is to send.
fn attempt(
    context: &Context,
    stored: &StoredReport,
    report: &Report,
    plan: &SubmitPlan,
    sent_before: Option<SentCab>,
    collect: &mut dyn FnMut() -> Option<Vec<AttachedFile>>,
) -> SubmitOutcome {
    let settings = &context.settings;
    let stays = |result, explanation: String| SubmitOutcome {
        result,
        reply: report.reply.clone(),
        sent_files: Vec::new(),
        explanation,
        retry_after_s: None,
    };
    let data = match &plan.decision {
        Decision::Never { reason } => return stays(SubmitResult::ReportCancelled, reason.clone()),
        Decision::Queue { reason } => return stays(SubmitResult::ReportQueued, reason.clone()),
        Decision::Ask { reason } => {
            // The settings know which file to change.
            let waiting = settings.waiting_reason();
            let reason = if waiting.is_empty() { reason.clone() } else { waiting };
            return stays(SubmitResult::ReportQueued, reason);
        }
        Decision::Send(data) => *data,
    };
    let Some(server) = settings.server() else {
        return stays(SubmitResult::ReportQueued, settings.waiting_reason());
    };
    let server = Server {
        host: server.host,
        port: server.port,
        use_ssl: server.use_ssl,
        dump_server: server.dump_server,
        key: server.key,
        authority: server.certificate,
    };
    let input = UploadInput {
        report,
        folder: &stored.folder,
        data,
        sent_before: sent_before.map(|cab| match cab {
            SentCab::WithoutMemory => SentBefore::WithoutMemory,
            SentCab::WithMemory => SentBefore::WithMemory,
        }),
        bypass_throttling: plan.bypass_throttling,
        names_machine: plan.names_machine,
    };
    wer_upload::send_asking(&input, &server, Timeouts::default(), collect)
}

/// Writes the outcome into `Report.wer` if it changes anything there (`before`), and puts the report where it belongs
/// now. Returns its folder.
fn record(
    context: &Context,
    store: &Store,
    (stored, before): (&StoredReport, &[u8]),
    report: &mut Report,
    (outcome, fate): (&SubmitOutcome, Fate),
) -> Result<std::path::PathBuf, StoreError> {
    use SubmitResult::{ReportUploaded, ReportUploadedCab, Throttled};
    if outcome.reply.is_some() {
        report.reply.clone_from(&outcome.reply);
    }
    let waits = fate == Fate::Queue;
    report.waiting_reason = if waits { outcome.explanation.clone() } else { String::new() };
    if matches!(outcome.result, ReportUploaded | ReportUploadedCab | Throttled) {
        report.upload_time_filetime = Some(now_filetime());
    }
    let dropped = if waits { dropped_when_queued(report) } else { Vec::new() };
    let written = report_wer::to_bytes(report);
    if written != before {
        store.update(stored, &written)?;
    }
    // Last: a report that names a file which is gone would be wrong, a file that no report names is only room.
    for name in dropped {
        store.remove_file(stored, &name)?;
    }
    match fate {
        Fate::Queue => Ok(stored.folder.clone()),
        Fate::Archive(Keep::Nothing) => {
            store.delete(stored)?;
            Ok(stored.folder.clone())
        }
        Fate::Archive(keep) => {
            let policy = ArchivePolicy {
                keep_files: keep == Keep::Everything,
                max_count: context.settings.max_archive_count(),
            };
            Ok(store.archive(stored, policy)?.folder)
        }
    }
}

/// Takes the files that do not wait out of the report; their names. What stands in for them is a file as any other then.
fn dropped_when_queued(report: &mut Report) -> Vec<String> {
    let is_dropped = |file: &AttachedFile| file.flags & file_marks::DROP_WHEN_QUEUED != 0;
    let (dropped, kept) = std::mem::take(&mut report.files).into_iter().partition::<Vec<_>, _>(is_dropped);
    report.files = kept;
    report.files.iter_mut().for_each(|file| file.flags &= !file_marks::STANDS_IN);
    dropped.into_iter().map(|file| file.name).collect()
}

/// Now, as a FILETIME.
fn now_filetime() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    wer_report::filetime::from_unix_ns(u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX))
}

/// Tries every queued report, oldest first, and says what came of each. A server that has too much to do and says for how
/// long is left alone: the reports behind the one that it said so about are not tried.
///
/// # Errors
/// The store cannot be read. A single report that cannot be is passed over with a line in the log.
pub fn submit_queued(context: &Context) -> Result<Vec<(ReportId, SubmitOutcome)>, SubmitError> {
    let store = Store::open(&context.locations.store_root)?;
    let mut outcomes = Vec::new();
    for stored in store.list(ReportState::Queued)? {
        match submit_report(context, stored.id, ConsentChoice::NotAsked) {
            Ok(outcome) => {
                let wants_rest = outcome.retry_after_s.is_some_and(|seconds| seconds > 0);
                outcomes.push((stored.id, outcome));
                if wants_rest {
                    break;
                }
            }
            Err(error) => {
                events::failure(context, &format!("Report {} was passed over: {error}.", stored.id))
            }
        }
    }
    Ok(outcomes)
}
