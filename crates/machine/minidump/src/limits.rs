//! Named limits of the writer and of the checker.

/// Memory up to this many bytes is copied into our own memory, more goes straight to the file.
pub const IN_MEMORY_MAX_BYTES: u64 = 32 << 20;
/// One read of the process, when memory goes straight to the file.
pub const COPY_CHUNK_BYTES: usize = 1 << 20;
/// A 32-bit memory list is used up to this many bytes of memory; more takes a 64-bit list.
pub const MEMORY_LIST_MAX_BYTES: u64 = 1 << 30;
/// Stack kept of the crashed thread, from its stack pointer up.
pub const CRASHED_STACK_MAX_BYTES: u64 = 2 << 20;
/// Where the crashed thread's stack is larger: what is kept of its other end too (`main`, the thread's start).
pub const CRASHED_STACK_BASE_BYTES: u64 = 64 << 10;
/// Stack kept of every other thread.
pub const STACK_MAX_BYTES: u64 = 512 << 10;
/// Kept of the alternate stack on which the crashed thread's handler ran.
pub const HANDLER_STACK_MAX_BYTES: u64 = 64 << 10;
/// The x86-64 ABI lets a leaf function use this much below its stack pointer.
pub const RED_ZONE_BYTES: u64 = 128;
/// A stack pointer in no stack is looked for in the next mapping, at most this far above: the kernel keeps a gap of
/// 1 MiB below a growing stack.
pub const STACK_GUARD_SEARCH_BYTES: u64 = 1 << 20;
/// An unreadable mapping of at most this size right below another one is a stack's guard.
pub const STACK_GUARD_MAX_BYTES: u64 = 64 << 10;
/// Kept on each side of an instruction pointer.
pub const CODE_WINDOW_HALF_BYTES: u64 = 128;
/// Mini dumps: largest writable segment of the executable that is kept.
pub const EXECUTABLE_DATA_MAX_BYTES: u64 = 64 << 10;
/// Mini dumps: largest writable segment of a library that is kept.
pub const LIBRARY_DATA_MAX_BYTES: u64 = 16 << 10;
/// Mini dumps: all writable segments together.
pub const DATA_SEGMENTS_MAX_BYTES: u64 = 128 << 10;
/// Unreadable holes that are looked into per dump; at the next one the rest of its range is left out.
pub const MAX_HOLES: usize = 1024;
/// Pages of a hole that are tried one by one before the steps grow.
pub const HOLE_SINGLE_STEPS: u32 = 16;
/// Largest step within a hole.
pub const HOLE_STEP_MAX_BYTES: u64 = 1 << 20;
/// Page size of x86-64.
pub const PAGE_BYTES: u64 = 4096;
/// Soft errors of one dump that are kept; more are counted.
pub const MAX_SOFT_ERRORS: usize = 32;
/// Libraries of the loader's list.
pub const MAX_LINK_MAPS: usize = 1024;
/// Bytes of a library's name in the loader's list.
pub const LINK_MAP_NAME_MAX_BYTES: usize = 256;
/// Program headers of the executable.
pub const MAX_PROGRAM_HEADERS: u64 = 64;
/// Bytes of the executable's dynamic section.
pub const DYNAMIC_MAX_BYTES: u64 = 8192;
/// Everything before the memory.
pub const STREAMS_MAX_BYTES: u64 = 512 << 20;
/// Directory entries that room is kept for.
pub const MAX_STREAMS: usize = 32;
/// Checker: violations that are reported; a file with more is no better known by more of them.
pub const MAX_VIOLATIONS: usize = 256;
