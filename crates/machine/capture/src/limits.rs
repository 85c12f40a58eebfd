//! Limits on everything that comes from a target, a core or the kernel.

use std::time::Duration;

/// How long threads inside an uninterruptible call are waited for to stop. They stay behind, with a soft error.
pub const UNINTERRUPTIBLE_DEADLINE: Duration = Duration::from_millis(500);
/// How long any thread is waited for to stop: on a machine with more to do than it can, one may get no processor for long.
pub const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// Times that the thread list is read again while new threads appear.
pub const MAX_STOP_ROUNDS: usize = 32;
/// Modules kept of one process.
pub const MAX_MODULES: usize = 4096;
/// Program headers read of one module.
pub const MAX_PROGRAM_HEADERS: usize = 128;
/// Bytes read of one note segment of a module.
pub const MAX_MODULE_NOTE_BYTES: u64 = 64 << 10;
/// Entries read of one dynamic section.
pub const MAX_DYNAMIC_ENTRIES: usize = 512;
/// Bytes of a build id; the common ones have 16 and 20.
pub const MAX_BUILD_ID_BYTES: usize = 64;
/// Bytes of a soname.
pub const MAX_SONAME_BYTES: usize = 256;
/// Links followed in one chain of a symbol hash table.
pub const MAX_HASH_CHAIN: u32 = 4096;
/// Bytes read of the notes of a core; a thread needs about 12 KiB at most.
pub const MAX_CORE_NOTE_BYTES: u64 = 128 << 20;
/// Bytes passed over between the program headers of a core and its notes.
pub const MAX_CORE_SKIP_BYTES: u64 = 16 << 20;
/// Notes looked at in one core.
pub const MAX_CORE_NOTES: usize = 262_144;
/// Threads kept of one core.
pub const MAX_CORE_THREADS: usize = 32_768;
/// Bytes passed over in the coredump socket's request beyond the part that we know.
pub const MAX_SOCKET_REQUEST_BYTES: u32 = 4096;
/// How long the kernel's side of the coredump socket is waited for.
pub const SOCKET_DEADLINE: Duration = Duration::from_secs(5);
/// Times that an entry of the registration block is read again while its owner changes it.
pub const MAX_REGISTRATION_READS: usize = 4;
/// Soft errors kept of one registration block.
pub const MAX_REGISTRATION_ERRORS: usize = 16;
/// A fault this far below the lowest page of a stack still counts as an overflow: guard pages, the kernel's gap below
/// the main stack (1 MiB), and one large frame.
pub const STACK_GUARD_REACH_BYTES: u64 = 2 << 20;
/// A fault this far below the stack pointer still belongs to the frame that is being made.
pub const STACK_PUSH_REACH_BYTES: u64 = 64 << 10;
/// Open descriptors kept of one process.
pub const MAX_HANDLES: usize = 65_536;
/// Descriptors that are read under the stop because they were opened since they were listed.
pub const MAX_LATE_HANDLES: usize = 256;
/// Namespaces of a process; the kernel has ten.
pub const MAX_NAMESPACES: usize = 32;
/// Bytes kept of a security label.
pub const MAX_SECURITY_LABEL_BYTES: usize = 4096;
/// Offset of anything in a thread's control block.
pub const MAX_CONTROL_BLOCK_BYTES: u64 = 64 << 10;
/// Resident memory up to which the marks of mappings are read though nobody asked for them: the kernel walks all page
/// tables for them, about 9 microseconds for each MiB.
pub const MAX_RESIDENT_BYTES_FOR_MARKS: u64 = 32 << 20;
/// Mappings up to which the same holds: each costs about 4 microseconds.
pub const MAX_REGIONS_FOR_MARKS: usize = 512;
/// Program headers kept of one core.
pub const MAX_CORE_LOADS: usize = 262_144;
/// A thread's list of robust futexes begins at most this far behind the start of its control block.
pub const MAX_LIST_HEAD_OFFSET_BYTES: usize = 4096;
/// How long the crashing thread is waited for when its registers are to be seen for a moment.
pub const GLANCE_DEADLINE: Duration = Duration::from_millis(20);
/// Threads from which on names are read while the process stands, by an OS thread of ours beside the one that reads
/// registers, about 5 microseconds each; starting one costs as much as some of them.
pub const MIN_THREADS_BESIDE: usize = 24;
/// Times that a process is looked at again because it executed another program meanwhile.
pub const MAX_PROGRAM_CHANGES: usize = 8;
