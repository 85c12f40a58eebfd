//! A report that a program made itself (`WerReportSubmit`). Nothing was captured, so it says what the program said.

use wer_model::{AttachedFile, ConsentChoice, Parameter, Report, ReportId, ReportType, Signature, SoftError};

use crate::signature::NO_VERSION;

/// What a generic report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericFacts {
    /// The report's id.
    pub id: ReportId,
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
    /// Of the process that it is about, or what the program said.
    pub application_name: String,
    /// The same of its path.
    pub application_path: String,
    /// The process.
    pub pid: u32,
    /// Its real user id.
    pub uid: u32,
    /// What the process registered.
    pub metadata: Vec<Parameter>,
    /// Files in the report's folder.
    pub files: Vec<AttachedFile>,
    /// What is missing.
    pub soft_errors: Vec<SoftError>,
    /// Why it will wait in the queue; empty = it will not.
    pub waiting_reason: String,
}

/// Builds the report.
#[must_use]
pub fn build_generic_report(facts: GenericFacts) -> Report {
    let friendly_event_name = if facts.friendly_event_name.is_empty() {
        facts.signature.event_type.clone()
    } else {
        facts.friendly_event_name
    };
    Report {
        id: facts.id,
        report_type: facts.report_type,
        signature: facts.signature,
        event_time_filetime: facts.event_time_filetime,
        upload_time_filetime: None,
        consent: ConsentChoice::NotAsked,
        consent_key: facts.consent_key,
        submit_flags: 0,
        application_name: facts.application_name,
        application_path: facts.application_path,
        application_version: NO_VERSION.into(),
        friendly_event_name,
        pid: facts.pid,
        uid: facts.uid,
        capture_source: "live".into(),
        dynamic_signature: Vec::new(),
        metadata: facts.metadata,
        loaded_modules: Vec::new(),
        os_info: Vec::new(),
        files: facts.files,
        last_words: None,
        modules: Vec::new(),
        soft_errors: facts.soft_errors,
        reply: None,
        waiting_reason: facts.waiting_reason,
    }
}
