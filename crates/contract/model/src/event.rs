//! Records of the event log, with the fields of Windows' events in their order: 1000 ("Application Error", a crash), 1001
//! ("Windows Error Reporting", a report's state) and 1002 ("Application Hang").

mod text;

use serde::{Deserialize, Serialize};

use crate::report::{Parameter, ReportId};

/// Event 1001; one is written at each change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// When, RFC 3339 UTC.
    pub time: String,
    /// Event id: 1001.
    pub event_id: u32,
    /// 1 Fault bucket; empty while unknown.
    pub fault_bucket: String,
    /// 2 Bucket type (`BucketTable`); 0 while unknown.
    pub bucket_type: u32,
    /// 3 Event name.
    pub event_name: String,
    /// 4 Response: an URL, or "Not available".
    pub response: String,
    /// 5 Cab id; 0 = none.
    pub cab_id: String,
    /// 6-15 P1..P10.
    pub parameters: Vec<Parameter>,
    /// 16 Attached files: full paths.
    pub attached_files: Vec<String>,
    /// 17 The report's folder.
    pub folder: String,
    /// 18 Analysis symbol.
    pub analysis_symbol: String,
    /// 19 Rechecking for solution: 0 or 1.
    pub rechecking: u32,
    /// 20 Report id.
    pub report_id: ReportId,
    /// 21 Report status.
    pub report_status: u32,
    /// 22 Hashed bucket.
    pub hashed_bucket: String,
    /// 23 Cab GUID; zero = none.
    pub cab_guid: String,
    /// Ours: pid of the crashed process.
    pub pid: u32,
    /// Ours: what happened, one sentence.
    pub message: String,
    /// Ours: sentences about modules and what is missing.
    pub notes: Vec<String>,
}

/// Event 1000: a program crashed. Texts are as Windows shows them: numbers hexadecimal with `0x`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashRecord {
    /// When, RFC 3339 UTC.
    pub time: String,
    /// Event id: 1000.
    pub event_id: u32,
    /// 1 File name of the executable.
    pub application_name: String,
    /// 2 Its version.
    pub application_version: String,
    /// 3 Its time stamp.
    pub application_timestamp: String,
    /// 4 The module that holds the instruction.
    pub module_name: String,
    /// 5 Its version.
    pub module_version: String,
    /// 6 Its time stamp.
    pub module_timestamp: String,
    /// 7 The NTSTATUS.
    pub exception_code: String,
    /// 8 The instruction's offset in the module.
    pub fault_offset: String,
    /// 9 The process's id.
    pub process_id: String,
    /// 10 When it was started, as a FILETIME.
    pub start_time: String,
    /// 11 Path of the executable.
    pub application_path: String,
    /// 12 Path of the module.
    pub module_path: String,
    /// 13 Report id; `None` where there is no report.
    pub report_id: Option<ReportId>,
    /// 14 Package; always empty here.
    pub package_full_name: String,
    /// 15 Application within the package; always empty here.
    pub package_application_id: String,
}

/// Event 1002: a program no longer answered. Windows' order of these fields is not documented.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangRecord {
    /// When, RFC 3339 UTC.
    pub time: String,
    /// Event id: 1002.
    pub event_id: u32,
    /// 1 File name of the executable.
    pub application_name: String,
    /// 2 Its version.
    pub application_version: String,
    /// 3 The process's id, hexadecimal with `0x`.
    pub process_id: String,
    /// 4 When it was started, as a FILETIME, hexadecimal with `0x`.
    pub start_time: String,
    /// 5 How long it took to end, milliseconds; 0 where it was left running.
    pub termination_time_ms: u64,
    /// 6 Path of the executable.
    pub application_path: String,
    /// 7 Report id; `None` where there is no report.
    pub report_id: Option<ReportId>,
    /// 8 Package; always empty here.
    pub package_full_name: String,
    /// 9 Application within the package; always empty here.
    pub package_application_id: String,
    /// 10 `Unknown` or `Cross-process`.
    pub hang_type: String,
}
