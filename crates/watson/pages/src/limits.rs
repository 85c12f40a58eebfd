//! How much one page shows. The whole is in the cab and under `/api`.

/// Threads of a report.
pub const MAX_THREADS_SHOWN: usize = 512;
/// Frames of one stack.
pub const MAX_FRAMES_SHOWN: usize = 512;
/// Modules of a report.
pub const MAX_MODULES_SHOWN: usize = 2048;
/// Bytes of registered memory, all blocks together.
pub const MAX_MEMORY_SHOWN_BYTES: usize = 256 * 1024;
/// Registered blocks.
pub const MAX_BLOCKS_SHOWN: usize = 512;
/// Notes, files, pairs of metadata.
pub const MAX_ITEMS_SHOWN: usize = 1024;
/// Characters of any one text.
pub const MAX_TEXT_CHARS: usize = 8192;
/// Characters of a downloaded file's name.
pub const MAX_NAME_CHARS: usize = 128;
/// Machines on one page.
pub const MAX_MACHINES_SHOWN: i64 = 200;
