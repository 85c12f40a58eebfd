//! One crash from capture to stored report. Each step is a function; each failure that leaves a smaller report possible
//! is a soft error of that report.
//!
//! 1. The settings of the crashed user join the machine's where it is the machine that reports.
//! 2. A local dump is written, whatever becomes of the report. `excluded`: settings may want no report at all.
//! 3. The block says "begun": a later way can take over under the same id.
//! 4. Modules are asked while the process is held.
//! 5. Dumps are planned and copied, of registered processes too; registered files are copied with the crashed user's
//!    rights.
//! 6. Dumps are written, the report is built, and one rename puts it into the store; without its files where the disk has
//!    no room for them.
//! 7. Files that were given away are deleted, the block says "stored", the process is let go, and the event is recorded.

use std::path::{Path, PathBuf};

use wer_abi::flags::{WER_FAULT_REPORTING_FLAG_QUEUE, WER_SUBMIT_QUEUE};
use wer_abi::registration::capture_state;
use wer_capture::Capture;
use wer_model::{AttachedFile, ModuleOutcome, Report, ReportId, ReportState, SoftError, Stage, submit_marks};
use wer_report::{HangFacts, ReportInputs};
use wer_snapshot::CaptureSource;
use wer_store::{Staging, Store, StoreError};
use wer_sys::Credentials;

use crate::fail_spot::{self, Spot};
use crate::progress::ToldReader;
use crate::registered_files::Registered;
use crate::user_places::UserPlaces;
use crate::{
    Context, additional_processes, app_local_dump, debugger, dumps, events, local_dumps, modules, privilege,
    registered_files,
};

/// A report in the store.
#[derive(Clone, Debug)]
pub struct Reported {
    /// Its id.
    pub id: ReportId,
    /// Its folder.
    pub folder: PathBuf,
    /// What it says.
    pub report: Report,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The settings want none.
    #[error("{program} (process {pid}) was not reported: {reason}")]
    Excluded {
        /// Its executable.
        program: String,
        /// Its pid.
        pid: u32,
        /// Which setting.
        reason: String,
    },
    /// The store did not take it.
    #[error("the crash of {program} (process {pid}) could not be stored: {source}")]
    Store {
        /// Its executable.
        program: String,
        /// Its pid.
        pid: u32,
        /// Why.
        source: StoreError,
    },
}

/// Reports one captured crash under `id`. `progress` is called between steps, to extend the wait of whoever holds
/// the process.
///
/// # Errors
/// The settings want no report, or the store cannot take it (disk full, no right). Everything else makes a report that
/// says what is missing.
pub fn report_capture(
    capture: &mut Capture,
    context: &Context,
    id: ReportId,
    progress: &mut dyn FnMut(),
) -> Result<Reported, ReportError> {
    fail_spot::reach(Spot::Captured);
    let program = capture.snapshot.process.executable.clone();
    let pid = capture.snapshot.process.pid;
    let user = privilege::real_user_of(capture);
    let user_decides = privilege::user_may_trace(capture);
    let places = || UserPlaces::known_to_machine(capture, user.uid);
    let of_user = if user_decides { context.for_user(&user, &places()) } else { None };
    let context = of_user.as_ref().unwrap_or(context);
    let local_dump = local_dumps::write(capture, context, id, &user, progress);
    if let Some(reason) = excluded(context, &program) {
        return Err(ReportError::Excluded { program, pid, reason: with_local_dump(reason, local_dump) });
    }
    let in_store = |source| ReportError::Store { program: program.clone(), pid, source };
    let store = Store::open(&context.locations.store_root).map_err(in_store)?;
    let staging = store.begin(id).map_err(in_store)?;

    let mut soft_errors = context.warnings.clone();
    soft_errors.extend(local_dump.err().map(|message| SoftError::new(Stage::Dump, message)));
    soft_errors.extend(mark(capture, capture_state::BEGUN, id, context));
    fail_spot::reach(Spot::Begun);
    let asked = modules::ask(capture, context, id, staging.folder(), progress);
    soft_errors.extend(asked.notes);
    progress();
    let (mut files, registered) =
        collect((capture, &user), context, staging.folder(), (id, None), &mut soft_errors, progress);
    files.extend(asked.files);
    progress();
    fail_spot::reach(Spot::Copied);

    let submit_flags = submit_flags(capture.snapshot.registrations.flags, user_decides);
    let parts = Parts { id, outcomes: asked.outcomes, files, soft_errors, submit_flags, hang: None };
    let (report, stored) = commit(&store, context, staging, capture, parts).map_err(in_store)?;
    fail_spot::reach(Spot::Committed);
    // Without its files the report holds no copies.
    if !report.files.is_empty() {
        for sentence in registered.delete_done(&user) {
            events::failure(context, &sentence);
        }
    }
    if let Some(error) = mark(capture, capture_state::STORED, id, context) {
        tracing::debug!("{}", error.message);
    }
    debugger::hold(capture, context, &report);
    capture.release();
    modules::end_survivor(capture, asked.exit_code);
    let reported = Reported { id, folder: stored, report };
    events::crashed(context, &capture.snapshot, id);
    events::record(context, &reported, events::Change::Queued);
    Ok(reported)
}

/// What the process's own flags (`WerSetFlags`) say of submitting its report.
pub(crate) const fn submit_flags(fault_reporting: u32, user_decides: bool) -> u32 {
    let queue = if fault_reporting & WER_FAULT_REPORTING_FLAG_QUEUE != 0 { WER_SUBMIT_QUEUE } else { 0 };
    queue | if user_decides { submit_marks::USER_DECIDES } else { 0 }
}

/// Which setting wants no report of this program, if one does.
pub(crate) fn excluded(context: &Context, program: &str) -> Option<String> {
    let name = program.rsplit('/').next().unwrap_or(program);
    if context.settings.disabled() {
        return Some("the setting Disabled is 1".into());
    }
    context.settings.is_excluded(name).then(|| format!("[ExcludedApplications] lists {name}"))
}

/// A reason for no report, and what came of the local dump, which does not depend on it.
pub(crate) fn with_local_dump(reason: String, local_dump: Result<Option<PathBuf>, String>) -> String {
    match local_dump {
        Ok(None) => reason,
        Ok(Some(path)) => format!("{reason} (its local dump is {})", path.display()),
        Err(error) => format!("{reason}. {}", error.trim_end_matches('.')),
    }
}

/// Writes the state of reporting into the process's registration block, if it has one; not into that of a process that
/// goes on, whose later crash is another one.
fn mark(capture: &Capture, state: u32, id: ReportId, context: &Context) -> Option<SoftError> {
    let goes_on = matches!(capture.snapshot.source, CaptureSource::Live | CaptureSource::ForkSnapshot);
    if goes_on || capture.snapshot.registrations.block_address == 0 {
        return None;
    }
    capture.set_capture_state(state, id.0, &context.locations.store_root).err().map(|error| {
        let message =
            format!("The registration block could not be marked, so a second report may follow: {error}.");
        SoftError::new(Stage::Registration, message)
    })
}

/// Dumps, with a comment where there is one, and registered files, in the report's folder.
pub(crate) fn collect(
    (capture, user): (&Capture, &Credentials),
    context: &Context,
    folder: &Path,
    (id, comment): (ReportId, Option<String>),
    soft_errors: &mut Vec<SoftError>,
    progress: &mut dyn FnMut(),
) -> (Vec<AttachedFile>, Registered) {
    let snapshot = &capture.snapshot;
    let wishes =
        dumps::Wishes { heap: context.settings.wants_heap_dump(&snapshot.process.executable), comment };
    let pending = {
        let memory = ToldReader::new(capture.memory(), progress);
        dumps::copy(snapshot, &memory, folder, id, wishes)
    };
    progress();
    let (mut files, missing) = pending.write(snapshot, folder);
    soft_errors.extend(missing);
    let (of_others, missing) = additional_processes::copy(capture, user, folder, id, progress);
    files.extend(of_others);
    soft_errors.extend(missing);
    let copied = app_local_dump::copy(capture, user, folder);
    soft_errors.extend(copied.err().map(|message| SoftError::new(Stage::Dump, message)));
    let mut registered = registered_files::copy(snapshot, user, context, folder, progress);
    files.append(&mut registered.files);
    soft_errors.append(&mut registered.soft_errors);
    (files, registered)
}

/// What a report is made of beside the snapshot.
pub(crate) struct Parts {
    pub(crate) id: ReportId,
    pub(crate) outcomes: Vec<ModuleOutcome>,
    pub(crate) files: Vec<AttachedFile>,
    pub(crate) soft_errors: Vec<SoftError>,
    pub(crate) submit_flags: u32,
    /// It is the report of a hang; and the program's name, where somebody said it.
    pub(crate) hang: Option<(HangFacts, Option<String>)>,
}

impl Parts {
    fn build(self, capture: &Capture, context: &Context) -> Report {
        let Self { id, outcomes, files, soft_errors, submit_flags, hang } = self;
        let inputs =
            ReportInputs { id, files, soft_errors, waiting_reason: context.settings.waiting_reason() };
        let snapshot = &capture.snapshot;
        let report = match hang {
            None => wer_report::build_report(snapshot, &outcomes, inputs),
            Some((facts, None)) => wer_report::build_hang_report(snapshot, &outcomes, inputs, &facts),
            Some((facts, Some(application_name))) => {
                let report = wer_report::build_hang_report(snapshot, &outcomes, inputs, &facts);
                Report { application_name, ..report }
            }
        };
        Report { submit_flags, ..report }
    }

    /// The same without files, saying which are missing.
    fn without_files(report: &Report, reason: &StoreError) -> Report {
        let missing = report.files.iter().map(|file| {
            let message = format!("{} was left out: {reason}.", file.name);
            SoftError::new(Stage::Report, message)
        });
        let soft_errors = report.soft_errors.iter().cloned().chain(missing).collect();
        Report { files: Vec::new(), soft_errors, ..report.clone() }
    }
}

/// Builds the report and puts it into the store; once more without its files where the disk has no room for them.
pub(crate) fn commit(
    store: &Store,
    context: &Context,
    staging: Staging,
    capture: &Capture,
    parts: Parts,
) -> Result<(Report, PathBuf), StoreError> {
    let mut report = parts.build(capture, context);
    let metadata = wer_report::internal_metadata::to_bytes(&report, &capture.snapshot);
    let written = staging.write_file("WERInternalMetadata.xml", &metadata);
    let (report, folder) = match written.and_then(|()| put(staging, &report)) {
        Err(error) if is_lack_of_room(&error) => {
            // What was staged is gone by now, and has made room.
            report = Parts::without_files(&report, &error);
            let folder = put(store.begin(report.id)?, &report)?;
            (report, folder)
        }
        put => (report, put?),
    };
    if let Err(error) = store.enforce_quota(ReportState::Queued, context.settings.max_queue_count()) {
        events::failure(
            context,
            &format!("The oldest reports could not be removed from the queue: {error}."),
        );
    }
    Ok((report, folder))
}

fn put(staging: Staging, report: &Report) -> Result<PathBuf, StoreError> {
    let bytes = wer_report::report_wer::to_bytes(report);
    Ok(staging.commit(&wer_report::folder_name(report), &bytes, ReportState::Queued)?.folder)
}

fn is_lack_of_room(error: &StoreError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error, StoreError::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}
