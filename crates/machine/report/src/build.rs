//! From snapshot, modules and inputs to a report.

use wer_abi::limits::{
    MAX_LAST_WORDS_BYTES, WER_MAX_REGISTERED_METADATA, WER_METADATA_KEY_MAX_LENGTH,
    WER_METADATA_VALUE_MAX_LENGTH,
};
use wer_model::{
    AttachedFile, ConsentChoice, LastWords, LastWordsSource, ModuleOutcome, Parameter, Report, ReportId,
    ReportType, SoftError, Statement,
};
use wer_snapshot::ProcessSnapshot;

use crate::filetime;
use crate::limits::{MAX_LIST_ENTRIES, MAX_LOADED_MODULES, MAX_SENTENCE_CHARS, MAX_SOFT_ERRORS};
use crate::signature::{self, NO_VERSION, cut_utf16};

/// What a report needs beside the snapshot and the modules' answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportInputs {
    /// The report's id.
    pub id: ReportId,
    /// Dumps and registered files in its folder.
    pub files: Vec<AttachedFile>,
    /// What later stages could not have; comes after the snapshot's own.
    pub soft_errors: Vec<SoftError>,
    /// Why it will wait in the queue; empty = it will not.
    pub waiting_reason: String,
}

/// `PROCESSOR_ARCHITECTURE_AMD64`, `OsInfo` arch.
const ARCHITECTURE_AMD64: &str = "9";
/// `LOCALE_INVARIANT`: the captured process's locale is not looked for.
const LOCALE_INVARIANT: &str = "127";

/// Builds the report of one process. `outcomes` is in the order of registration; a claim decides event name and pairs.
#[must_use]
pub fn build_report(snapshot: &ProcessSnapshot, outcomes: &[ModuleOutcome], inputs: ReportInputs) -> Report {
    let crashed = snapshot.exception.is_some();
    let mut soft_errors = snapshot.soft_errors.clone();
    soft_errors.extend(inputs.soft_errors);
    Report {
        id: inputs.id,
        report_type: if crashed { ReportType::ApplicationCrash } else { ReportType::NonCritical },
        signature: signature::signature(snapshot, outcomes),
        event_time_filetime: filetime::from_unix_ns(snapshot.process.capture_time_unix_ns),
        upload_time_filetime: None,
        consent: ConsentChoice::NotAsked,
        consent_key: String::new(),
        submit_flags: 0,
        application_name: signature::application_name(snapshot),
        application_path: snapshot.process.executable.clone(),
        application_version: signature::executable(snapshot)
            .map_or_else(|| NO_VERSION.into(), signature::version),
        friendly_event_name: if crashed { "Stopped working" } else { "Captured while running" }.into(),
        statement: Statement::default(),
        pid: snapshot.process.pid,
        uid: snapshot.process.uid,
        capture_source: snapshot.source.name().into(),
        dynamic_signature: dynamic_signature(snapshot),
        metadata: metadata(snapshot),
        loaded_modules: loaded_modules(snapshot),
        os_info: os_info(snapshot),
        files: inputs.files.into_iter().take(MAX_LIST_ENTRIES).collect(),
        last_words: last_words(snapshot),
        modules: outcomes.iter().take(MAX_LIST_ENTRIES).cloned().collect(),
        soft_errors: limited(soft_errors),
        reply: None,
        waiting_reason: inputs.waiting_reason,
    }
}

pub(crate) fn dynamic_signature(snapshot: &ProcessSnapshot) -> Vec<(u32, Parameter)> {
    vec![
        (1, Parameter::new("OS Version", &snapshot.system.kernel_release)),
        (2, Parameter::new("Locale ID", LOCALE_INVARIANT)),
    ]
}

pub(crate) fn metadata(snapshot: &ProcessSnapshot) -> Vec<Parameter> {
    let pairs = snapshot.registrations.metadata().take(WER_MAX_REGISTERED_METADATA);
    pairs
        .map(|(key, value)| {
            Parameter::new(
                cut_utf16(key, WER_METADATA_KEY_MAX_LENGTH),
                cut_utf16(value, WER_METADATA_VALUE_MAX_LENGTH),
            )
        })
        .collect()
}

pub(crate) fn loaded_modules(snapshot: &ProcessSnapshot) -> Vec<String> {
    snapshot.modules.iter().take(MAX_LOADED_MODULES).map(|module| module.path.clone()).collect()
}

/// Windows' keys where they mean the same, then ours.
pub(crate) fn os_info(snapshot: &ProcessSnapshot) -> Vec<Parameter> {
    let system = &snapshot.system;
    let mut numbers = system.kernel_release.split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next().filter(|digits| !digits.is_empty()).unwrap_or("0").to_owned();
    vec![
        Parameter::new("vermaj", next()),
        Parameter::new("vermin", next()),
        Parameter::new("verbld", next()),
        Parameter::new("arch", ARCHITECTURE_AMD64),
        Parameter::new("lcid", LOCALE_INVARIANT),
        Parameter::new("distribution", &system.distribution),
        Parameter::new("uname", &system.uname),
        Parameter::new("processors", system.processor_count.to_string()),
    ]
}

/// What the capture found; else what the process registered.
fn last_words(snapshot: &ProcessSnapshot) -> Option<LastWords> {
    let registered = || {
        let text = snapshot.registrations.last_words.clone().filter(|text| !text.is_empty())?;
        Some(LastWords { source: LastWordsSource::Application, text })
    };
    let words = snapshot.last_words.clone().or_else(registered)?;
    Some(LastWords { text: cut_bytes(&words.text, MAX_LAST_WORDS_BYTES).to_owned(), ..words })
}

fn cut_bytes(text: &str, limit_bytes: usize) -> &str {
    let end = text.floor_char_boundary(limit_bytes.min(text.len()));
    text.get(..end).unwrap_or_default()
}

pub(crate) fn limited(soft_errors: Vec<SoftError>) -> Vec<SoftError> {
    let shorten = |error: SoftError| SoftError {
        message: error.message.chars().take(MAX_SENTENCE_CHARS).collect(),
        ..error
    };
    soft_errors.into_iter().take(MAX_SOFT_ERRORS).map(shorten).collect()
}
