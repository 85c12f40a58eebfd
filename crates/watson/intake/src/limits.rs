//! Limits of what machines may send. The sizes that a site may want to change are settings with these defaults.

/// Default of `max_cab_bytes`.
pub const DEFAULT_MAX_CAB_BYTES: u64 = 512 * 1024 * 1024;
/// Default of `max_symbol_bytes`.
pub const DEFAULT_MAX_SYMBOL_BYTES: u64 = 1024 * 1024 * 1024;
/// Level 1 bodies in memory at the same time; others wait.
pub const MAX_LEVEL1_AT_ONCE: usize = 64;
/// Cabs and symbol files being received at the same time; others wait.
pub const MAX_UPLOADS_AT_ONCE: usize = 32;
/// Milliseconds that a request waits for its turn.
pub const MAX_TURN_WAIT_MS: u64 = 30_000;
/// Milliseconds between two pieces of a body.
pub const MAX_BODY_PAUSE_MS: u64 = 30_000;
/// Bytes of a refused body that are still read, so that its sender can read the answer.
pub const MAX_DRAIN_BYTES: u64 = 4 * 1024 * 1024;
/// Milliseconds for that.
pub const MAX_DRAIN_MS: u64 = 5_000;
/// Characters of a request path that is looked at.
pub const MAX_PATH_CHARS: usize = 4096;
/// Bytes of a symbol file's first line.
pub const MAX_MODULE_LINE_BYTES: usize = 1024;
/// Fields of a symbol upload's form.
pub const MAX_FORM_FIELDS: usize = 32;
/// Bytes of the form around the symbol file.
pub const MAX_FORM_EXTRA_BYTES: u64 = 64 * 1024;
