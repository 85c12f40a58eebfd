//! Limits of the store and of the event log.

use std::time::Duration;

/// Bytes of a `Report.wer` that are read.
pub const MAX_REPORT_WER_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of any other file of a report that are read at once.
pub const MAX_READ_BYTES: u64 = 64 * 1024 * 1024;
/// Folders of one state that are looked at.
pub const MAX_FOLDERS: usize = 20_000;
/// Files of one report that are looked at.
pub const MAX_FILES: usize = 2_000;
/// Bytes of a file name.
pub const MAX_NAME_BYTES: usize = 255;
/// Depth to which a folder is removed; ours have no folders within.
pub const MAX_DEPTH: usize = 8;
/// Times that a folder is read while it is emptied, [`MAX_FILES`] names each time.
pub const MAX_REMOVE_PASSES: usize = 64;
/// Staging folders of one report id at one time.
pub const MAX_STAGINGS: usize = 16;
/// How long a step waits for another process's step.
pub const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often it looks.
pub const LOCK_POLL: Duration = Duration::from_millis(5);
/// A leftover in `Temp` that nobody holds is removed at this age.
pub const LEFTOVER_AGE: Duration = Duration::from_secs(60);
/// Signatures whose sent cabs are remembered; the oldest are forgotten.
pub const MAX_SENT_CABS: usize = 10_000;
/// Bytes of the event log before it is rotated.
pub const MAX_EVENT_LOG_BYTES: u64 = 4 * 1024 * 1024;
/// Older event logs that are kept.
pub const MAX_OLDER_EVENT_LOGS: usize = 4;
/// Bytes of one line of the event log that are read.
pub const MAX_EVENT_LINE_BYTES: u64 = 1024 * 1024;
/// Bytes of one journal message; longer ones are not sent.
pub const MAX_JOURNAL_BYTES: usize = 128 * 1024;
