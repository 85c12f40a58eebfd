//! One crash from capture to stored report. Each step is a function; each failure that leaves a smaller report possible
//! is a soft error of that report.
//!
//! 1. `excluded`: settings may want no report at all.
//! 2. The block says "begun": a later way can take over under the same id.
//! 3. Modules are asked while the process is held.
//! 4. Dumps are planned and copied; registered files are copied with the crashed user's rights.
//! 5. Dumps are written, the report is built, and one rename puts it into the store.
//! 6. The block says "stored", the event is recorded, and the process is let go.

use std::path::PathBuf;

use wer_abi::registration::capture_state;
use wer_capture::Capture;
use wer_model::{AttachedFile, ModuleOutcome, Report, ReportId, ReportState, SoftError, Stage};
use wer_report::ReportInputs;
use wer_store::{Staging, Store, StoreError};

use crate::{Context, dumps, events, modules, registered_files};

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
    let program = capture.snapshot.process.executable.clone();
    let pid = capture.snapshot.process.pid;
    if let Some(reason) = excluded(context, &program) {
        return Err(ReportError::Excluded { program, pid, reason });
    }
    let in_store = |source| ReportError::Store { program: program.clone(), pid, source };
    let store = Store::open(&context.locations.store_root).map_err(in_store)?;
    let staging = store.begin(id).map_err(in_store)?;

    let mut soft_errors = context.warnings.clone();
    soft_errors.extend(mark(capture, capture_state::BEGUN, id, context));
    let asked = modules::ask(capture, context, id, progress);
    soft_errors.extend(asked.notes);
    progress();
    let files = collect(capture, context, &staging, id, &mut soft_errors);
    progress();

    let report = build(capture, context, id, &asked.outcomes, files, soft_errors);
    let stored = commit(&store, context, staging, capture, &report).map_err(in_store)?;
    if let Some(error) = mark(capture, capture_state::STORED, id, context) {
        tracing::debug!("{}", error.message);
    }
    capture.release();
    let reported = Reported { id, folder: stored, report };
    events::record(context, &reported, events::Change::Queued);
    Ok(reported)
}

/// Which setting wants no report of this program, if one does.
fn excluded(context: &Context, program: &str) -> Option<String> {
    let name = program.rsplit('/').next().unwrap_or(program);
    if context.settings.disabled() {
        return Some("the setting Disabled is 1".into());
    }
    context.settings.is_excluded(name).then(|| format!("[ExcludedApplications] lists {name}"))
}

/// Writes the state of reporting into the process's registration block, if it has one.
fn mark(capture: &Capture, state: u32, id: ReportId, context: &Context) -> Option<SoftError> {
    if capture.snapshot.registrations.block_address == 0 {
        return None;
    }
    capture.set_capture_state(state, id.0, &context.locations.store_root).err().map(|error| {
        let message =
            format!("The registration block could not be marked, so a second report may follow: {error}.");
        SoftError::new(Stage::Registration, message)
    })
}

/// Dumps and registered files, in the report's folder.
fn collect(
    capture: &Capture,
    context: &Context,
    staging: &Staging,
    id: ReportId,
    soft_errors: &mut Vec<SoftError>,
) -> Vec<AttachedFile> {
    let snapshot = &capture.snapshot;
    let wishes = dumps::Wishes { heap: context.settings.wants_heap_dump(&snapshot.process.executable) };
    let pending = dumps::copy(snapshot, capture.memory(), staging.folder(), id, wishes);
    let (mut files, missing) = pending.write(snapshot, staging.folder());
    soft_errors.extend(missing);
    let (registered, missing) = registered_files::copy(snapshot, context, staging.folder());
    files.extend(registered);
    soft_errors.extend(missing);
    files
}

fn build(
    capture: &Capture,
    context: &Context,
    id: ReportId,
    outcomes: &[ModuleOutcome],
    files: Vec<AttachedFile>,
    soft_errors: Vec<SoftError>,
) -> Report {
    let inputs = ReportInputs { id, files, soft_errors, waiting_reason: context.settings.waiting_reason() };
    wer_report::build_report(&capture.snapshot, outcomes, inputs)
}

fn commit(
    store: &Store,
    context: &Context,
    staging: Staging,
    capture: &Capture,
    report: &Report,
) -> Result<PathBuf, StoreError> {
    let metadata = wer_report::internal_metadata::to_bytes(report, &capture.snapshot);
    staging.write_file("WERInternalMetadata.xml", &metadata)?;
    let name = wer_report::folder_name(report);
    let stored = staging.commit(&name, &wer_report::report_wer::to_bytes(report), ReportState::Queued)?;
    store.enforce_quota(ReportState::Queued, context.settings.max_queue_count())?;
    Ok(stored.folder)
}
