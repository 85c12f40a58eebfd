//! Limits of what is kept and listed.

use std::time::Duration;

/// Connections that read at the same time.
pub const MAX_READERS: u32 = 4;
/// Milliseconds for which a backup keeps blobs from being removed, unless it asks again.
pub const BACKUP_PAUSE_MS: i64 = 5 * 60 * 1000;
/// Milliseconds after which it asks again.
pub const BACKUP_PAUSE_RENEW_MS: u64 = 30_000;
/// Milliseconds that a caller waits for the one connection that writes.
pub const WRITER_WAIT_MS: u64 = 30_000;
/// Milliseconds that a caller waits for a connection to PostgreSQL, one that is made anew included.
pub const POSTGRES_WAIT_MS: u64 = 5_000;
/// Milliseconds for one commit of hits. A database that hangs, or whose machine is gone without a word, would keep it, and
/// all that wait behind it, for as long as the network's own limits are: a quarter of an hour.
pub const COMMIT_WAIT_MS: u64 = 60_000;
/// Buckets on one page.
pub const MAX_BUCKETS_LISTED: i64 = 200;
/// Reports of one bucket that are listed, newest first.
pub const MAX_REPORTS_LISTED: i64 = 100;
/// Days of a trend, today included.
pub const TREND_DAYS: usize = 30;
/// Bytes of a stored reading (JSON).
pub const MAX_READING_BYTES: usize = 64 * 1024 * 1024;
/// Characters of a job's last error that are kept.
pub const MAX_JOB_ERROR_CHARS: usize = 2_000;
/// Characters of one component of a symbol file's name.
pub const MAX_SYMBOL_NAME_CHARS: usize = 200;
/// Bytes of blobs of a distant store that are kept as files of this machine, where nothing else is said.
pub const DEFAULT_CACHE_BYTES: u64 = 4 << 30;
/// Bytes of one request to a store of objects; larger blobs go and come in parts of this size.
pub const S3_PART_BYTES: u64 = 8 << 20;
/// Blobs that are on their way to a store of objects at once; each has a part in memory.
pub const MAX_S3_PUTS_AT_ONCE: usize = 8;
/// Milliseconds for a connection to a store of objects.
pub const MAX_S3_CONNECT_MS: u64 = 5_000;
/// Milliseconds for one request to it.
pub const MAX_S3_REQUEST_MS: u64 = 60_000;
/// Further tries of one request to it.
pub const MAX_S3_TRIES: usize = 3;
/// Milliseconds after which a request to it is not tried again.
pub const MAX_S3_TRYING_MS: u64 = 10_000;
/// Milliseconds from storing a blob to the commit that names it; a commit that comes later is refused.
pub const MAX_PUT_TO_COMMIT_MS: i64 = 60 * 60 * 1000;
/// Milliseconds by which clocks of processes that share blobs may differ: bytes must be that much younger than the
/// removal of the same bytes.
pub const DOOM_MARGIN_MS: i64 = 30_000;
/// Milliseconds after which a removal that was cut is another process's to end.
pub const DOOM_TAKE_OVER_MS: i64 = 60 * 60 * 1000;
/// Milliseconds after which a removal is forgotten: more than [`MAX_PUT_TO_COMMIT_MS`] and [`DOOM_MARGIN_MS`].
pub const DOOM_FORGOTTEN_MS: i64 = 2 * 60 * 60 * 1000;
/// Findings of a check that are told one by one; the others are counted.
pub const MAX_FINDINGS_LISTED: usize = 10_000;
/// Connections of one process to PostgreSQL.
pub const MAX_POSTGRES_CONNECTIONS: u32 = 8;
/// A connection to PostgreSQL that has been idle for longer is tried before it is used.
pub const POSTGRES_TRUSTED_FOR: Duration = Duration::from_millis(100);
/// Bytes of a level 1 body, as it came, that is packed to be kept; a larger one is kept as it came.
pub const MAX_LEVEL1_BODY_BYTES: usize = 1 << 20;
/// Hits of one commit.
pub const MAX_GROUP: usize = 256;
/// Commits of hits that are under way at once. SQLite has one writer anyway; with PostgreSQL one commit can be counted
/// while another is synced.
pub const MAX_GROUPS_AT_ONCE: usize = 2;
/// Hits that must wait before a commit is begun beside another.
pub const MIN_GROUP_BESIDE: usize = 40;
/// The same on a database of this process's own.
pub const MIN_GROUP_BESIDE_ALONE: usize = 24;
/// Where the last commit had at least so many hits, the first of the next one waits for others.
pub const MIN_GROUP_TO_WAIT_FOR: usize = 8;
/// At most this long, and as long as the last commit took, unless as many as the last time are there before.
pub const MAX_GROUP_WAIT: Duration = Duration::from_millis(8);
/// Hits that wait for a commit.
pub const MAX_WAITING_HITS: usize = 1_024;
/// Labels whose numbers are kept in memory (about 100 bytes each).
pub const MAX_LABELS_IN_MEMORY: usize = 200_000;
/// Tries of a transaction that PostgreSQL gives up for another's sake.
pub const MAX_TRIES: u32 = 5;
/// Milliseconds for which a bucket that had no free place is not looked at again, where other processes may free one.
pub const CLOSED_FOR_MS: i64 = 15_000;
/// The same where this process alone does: it knows.
pub const CLOSED_ALONE_FOR_MS: i64 = 60_000;
/// Buckets without a free place that are remembered.
pub const MAX_CLOSED_IN_MEMORY: usize = 100_000;
/// Milliseconds after the end of an unused lease in which its machine is not asked again by the same bucket.
pub const ASK_AGAIN_MS: i64 = 24 * 60 * 60 * 1000;
/// Milliseconds after the end of an unused lease in which it still counts against its network's share.
pub const NETWORK_REST_MS: i64 = 60 * 60 * 1000;
/// Milliseconds for which an upload that has begun keeps its place.
pub const UPLOAD_HOLD_MS: i64 = 35 * 60 * 1000;
/// Milliseconds for which data policies and solutions are not read again; another process's change takes that long.
pub const ORDERS_GOOD_FOR_MS: i64 = 2_000;
/// Data policies, and solutions, that are in force at once, newest first.
pub const MAX_ORDERS: i64 = 1_000;
/// Products of all tenants together.
pub const MAX_PRODUCTS: i64 = 10_000;
/// Keys of one product that are good at once.
pub const MAX_GOOD_KEYS: i64 = 8;
/// Milliseconds for which products and keys are not read again; another process's change takes that long.
pub const PRODUCTS_GOOD_FOR_MS: i64 = 2_000;
/// Sources, tenants and machines whose floods are counted in one hour.
pub const MAX_FLOOD_KEYS: usize = 200_000;
/// Parts of the counters among which processes choose.
pub const SHARDS: u32 = 64;
/// Bytes of a piece that are copied in one step when an upload in pieces is put together.
pub const ASSEMBLE_STEP_BYTES: usize = 1024 * 1024;
/// Names of pieces in one question to the database.
pub const MAX_NAMES_ASKED: usize = 500;
/// Rows of the audit log that are read at once.
pub const AUDIT_STEP_ROWS: i64 = 1_000;
/// Characters of an actor, act or object in the audit log.
pub const MAX_AUDIT_TEXT_CHARS: usize = 500;
/// Bytes of an act's details, as JSON.
pub const MAX_AUDIT_DETAILS_BYTES: usize = 16 * 1024;
/// KiB of pages that the connection which writes to SQLite keeps in memory.
pub const SQLITE_CACHE_KIB: u32 = 32 * 1024;
/// Pages of SQLite's log after which it is to begin anew. (All but the last are written back by then.)
pub const SQLITE_LOG_PAGES: i64 = 4_000;
/// Milliseconds between two times at which SQLite's log is written back, while there are commits.
pub const SQLITE_CHECKPOINT_MS: u64 = 100;
/// The same while there are none.
pub const SQLITE_CHECKPOINT_IDLE_MS: u64 = 500;
/// Statements that a connection to SQLite keeps prepared.
pub const SQLITE_STATEMENTS: usize = 512;
/// Milliseconds for which pieces of a file that is on its way are kept.
pub const UPLOAD_KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Symbol uploads of one tenant that are begun and not swept; the oldest gives way.
pub const MAX_SYMBOL_UPLOADS: i64 = 1_024;
/// Debug files of one id that are listed.
pub const MAX_DEBUG_FILES_LISTED: i64 = 100;
/// Machines of a label and day that are counted exactly, a row each; beyond it a sketch is made of them.
pub const MAX_MACHINE_ROWS: i64 = 4_096;
/// Labels and days whose machines one roll-up counts.
pub const MAX_ROLLED_AT_ONCE: i64 = 10_000;
/// Rows of one transaction of a roll-up.
pub const ROLLUP_STEP_ROWS: i64 = 2_000;
/// Transactions of one kind in one roll-up; the next goes on.
pub const MAX_ROLLUP_STEPS: usize = 1_000;
/// Bytes of `erasures.log`: half a million machines.
pub const MAX_ERASURES_BYTES: u64 = 32 * 1024 * 1024;
/// Characters of one pattern of a rule.
pub const MAX_PATTERN_CHARS: usize = 512;
/// Stars of one pattern: matching takes time with each.
pub const MAX_PATTERN_STARS: usize = 8;
/// Patterns of a rule, and the highest number of a parameter.
pub const MAX_RULE_PARAMETERS: usize = 32;
/// Cabs of a data policy.
pub const MAX_WANTED: u32 = 10_000;
/// Files, keys, versions, queries of a data policy, each.
pub const MAX_WANTS: usize = 32;
/// Characters of one of them.
pub const MAX_WANT_CHARS: usize = 1_024;
/// Characters of a solution's URL.
pub const MAX_URL_CHARS: usize = 2_000;
/// Characters of a solution's text.
pub const MAX_ANSWER_CHARS: usize = 4_000;
/// Characters of a version.
pub const MAX_VERSION_CHARS: usize = 64;
/// Machines whose notes wait to be written.
pub const MAX_MACHINE_NOTES: usize = 50_000;
/// Machines of one transaction.
pub const MACHINE_NOTES_AT_ONCE: usize = 512;
/// Machines of which is known what was written (about 100 bytes each).
pub const MAX_MACHINES_IN_MEMORY: usize = 200_000;
/// Milliseconds for which what was written of a machine is good.
pub const MACHINE_NOTE_GOOD_FOR_MS: i64 = 60 * 60 * 1000;
/// Applications of one machine that are noted within that time, and that are listed.
pub const MAX_APPLICATIONS_OF_MACHINE: usize = 32;
