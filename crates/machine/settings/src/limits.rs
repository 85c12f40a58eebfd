//! Limits of settings files.

use std::time::Duration;

/// How long a writer waits for another one.
pub const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often it looks.
pub const LOCK_POLL: Duration = Duration::from_millis(5);
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
/// Bytes of one registry export.
pub const MAX_REGISTRY_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Keys and values of one registry export.
pub const MAX_REGISTRY_ENTRIES: usize = 100_000;
/// Bytes of one value in a registry export, as written.
pub const MAX_REGISTRY_VALUE_BYTES: usize = 1024 * 1024;
