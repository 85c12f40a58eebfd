//! Limits of requests and answers.

/// Bytes of a request's body.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Rows of one answer, where the request does not say.
pub const DEFAULT_ROWS: i64 = 100;
/// Rows of one answer at most.
pub const MAX_ROWS: i64 = 1_000;
/// Characters of a cursor.
pub const MAX_CURSOR_CHARS: usize = 200;
/// Pieces of an export that wait for a slow reader.
pub const MAX_WAITING_PIECES: usize = 4;
/// Seconds after which a client that found the store busy may come again.
pub const RETRY_AFTER_SECONDS: &str = "5";
/// Passwords that are hashed at once.
pub const MAX_PASSWORDS_AT_ONCE: usize = 2;
/// Days of one count of machines.
pub const MAX_MACHINE_DAYS: i64 = 366;
/// Milliseconds for which bytes that nothing names are no finding of a check: their upload may be under way.
pub const FSCK_GRACE_MS: i64 = 24 * 60 * 60 * 1000;
