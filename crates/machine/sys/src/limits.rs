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
/// Bytes read of one table of `/proc/PID/net`; a socket takes about 150.
pub const MAX_SOCKET_TABLE_BYTES: usize = 16 << 20;
/// Bytes read of one `fdinfo` file; what is used stands at the front.
pub const MAX_FDINFO_BYTES: usize = 4096;
/// Bytes read of `/proc/PID/smaps`: about a kilobyte for each mapping.
pub const MAX_SMAPS_BYTES: u64 = 512 << 20;
/// Addresses that one look at a page map covers.
pub const PAGEMAP_WINDOW_BYTES: u64 = 256 << 20;
/// Touched ranges that one look at a page map gives.
pub const MAX_PAGEMAP_RANGES: usize = 1024;
/// Pages that one look at a page map covers on kernels before 6.7.
pub const PAGEMAP_READ_PAGES: usize = 8192;
/// Reads of at least this many bytes go by `process_vm_readv`, which copies faster than `/proc/PID/mem`.
pub const FAST_READ_BYTES: usize = 64 << 10;
/// Ranges that the kernel takes in one call (`IOV_MAX`).
pub const MAX_VECTORS: usize = 1024;
/// What is read of a file below `/proc` at once.
pub const PROC_READ_BYTES: usize = 16 << 10;
/// Mapped files that are asked for one by one; of more, all mappings are printed instead.
pub const MAX_FILE_MAPPINGS: usize = 16_384;
