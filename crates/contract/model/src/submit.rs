//! What came of sending a report, and what the server said.

use serde::{Deserialize, Serialize};

/// `WER_SUBMIT_RESULT`, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum SubmitResult {
    /// 1: it waits in the queue.
    ReportQueued = 1,
    /// 2: parameters were sent, and the server wanted no more.
    ReportUploaded = 2,
    /// 3: the user chose to debug.
    ReportDebug = 3,
    /// 4: it failed for good.
    ReportFailed = 4,
    /// 5: reporting is disabled.
    WerDisabled = 5,
    /// 6: the user cancelled.
    ReportCancelled = 6,
    /// 7: the queue is disabled.
    DisabledQueue = 7,
    /// 8: another process goes on with it.
    ReportAsync = 8,
    /// 9: the application's own action.
    CustomAction = 9,
    /// 10: one cab per event type was sent already.
    Throttled = 10,
    /// 11: parameters and a cab were sent.
    ReportUploadedCab = 11,
    /// 12: there is no store.
    StorageLocationNotFound = 12,
}

/// Bits of [`Report::submit_flags`](crate::Report::submit_flags) above those of Windows.
pub mod submit_marks {
    /// The consent was given by the application, not by a person.
    pub const CONSENT_OF_APPLICATION: u32 = 0x1_0000;
    /// The user whose program it is about could have traced it, so that user's settings count too.
    pub const USER_DECIDES: u32 = 0x2_0000;
}

/// Bits of [`AttachedFile::flags`](crate::AttachedFile::flags) above those of Windows' interface, which are the low 16.
pub mod file_marks {
    /// The file is dropped where its report waits in the queue: `WER_DUMP_NOHEAP_ONQUEUE`,
    /// `WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE`.
    pub const DROP_WHEN_QUEUED: u32 = 0x4000_0000;
    /// The file takes the place of those that are dropped where the report waits, and joins no cab beside them.
    pub const STANDS_IN: u32 = 0x2000_0000;
}

/// What the server answered to the first level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketReply {
    /// `Bucket=`.
    pub bucket: Option<u64>,
    /// `BucketTable=`.
    pub bucket_table: Option<u64>,
    /// `Response=` where it is an URL: more information or a solution.
    pub solution_url: Option<String>,
    /// `SolutionText=`: what to do, for people; several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_text: Option<String>,
    /// `SolutionFixedIn=`: the version that has the fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_fixed_in: Option<String>,
}

/// The end of one attempt to send one report. The joiner records it; nothing flows back by import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitOutcome {
    /// As `WerReportSubmit` would give it.
    pub result: SubmitResult,
    /// What the server said, if it was reached.
    pub reply: Option<BucketReply>,
    /// Names of the files that went into the cab.
    pub sent_files: Vec<String>,
    /// For a person: why it waits or failed, and what to do.
    pub explanation: String,
    /// Seconds for which the server wants to be left alone: it has too much to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}
