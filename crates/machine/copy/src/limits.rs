//! Named limits of copying.

/// One read of the process, and one write of the output.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Buffers that are read into and written from by turns.
pub const RING_BUFFERS: usize = 4;
/// Page size of x86-64, and the smallest hole of a file.
pub const PAGE_BYTES: usize = 4096;
/// Progress is told at least once in this many bytes.
pub const PROGRESS_BYTES: u64 = 4 << 20;
/// Memory is asked for untouched pages only where at least this much is left to read.
pub const UNTOUCHED_MIN_BYTES: u64 = 64 << 10;
/// The first read after untouched pages; the next ones double.
pub const AFTER_UNTOUCHED_BYTES: usize = 64 << 10;
/// Memory that is held becomes a hole of the file from this many zeros on: less is not worth a write of its own.
pub const HELD_HOLE_MIN_BYTES: usize = 64 << 10;
/// Space is reserved before this many bytes or more are written.
pub const RESERVE_MIN_BYTES: usize = 256 << 10;
/// Unreadable holes that are looked into per dump; at the next one the rest of its range is left out.
pub const MAX_HOLES: usize = 1024;
/// Pages of a hole that are tried one by one before the steps grow.
pub const HOLE_SINGLE_STEPS: u32 = 16;
/// Steps in which any hole is crossed, beside the first small ones.
pub const HOLE_STEPS: u64 = 4096;
/// Largest step within a hole, where these steps cross it.
pub const HOLE_STEP_MAX_BYTES: u64 = 1 << 20;
/// Bytes of a dump's header: the last that is written.
pub const HEADER_BYTES: usize = 32;
/// Largest position in a file.
pub const MAX_POSITION: u64 = i64::MAX as u64;
/// Ranges up to this size are read together: many stacks cost one call.
pub const SMALL_RANGE_BYTES: u64 = 16 << 10;
/// So many of them.
pub const MAX_RANGES_AT_ONCE: usize = 256;
