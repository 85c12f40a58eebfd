//! How much of a dump is shown, and how much memory is spent on it.

/// Streams in the directory that are looked at; the rest is told as a number.
pub const MAX_STREAMS: u32 = 4_096;
/// Entries of one list that are shown unless everything is asked for; lists of memory are summarised beyond it.
pub const SHOWN_ENTRIES: usize = 1_000;
/// Entries of one list that are shown when everything is asked for.
pub const MAX_ENTRIES: usize = 1 << 18;
/// Entries of all lists of one stream together: lists within lists may all point at the same bytes.
pub const MAX_ENTRIES_TOTAL: usize = 1 << 19;
/// Bytes of one string.
pub const MAX_STRING_BYTES: usize = 64 << 10;
/// Bytes of all strings, texts and raw bytes of one stream together: many may point at the same place.
pub const MAX_TEXT_TOTAL_BYTES: usize = 64 << 20;
/// Bytes of a text stream (maps, status) that are shown unless everything is asked for.
pub const SHOWN_TEXT_BYTES: usize = 64 << 10;
/// Bytes of a stream without a form that are shown unless everything is asked for.
pub const SHOWN_RAW_BYTES: usize = 256;
/// Bytes of it when everything is asked for.
pub const MAX_RAW_BYTES: usize = 1 << 20;
/// Object information blocks that are followed for one handle.
pub const MAX_OBJECT_INFORMATION: usize = 16;
/// Bytes of memory that one request may show.
pub const MAX_MEMORY_BYTES: u64 = 16 << 20;
/// Contexts that are set out register by register in one stream; threads may all point at the same one.
pub const MAX_CONTEXTS: usize = 16_384;
/// What all streams together may have, in shares of a stream: a directory may name one stream thousands of times.
pub const SHARES_IN_ALL: usize = 4;
/// Memory that a JSON document of the dump takes for each of its bytes, at worst; it is counted as text.
pub const JSON_MEMORY_RATIO: usize = 16;
