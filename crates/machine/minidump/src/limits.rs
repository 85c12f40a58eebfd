//! Named limits of the writer.

/// Memory up to this many bytes is copied into our own memory, more goes straight to the file.
pub const IN_MEMORY_MAX_BYTES: u64 = 32 << 20;
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
/// Directory entries that room is kept for, beside the caller's own streams.
pub const MAX_STREAMS: usize = 40;
/// The caller's own streams.
pub const MAX_USER_STREAMS: usize = 4096;
/// Ranges that a memory callback may name, and that a removing one may.
pub const MAX_CALLBACK_RANGES: usize = 65_536;
/// Of each stack, what is looked at for words that point somewhere.
pub const STACK_SCAN_MAX_BYTES: u64 = 64 << 10;
/// The same for all stacks together; the crashed thread's comes first.
pub const STACK_SCAN_TOTAL_BYTES: u64 = 32 << 20;
/// Indirectly referenced memory: kept before the address that a word holds.
pub const INDIRECT_BEFORE_BYTES: u64 = 256;
/// Indirectly referenced memory: kept from that address on.
pub const INDIRECT_AFTER_BYTES: u64 = 768;
/// Indirectly referenced memory for one thread.
pub const INDIRECT_THREAD_MAX_BYTES: u64 = 512 << 10;
/// Indirectly referenced memory of the whole dump.
pub const INDIRECT_MAX_BYTES: u64 = 16 << 20;
/// Kept below a thread pointer: static thread-local variables lie there.
pub const THREAD_DATA_BELOW_BYTES: u64 = 4096;
/// Kept from a thread pointer on: the C library's block about the thread.
pub const THREAD_DATA_ABOVE_BYTES: u64 = 2560;
/// Loader's memory with gaps of less than this between it is read in one piece.
pub const LOADER_GAP_BYTES: u64 = 512;
/// Headers of a module.
pub const MODULE_HEADERS_MAX_BYTES: u64 = 4096;
/// Notes of a module, each.
pub const MODULE_NOTE_MAX_BYTES: u64 = 4096;
/// Initial image of a module's thread-local variables.
pub const TLS_IMAGE_MAX_BYTES: u64 = 64 << 10;
/// The environment's stream, and the part of the stack that is searched for it.
pub const ENVIRONMENT_MAX_BYTES: u64 = 256 << 10;
/// Bytes of a context with extended state; AMX takes 8 KiB of it.
pub const CONTEXT_MAX_BYTES: usize = 16 << 10;
