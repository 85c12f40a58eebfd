//! Limits of the server itself; those of bodies are the intake's.

/// Default of `max_connections`: connections of one listener at the same time; others wait in the system's queue.
pub const MAX_CONNECTIONS: usize = 1024;
/// Milliseconds in which a connection must have become TLS.
pub const MAX_HANDSHAKE_MS: u64 = 10_000;
/// Milliseconds between two looks at the certificate's files.
pub const TLS_FILES_POLL_MS: u64 = 10_000;
/// Characters of a password, at least.
pub const MIN_PASSWORD_CHARS: usize = 10;
/// Characters of a password, at most.
pub const MAX_PASSWORD_CHARS: usize = 256;
/// Passwords that are compared at the same time; each takes 19 MiB for a moment.
pub const MAX_PASSWORDS_AT_ONCE: usize = 2;
/// Failed logins that cost nothing but themselves.
pub const FREE_LOGIN_FAILURES: u32 = 5;
/// Milliseconds that a failed login makes the next one wait, at most.
pub const MAX_LOGIN_WAIT_MS: i64 = 15 * 60 * 1000;
/// Names, and addresses, whose failed logins are remembered.
pub const MAX_LOGINS_REMEMBERED: usize = 1_000;
/// Milliseconds for which a session is good.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
/// Bytes of a login's form.
pub const MAX_LOGIN_BYTES: usize = 8 * 1024;
/// Default of `max_head_seconds`, in milliseconds: a request's head must have come in that time.
pub const MAX_HEAD_MS: u64 = 15_000;
/// Default of `max_head_bytes`: bytes of a request's head.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Fields of a request's head.
pub const MAX_HEAD_FIELDS: usize = 100;
/// Milliseconds in which a page must begin.
pub const MAX_PAGE_MS: u64 = 30_000;
/// Milliseconds that open requests have to end when the server stops.
pub const MAX_SHUTDOWN_MS: u64 = 10_000;
/// Milliseconds in which the store must have answered for the server to be ready.
pub const MAX_READY_MS: u64 = 5_000;
/// Milliseconds for which `/metrics` waits for figures of the store.
pub const MAX_FIGURES_MS: u64 = 3_000;
/// Milliseconds for which the doctor waits for an answer.
pub const DOCTOR_WAIT_MS: u64 = 10_000;
/// Bytes of an answer that it reads.
pub const MAX_DOCTOR_ANSWER_BYTES: u64 = 64 * 1024;
/// Free bytes below which it warns.
pub const DOCTOR_LITTLE_ROOM_BYTES: u64 = 5 << 30;
/// Free bytes below which nothing is taken for long.
pub const DOCTOR_NO_ROOM_BYTES: u64 = 256 << 20;
/// Milliseconds between two clocks of which it warns.
pub const DOCTOR_SKEW_MS: i64 = 5_000;
/// Milliseconds between two clocks that are an error.
pub const DOCTOR_MAX_SKEW_MS: i64 = 5 * 60 * 1000;
/// Milliseconds for which an analysis may be due before it warns.
pub const DOCTOR_STUCK_JOB_MS: i64 = 60 * 60 * 1000;
/// Days before its end in which a certificate should be renewed.
pub const DOCTOR_CERTIFICATE_DAYS: i64 = 21;
/// Descriptors below which it warns: connections, blobs, the database, children.
pub const DOCTOR_FEW_FILES: u64 = 4_096;
/// Analyses at the same time.
pub const MAX_ANALYSES_AT_ONCE: usize = 2;
/// Attempts after which a cab is poison.
pub const MAX_ATTEMPTS: i64 = 3;
/// Milliseconds before a second attempt, once per attempt made.
pub const RETRY_DELAY_MS: i64 = 5_000;
/// Milliseconds for which a taken job is nobody else's: more than an analysis may last.
pub const JOB_HOLD_MS: i64 = 15 * 60 * 1000;
/// Milliseconds after which the worker looks for due jobs when nobody has rung.
pub const JOB_POLL_MS: u64 = 1_000;
/// Milliseconds to wait after accepting a connection failed (no descriptors left).
pub const ACCEPT_RETRY_MS: u64 = 100;

/// Files of cabs being downloaded at the same time; others wait.
pub const MAX_MEMBERS_AT_ONCE: usize = 4;
/// Milliseconds in which a file of a cab must be found.
pub const MAX_MEMBER_MS: u64 = 60_000;
/// Seconds of processor time for unpacking it.
pub const MAX_MEMBER_CPU_SECONDS: u64 = 60;
/// Bytes of address space for that.
pub const MAX_MEMBER_SPACE_BYTES: u64 = 2 << 30;
/// Bytes of a cab that are unpacked.
pub const MAX_CAB_IN_MEMORY_BYTES: u64 = 1 << 30;
/// Bytes of what the child is asked.
pub const MAX_MEMBER_REQUEST_BYTES: u64 = 64 * 1024;
/// Milliseconds between two looks for uploads that were never finished.
pub const OLD_UPLOADS_EVERY_MS: u64 = 60 * 60 * 1000;
/// Milliseconds for which pieces of uploads are kept: a machine that works off a queue may come back a week later.
pub const CHUNKS_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Milliseconds without a byte that end a recorded body whose end cannot be told otherwise.
pub const RECORD_PAUSE_MS: u64 = 2_000;
/// Milliseconds between two times at which processes tell each other what products have spent.
pub const SHARE_SPENT_EVERY_MS: u64 = 5_000;
/// Milliseconds between two roll-ups.
pub const ROLL_UP_EVERY_MS: u64 = 15 * 60 * 1000;

/// Milliseconds that a command waits for a server's answer.
pub const MAX_COMMAND_MS: u64 = 60_000;
/// Bytes of a file with certificates that a command reads.
pub const MAX_CERTIFICATE_BYTES: u64 = 1024 * 1024;
/// Bytes of an answer that a command reads.
pub const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// Items of a list that a command reads.
pub const MAX_LISTED: usize = 1_000_000;

/// Milliseconds between two looks for machines that have reported.
pub const WRITE_MACHINES_EVERY_MS: u64 = 5_000;
/// Milliseconds between two transactions of them: hits go first.
pub const WRITE_MACHINES_PAUSE_MS: u64 = 200;
/// Hours for which bytes that nothing names are kept, where nothing else is said.
pub const DEFAULT_ORPHAN_GRACE_HOURS: u32 = 24;
/// Milliseconds between two sweeps of such bytes; less than a removal is remembered, so that every process forgets its
/// copies.
pub const SWEEP_EVERY_MS: u64 = 60 * 60 * 1000;
/// Default of `slow_bytes`: bytes by which a client shows that it keeps pace.
pub const MIN_BYTES_PER_INTERVAL: u64 = 4 * 1024;
/// Default of `slow_after_seconds`, in milliseconds: without so many bytes a client is slow then, while it is waited for.
pub const SLOW_AFTER_MS: u64 = 5_000;
/// Default of `max_slow_seconds`, in milliseconds: without so many bytes it is cut off then, while it sends a body or reads
/// an answer.
pub const MAX_SLOW_MS: u64 = 30_000;
/// Default of `max_slow_per_source`: slow connections of one source.
pub const MAX_SLOW_PER_SOURCE: usize = 64;
