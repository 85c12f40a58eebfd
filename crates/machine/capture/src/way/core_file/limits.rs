//! Limits on everything that a core file says. Threads, notes, modules and strings have those of `crate::limits`.

/// Bytes of a core, unpacked. Holes cost nothing, so a file that says more is a bomb or a mistake.
pub(super) const MAX_CORE_BYTES: u64 = 1 << 40;
/// Program headers looked at; the kernel's largest `max_map_count` in use is below it.
pub(super) const MAX_SEGMENTS: u64 = 262_144;
/// Note segments looked at; everybody writes one.
pub(super) const MAX_NOTE_SEGMENTS: usize = 16;
/// Bytes of one note, `NT_FILE` apart; an XSAVE area is the largest that matters.
pub(super) const MAX_NOTE_BYTES: u64 = 32 << 10;
/// Bytes of a note's owner.
pub(super) const MAX_NOTE_NAME_BYTES: usize = 32;
/// Bytes of the list of mapped files. The kernel writes 4 MiB at most, debuggers have no limit.
pub(super) const MAX_FILE_NOTE_BYTES: u64 = 32 << 20;
/// Components of an XSAVE area.
pub(super) const MAX_XSTATE_FEATURES: usize = 64;
/// Entries followed of the loader's list.
pub(super) const MAX_LINK_MAPS: usize = 4096;
/// Files opened to read what the core left out.
pub(super) const MAX_FILES: usize = 1024;
/// Bytes below the random bytes of the first stack in which the auxiliary vector is looked for.
pub(super) const AUXV_REACH_BYTES: u64 = 16 << 10;
/// Bytes below the auxiliary vector in which environment and arguments are looked for.
pub(super) const ARGUMENTS_REACH_BYTES: u64 = 1 << 20;
/// Bytes kept of one argument.
pub(super) const MAX_ARGUMENT_BYTES: usize = 64 << 10;
/// Bytes kept of all arguments.
pub(super) const MAX_ALL_ARGUMENTS_BYTES: usize = 1 << 20;
/// The largest window of a zstd frame, as a power of two: what `zstd` itself takes without being told.
pub(super) const MAX_ZSTD_WINDOW_LOG: u32 = 27;
