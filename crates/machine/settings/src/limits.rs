//! Limits of settings files.

/// Bytes of one settings file.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Entries of one table that lists programs, modules or events.
pub const MAX_LIST_ENTRIES: usize = 10_000;
/// Characters of a text value.
pub const MAX_TEXT_CHARS: usize = 4096;
/// Warnings kept of one file.
pub const MAX_WARNINGS: usize = 100;
/// Largest `MaxArchiveCount` (Windows' own).
pub const MAX_ARCHIVE_COUNT: u32 = 5000;
/// Largest `MaxQueueCount` (Windows' own).
pub const MAX_QUEUE_COUNT: u32 = 500;
/// Largest `DumpCount`.
pub const MAX_DUMP_COUNT: u32 = 10_000;
/// Longest time that a crashing process is held, milliseconds.
pub const MAX_HOLD_MS: u32 = 600_000;
