//! One record of the event log, with the fields of Windows' event 1001 ("Windows Error Reporting") in their order.

use serde::{Deserialize, Serialize};

use crate::report::{Parameter, ReportId};

/// A record; one is written at each change of state.
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
