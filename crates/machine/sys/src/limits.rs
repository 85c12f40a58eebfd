//! Limits on everything that is read from another process or from the kernel's text files.

/// Bytes read of one file of `/proc/PID`, `maps` apart.
pub const MAX_PROC_FILE_BYTES: usize = 1 << 20;
/// Bytes read of `/proc/PID/maps`: the kernel's default of 65,530 mappings with ordinary paths fits.
pub const MAX_MAPS_BYTES: usize = 32 << 20;
/// Mappings kept of one process.
pub const MAX_REGIONS: usize = 262_144;
/// Bytes kept of the path of one mapping.
pub const MAX_PATH_BYTES: usize = 4096;
/// Threads kept of one process.
pub const MAX_THREADS: usize = 32_768;
/// Arguments kept of one command line.
pub const MAX_ARGUMENTS: usize = 4096;
/// Pairs kept of an auxiliary vector; the kernel writes about 20.
pub const MAX_AUXV_PAIRS: usize = 64;
/// Pid namespaces may nest this deep (the kernel allows 32).
pub const MAX_PID_NAMESPACES: usize = 33;
/// Supplementary groups of a process (`NGROUPS_MAX`).
pub const MAX_GROUPS: usize = 65_536;
/// Bytes of an XSAVE area: the largest of today's processors (AMX) needs about 11 KiB.
pub const MAX_XSAVE_BYTES: usize = 16_384;
