//! The report of a hang: AppHangB1 with P1..P5, or AppHangXProcB1 with P1..P7 where it waits on another process.

use wer_model::{ModuleOutcome, ReportType};
use wer_snapshot::ProcessSnapshot;

use crate::build::{ReportInputs, build_report};
use crate::signature;

/// What is known of a hang beside the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HangFacts {
    /// P4, four hex digits: the same wherever this hang happens again.
    pub signature: String,
    /// P5, a decimal code.
    pub hang_type: u32,
    /// P6: file name of the other program that it waits on, where it does.
    pub waiting_on: Option<String>,
}

/// Builds the report of a process that hangs. A module's claim decides event name and pairs, as for a crash.
#[must_use]
pub fn build_hang_report(
    snapshot: &ProcessSnapshot,
    outcomes: &[ModuleOutcome],
    inputs: ReportInputs,
    facts: &HangFacts,
) -> wer_model::Report {
    wer_model::Report {
        report_type: ReportType::ApplicationHang,
        signature: signature::hang_signature(snapshot, outcomes, facts),
        friendly_event_name: "Stopped responding".into(),
        ..build_report(snapshot, outcomes, inputs)
    }
}
