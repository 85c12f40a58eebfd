//! Limits of what machines may send. The sizes that a site may want to change are settings with these defaults.

/// Default of `max_cab_bytes`.
pub const DEFAULT_MAX_CAB_BYTES: u64 = 512 * 1024 * 1024;
/// Default of `max_symbol_bytes`.
pub const DEFAULT_MAX_SYMBOL_BYTES: u64 = 1024 * 1024 * 1024;
/// Level 1 bodies in memory at the same time; others wait.
pub const MAX_LEVEL1_AT_ONCE: usize = 256;
/// Milliseconds for the whole of a level 1 body, so that slow senders cannot keep all turns.
pub const MAX_LEVEL1_MS: u64 = 20_000;
/// Cabs being received at the same time; others wait. Each has a token.
pub const MAX_CABS_AT_ONCE: usize = 32;
/// Symbol files being received at the same time; others wait. They have no token, so they have turns of their own.
pub const MAX_SYMBOLS_AT_ONCE: usize = 8;
/// Milliseconds for the whole of a cab or symbol file.
pub const MAX_UPLOAD_MS: u64 = 30 * 60 * 1000;
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
