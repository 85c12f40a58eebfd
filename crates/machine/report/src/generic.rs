//! A report that a program made itself (`WerReportSubmit`): what it said, and what could be seen of the process that it
//! is about. Neither crashed: what the program said counts for more.

use wer_model::{ConsentChoice, Report, ReportType, Signature, Statement};
use wer_snapshot::ProcessSnapshot;

use crate::build::{self, ReportInputs};
use crate::limits::MAX_LIST_ENTRIES;
use crate::signature::{self, NO_VERSION};

/// The capture source of a report whose process could not be looked at.
const NOT_SEEN: &str = "not_seen";

/// What a program said of its report, and which process it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericFacts {
    /// Its type.
    pub report_type: ReportType,
    /// Event type and parameters.
    pub signature: Signature,
    /// When it was submitted, FILETIME.
    pub event_time_filetime: u64,
    /// Empty = the event type.
    pub consent_key: String,
    /// Empty = the event type.
    pub friendly_event_name: String,
    /// Empty = the file name of the executable.
    pub application_name: String,
    /// Empty = the path of the executable.
    pub application_path: String,
    /// The rest of what it said.
    pub statement: Statement,
    /// The process.
    pub pid: u32,
    /// Its real user id.
    pub uid: u32,
    /// Path of its executable; empty = unknown.
    pub executable: String,
}

/// Builds the report. `seen` is the process, where it could be looked at.
#[must_use]
pub fn build_generic_report(
    seen: Option<&ProcessSnapshot>,
    facts: GenericFacts,
    inputs: ReportInputs,
) -> Report {
    let program = facts.executable.rsplit('/').next().unwrap_or_default().to_owned();
    let or = |said: String, known: String| if said.is_empty() { known } else { said };
    let mut soft_errors = seen.map(|seen| seen.soft_errors.clone()).unwrap_or_default();
    soft_errors.extend(inputs.soft_errors);
    Report {
        id: inputs.id,
        report_type: facts.report_type,
        friendly_event_name: or(facts.friendly_event_name, facts.signature.event_type.clone()),
        signature: facts.signature,
        event_time_filetime: facts.event_time_filetime,
        upload_time_filetime: None,
        consent: ConsentChoice::NotAsked,
        consent_key: facts.consent_key,
        submit_flags: 0,
        application_name: or(facts.application_name, program),
        application_path: or(facts.application_path, facts.executable),
        application_version: seen
            .and_then(signature::executable)
            .map_or_else(|| NO_VERSION.into(), signature::version),
        statement: facts.statement,
        pid: facts.pid,
        uid: facts.uid,
        capture_source: seen.map_or(NOT_SEEN, |seen| seen.source.name()).into(),
        dynamic_signature: seen.map(build::dynamic_signature).unwrap_or_default(),
        metadata: seen.map(build::metadata).unwrap_or_default(),
        loaded_modules: seen.map(build::loaded_modules).unwrap_or_default(),
        os_info: seen.map(build::os_info).unwrap_or_default(),
        files: inputs.files.into_iter().take(MAX_LIST_ENTRIES).collect(),
        last_words: None,
        modules: Vec::new(),
        soft_errors: build::limited(soft_errors),
        reply: None,
        waiting_reason: inputs.waiting_reason,
    }
}
