//! The event log's records: of a crash (event 1000), of a report's state (1001) and of a hang (1002).

use std::path::Path;

use wer_model::{CrashRecord, EventRecord, HangRecord, Report, ReportId};
use wer_snapshot::ProcessSnapshot;

use crate::folder_name::signature_hash;
use crate::{filetime, signature};

/// `ReportStatus` of a report that was sent, as Windows' archived reports show it.
const STATUS_SENT: u32 = 0x1000_0000;
/// `ReportStatus` of a report that was not sent.
const STATUS_NOT_SENT: u32 = 4;
/// Event 1000.
const APPLICATION_ERROR: u32 = 1000;
/// Event 1002.
const APPLICATION_HANG: u32 = 1002;
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

/// The record of a crash, whatever event name a handler module gave its report. The time is left empty: the log stamps it.
#[must_use]
pub fn crash_record(snapshot: &ProcessSnapshot, report_id: Option<ReportId>) -> CrashRecord {
    let parameters = signature::signature(snapshot, &[]).parameters;
    let value = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.map(|parameter| parameter.value.clone()).unwrap_or_default()
    };
    let hexadecimal = |name: &str| {
        Some(value(name)).filter(|v| !v.is_empty()).map_or_else(String::new, |v| format!("0x{v}"))
    };
    // Where no module holds the instruction it is text (`PCH_...`).
    let offset = value("Exception Offset");
    let fault_offset = if offset.starts_with("PCH_") { offset } else { hexadecimal("Exception Offset") };
    let module_name = value("Fault Module Name");
    let module = snapshot.modules.iter().find(|module| file_name(&module.path) == module_name);
    CrashRecord {
        time: String::new(),
        event_id: APPLICATION_ERROR,
        application_name: value("Application Name"),
        application_version: value("Application Version"),
        application_timestamp: hexadecimal("Application Timestamp"),
        module_version: value("Fault Module Version"),
        module_timestamp: hexadecimal("Fault Module Timestamp"),
        exception_code: hexadecimal("Exception Code"),
        fault_offset,
        process_id: format!("0x{:x}", snapshot.process.pid),
        start_time: start_time(snapshot),
        application_path: snapshot.process.executable.clone(),
        module_path: module.map_or_else(|| "unknown".into(), |module| module.path.clone()),
        module_name,
        report_id,
        package_full_name: String::new(),
        package_application_id: String::new(),
    }
}

/// The record of a hang. `termination_time_ms` is how long the process took to end, 0 where it was left running;
/// `hang_type` is `Unknown` or `Cross-process`. The time is left empty: the log stamps it.
#[must_use]
pub fn hang_record(
    snapshot: &ProcessSnapshot,
    report_id: Option<ReportId>,
    hang_type: &str,
    termination_time_ms: u64,
) -> HangRecord {
    HangRecord {
        time: String::new(),
        event_id: APPLICATION_HANG,
        application_name: signature::application_name(snapshot),
        application_version: signature::executable(snapshot)
            .map_or_else(|| signature::NO_VERSION.into(), signature::version),
        process_id: format!("0x{:x}", snapshot.process.pid),
        start_time: start_time(snapshot),
        termination_time_ms,
        application_path: snapshot.process.executable.clone(),
        report_id,
        package_full_name: String::new(),
        package_application_id: String::new(),
        hang_type: hang_type.to_owned(),
    }
}

fn start_time(snapshot: &ProcessSnapshot) -> String {
    format!("0x{:x}", filetime::from_unix_ns(snapshot.process.start_time_unix_ns))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What modules did, why the report waits, and what is missing.
fn notes(report: &Report) -> Vec<String> {
    let modules = report.modules.iter().map(wer_model::ModuleOutcome::sentence);
    let waiting = Some(report.waiting_reason.clone()).filter(|reason| !reason.is_empty());
    let missing = report.soft_errors.iter().map(|error| error.message.clone());
    modules.chain(waiting).chain(missing).collect()
}
