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
pub const MAX_TURN_WAIT_MS: u64 = 10_000;
/// Milliseconds between two pieces of a body.
pub const MAX_BODY_PAUSE_MS: u64 = 30_000;
/// Bytes of a refused body that are still read, so that its sender can read the answer.
pub const MAX_DRAIN_BYTES: u64 = 4 * 1024 * 1024;
/// Milliseconds for that.
pub const MAX_DRAIN_MS: u64 = 5_000;
/// Characters of a host in `DumpServer`.
pub const MAX_DUMP_SERVER_CHARS: usize = 255;
/// Characters of a key that is looked at.
pub const MAX_KEY_CHARS: usize = 256;
/// Sources whose quotas are remembered; beyond that they share one.
pub const MAX_QUOTA_SOURCES: usize = 65_536;
/// Minutes' worth of requests that a source may send at once.
pub const QUOTA_BURST_MINUTES: u64 = 5;
/// Milliseconds after which a full table of sources is looked through again.
pub const QUOTA_SWEEP_MS: u64 = 1_000;
/// Default of `reports_per_minute`: a company behind one address crashes less.
pub const DEFAULT_REPORTS_PER_MINUTE: u32 = 6_000;
/// Default of `uploads_per_minute`.
pub const DEFAULT_UPLOADS_PER_MINUTE: u32 = 600;
/// Products whose usual rate is remembered; beyond that they share one.
pub const MAX_SPIKE_PRODUCTS: usize = 4_096;
/// Limits of products of which is remembered what was spent, though it is known to the store.
pub const MAX_LEDGER_PRODUCTS: usize = 20_000;
/// How many times of what is usual is a spike.
pub const SPIKE_FACTOR: u64 = 10;
/// Crashes in a minute that are no spike, whatever is usual.
pub const SPIKE_FLOOR_PER_MINUTE: u64 = 60;
/// Minutes over which what is usual is learnt.
pub const SPIKE_MEMORY_MINUTES: u64 = 60;
/// Characters of a request path that is looked at.
pub const MAX_PATH_CHARS: usize = 4096;
/// Bytes of a symbol file's first line.
pub const MAX_MODULE_LINE_BYTES: usize = 1024;
/// Bytes of the form around the symbol file.
pub const MAX_FORM_EXTRA_BYTES: u64 = 64 * 1024;

/// Parts of a form.
pub const MAX_FORM_PARTS: usize = 256;
/// Bytes of a part's head.
pub const MAX_PART_HEAD_BYTES: usize = 16 * 1024;
/// Bytes before a form's first boundary.
pub const MAX_PREAMBLE_BYTES: usize = 4 * 1024;
/// Characters of a part's name and of its file name that are kept.
pub const MAX_PART_NAME_CHARS: usize = 512;
/// Bytes of a form's boundary.
pub const MAX_BOUNDARY_BYTES: usize = 200;
/// Bytes that are unpacked in one step.
pub const INFLATE_STEP_BYTES: usize = 64 * 1024;
/// Bytes that may come out whatever went in; beyond that [`MAX_INFLATE_RATIO`] holds.
pub const FREE_INFLATED_BYTES: u64 = 32 * 1024 * 1024;
/// How many bytes may come out for one that went in. Dumps shrink to a tenth, bombs to a thousandth and less.
pub const MAX_INFLATE_RATIO: u64 = 200;
/// Members of one compressed body.
pub const MAX_INFLATE_MEMBERS: u32 = 64;
/// Bytes of memory for one unpacking (xz names what it needs in its head; zstd's window is 27 bits at most).
pub const MAX_INFLATE_MEMORY_BYTES: u64 = 130 * 1024 * 1024;
/// Binary logarithm of zstd's largest window.
pub const MAX_ZSTD_WINDOW_LOG: u32 = 27;
/// Streams of a dump's directory that are looked at.
pub const MAX_DUMP_STREAMS: usize = 128;
/// Modules of a dump that are looked at.
pub const MAX_DUMP_MODULES: usize = 4096;
/// Bytes of a name in a dump.
pub const MAX_DUMP_TEXT_BYTES: usize = 4096;
/// Annotations of a dump that are read.
pub const MAX_DUMP_ANNOTATIONS: usize = 128;
/// Characters of a field's or file's name that are kept.
pub const MAX_FIELD_NAME_CHARS: usize = 256;
/// Pairs of a query that are looked at.
pub const MAX_QUERY_PAIRS: usize = 64;
/// Items of an envelope.
pub const MAX_ENVELOPE_ITEMS: usize = 128;
/// Bytes of a header line of an envelope.
pub const MAX_ENVELOPE_LINE_BYTES: usize = 64 * 1024;
/// Default of `max_dump_bytes`.
pub const DEFAULT_MAX_DUMP_BYTES: u64 = 512 * 1024 * 1024;
/// Uploads of dumps being received at the same time; others wait.
pub const MAX_DUMPS_AT_ONCE: usize = 32;
/// Bytes of a dump's begin that are kept in memory, to read its facts from.
pub const MAX_DUMP_HEAD_BYTES: usize = 4 * 1024 * 1024;
/// Files of an upload beside its dump.
pub const MAX_ATTACHMENTS: usize = 32;
/// Bytes of one text field of an upload.
pub const MAX_FIELD_BYTES: usize = 1024 * 1024;
/// Bytes of all text fields of an upload.
pub const MAX_FIELDS_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of an upload around its files.
pub const MAX_UPLOAD_EXTRA_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of an event of Sentry that is read.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// Bytes of the request that completes one.
pub const MAX_COMPLETE_BYTES: usize = 64 * 1024;

/// Level 1 requests that may wait for a turn; more are told to come again.
pub const MAX_LEVEL1_WAITING: usize = 512;
/// Uploads (cabs, dumps, symbol files: each) that may wait for a turn.
pub const MAX_UPLOADS_WAITING: usize = 64;
/// Seconds after which a client may come again, when too much is under way.
pub const RETRY_AFTER_BUSY_S: u32 = 30;
/// Seconds after which a client may come again, when the database or the place for blobs is gone.
pub const RETRY_AFTER_STORE_S: u32 = 60;
/// Seconds after which a client may come again, when the disk is nearly full: somebody has to make room.
pub const RETRY_AFTER_DISK_S: u32 = 600;
/// Default of the mark below which blobs stop: free bytes.
pub const DEFAULT_LOW_DISK_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Default of the mark below which everything stops: free bytes.
pub const DEFAULT_NO_DISK_BYTES: u64 = 256 * 1024 * 1024;
/// Default of the reserve's size in bytes.
pub const DEFAULT_MAX_SPOOL_BYTES: u64 = 1024 * 1024 * 1024;
/// Default of the reserve's size in requests.
pub const DEFAULT_MAX_SPOOL_ENTRIES: usize = 10_000;
/// Bytes of extensions and trailers in a chunked body.
pub const MAX_CHUNK_EXTRA_BYTES: usize = 16 * 1024;
/// Bytes of a chunk of a debug file, but for the last one.
pub const CHUNK_BYTES: u64 = 8 * 1024 * 1024;
/// Chunks of one request.
pub const MAX_CHUNKS_PER_REQUEST: usize = 64;
/// Bytes of a request with chunks.
pub const MAX_CHUNK_REQUEST_BYTES: u64 = 32 * 1024 * 1024;
/// Files of a request that has them put together.
pub const MAX_ASSEMBLE_FILES: usize = 4_096;
/// Bytes of such a request.
pub const MAX_ASSEMBLE_BYTES: u64 = 8 * 1024 * 1024;
/// Milliseconds after which such a request is answered with what is done; its client asks again.
pub const MAX_ASSEMBLE_MS: u64 = 20_000;
/// Bytes of a debug file's begin that are read.
pub const MAX_DEBUG_HEAD_BYTES: usize = 64 * 1024;
/// Bytes of a recorded body that are looked at, packed and unpacked.
pub const MAX_RECORDED_BODY_BYTES: u64 = 16 * 1024 * 1024;
/// Parts of a recorded form, path, query or list.
pub const MAX_RECORDED_PARTS: usize = 256;
/// Fields of a recorded head.
pub const MAX_RECORDED_FIELDS: usize = 256;
/// Milliseconds for the whole of a piece.
pub const MAX_PIECE_MS: u64 = 5 * 60 * 1000;
/// Default of `max_pieces_bytes`.
pub const DEFAULT_MAX_PIECES_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// Bytes of the head of a request in the reserve.
pub const MAX_SPOOL_HEAD_BYTES: usize = 512 * 1024;
/// Bytes that are read from it in one step.
pub const SPOOL_PIECE_BYTES: usize = 64 * 1024;
/// Requests that are written to the reserve at the same time; more are lost.
pub const MAX_SPOOLING_AT_ONCE: usize = 64;
/// Bytes of a body that are remembered in memory, in case the store fails; the rest is in the reserve's folder.
pub const MAX_TEE_MEMORY_BYTES: usize = 1024 * 1024;
/// Tries after which a request of the reserve, with which the store fails, is set aside.
pub const MAX_REPLAY_TRIES: u32 = 5;
/// Milliseconds between two tries, once per try made.
pub const MAX_REPLAY_PAUSE_MS: u64 = 1_000;
/// Milliseconds between two looks at database, blobs and disk.
pub const PROBE_PAUSE_MS: u64 = 2_000;
/// Milliseconds in which the database, or the place for blobs, must answer.
pub const MAX_PROBE_MS: u64 = 5_000;
/// Sources, and products, whose use of their quotas is told at once.
pub const MAX_USERS_SHOWN: usize = 100;
