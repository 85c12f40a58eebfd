//! The event log's record of a report: the fields of event 1001.

use std::path::Path;

use wer_model::{EventRecord, Report};

use crate::folder_name::signature_hash;

/// `ReportStatus` of a report that was sent, as Windows' archived reports show it.
const STATUS_SENT: u32 = 0x1000_0000;
/// `ReportStatus` of a report that was not sent.
const STATUS_NOT_SENT: u32 = 4;
/// Event 1001.
const WER_EL_BUCKET_LOG: u32 = 1001;

/// `ReportStatus`: the two values that we use of those seen on Windows.
#[must_use]
pub const fn report_status(report: &Report) -> u32 {
    if report.upload_time_filetime.is_some() { STATUS_SENT } else { STATUS_NOT_SENT }
}

/// The record of a change of a report's state. `folder` is where the report lies now; `message` is one sentence for a
/// person. The time is left empty: the log stamps it.
#[must_use]
pub fn event_record(report: &Report, folder: &Path, message: &str) -> EventRecord {
    let reply = report.reply.clone().unwrap_or_default();
    EventRecord {
        time: String::new(),
        event_id: WER_EL_BUCKET_LOG,
        fault_bucket: reply.bucket.map(|bucket| bucket.to_string()).unwrap_or_default(),
        bucket_type: reply.bucket_table.and_then(|table| u32::try_from(table).ok()).unwrap_or(0),
        event_name: report.signature.event_type.clone(),
        response: reply.solution_url.unwrap_or_else(|| "Not available".into()),
        cab_id: "0".into(),
        parameters: report.signature.parameters.clone(),
        attached_files: report
            .files
            .iter()
            .map(|file| folder.join(&file.name).to_string_lossy().into_owned())
            .collect(),
        folder: folder.to_string_lossy().into_owned(),
        analysis_symbol: String::new(),
        rechecking: 0,
        report_id: report.id,
        report_status: report_status(report),
        hashed_bucket: signature_hash(report).chars().take(32).collect(),
        cab_guid: "00000000-0000-0000-0000-000000000000".into(),
        pid: report.pid,
        message: message.to_owned(),
        notes: notes(report),
    }
}

/// What modules did, why the report waits, and what is missing.
fn notes(report: &Report) -> Vec<String> {
    let modules = report.modules.iter().map(wer_model::ModuleOutcome::sentence);
    let waiting = Some(report.waiting_reason.clone()).filter(|reason| !reason.is_empty());
    let missing = report.soft_errors.iter().map(|error| error.message.clone());
    modules.chain(waiting).chain(missing).collect()
}
