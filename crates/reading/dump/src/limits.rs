//! How much of a dump is believed. Beyond a limit the dump is refused, or the list is cut where the item says so.

/// Bytes of a dump file. Larger ones are refused; a full dump of a 64 GiB process fits.
pub const MAX_DUMP_BYTES: u64 = 128 << 30;
/// Streams in the directory.
pub const MAX_STREAMS: u32 = 1_024;
/// Threads.
pub const MAX_THREADS: u32 = 16_384;
/// Modules.
pub const MAX_MODULES: u32 = 16_384;
/// Memory ranges of both lists together.
pub const MAX_MEMORY_RANGES: u64 = 1 << 20;
/// Bytes of one name or one CodeView record.
pub const MAX_RECORD_BYTES: u32 = 64 << 10;
/// Bytes of all names and CodeView records together: many records may point at the same bytes.
pub const MAX_RECORDS_TOTAL_BYTES: u64 = 32 << 20;
/// Bytes of the WER info stream.
pub const MAX_INFO_BYTES: usize = 4 << 20;
/// Entries of each list in the WER info stream; the rest is dropped.
pub const MAX_INFO_ENTRIES: usize = 1_024;
/// Characters of one text of the WER info stream; the rest is cut.
pub const MAX_INFO_TEXT_CHARS: usize = 8_192;
/// Registered blocks; the rest is dropped. An application can register 512.
pub const MAX_BLOCKS: usize = 512;
/// Bytes of one registered block, the limit of `WerRegisterMemoryBlock`.
pub const MAX_BLOCK_BYTES: u32 = 65_536;
