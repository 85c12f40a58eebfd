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

/// Unpacked bytes of a compressed dump that are held in memory; a larger one goes to a temporary file.
pub const UNPACKED_IN_MEMORY_BYTES: usize = 32 << 20;
/// Unpacked bytes that are held in memory where no temporary file can be made.
pub const UNPACKED_WITHOUT_FILE_BYTES: usize = 512 << 20;
/// Bytes that are not zero, of those that a compressed dump may unpack to however small it is.
pub const FREE_UNPACKED_BYTES: u64 = 64 << 20;
/// Bytes that are not zero, per compressed byte beyond that. Real memory stays below 200; zero pages cost nothing.
pub const MAX_UNPACKED_RATIO: u64 = 1_000;
/// Binary logarithm of the memory that a frame may ask the decompressor for: 128 MiB.
pub const MAX_WINDOW_LOG: u32 = 27;
/// Entries of the memory info list; the rest is dropped.
pub const MAX_MAPPINGS: usize = 1 << 20;
/// Entries of the auxiliary vector; the rest is dropped.
pub const MAX_AUXV_ENTRIES: usize = 256;
