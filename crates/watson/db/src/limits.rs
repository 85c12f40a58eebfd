//! Limits of what is kept and listed.

/// Connections that read at the same time.
pub const MAX_READERS: u32 = 4;
/// Milliseconds that a caller waits for the one connection that writes.
pub const WRITER_WAIT_MS: u64 = 30_000;
/// Buckets on one page.
pub const MAX_BUCKETS_LISTED: i64 = 200;
/// Reports of one bucket that are listed, newest first.
pub const MAX_REPORTS_LISTED: i64 = 100;
/// Days of a trend, today included.
pub const TREND_DAYS: usize = 30;
/// Days before today in which an event time is believed for the trend; other hits count on the day they arrive.
pub const MAX_EVENT_AGE_DAYS: i64 = 35;
/// Bytes of a stored reading (JSON).
pub const MAX_READING_BYTES: usize = 64 * 1024 * 1024;
/// Characters of a job's last error that are kept.
pub const MAX_JOB_ERROR_CHARS: usize = 2_000;
/// Characters of one component of a symbol file's name.
pub const MAX_SYMBOL_NAME_CHARS: usize = 200;
