//! `MINIDUMP_TYPE` bits that change what this writer does, under their names in `minidumpapiset.h`, and the numbers of
//! the streams that it writes.

/// `MiniDumpWithDataSegs`: writable segments of modules.
pub const WITH_DATA_SEGS: u64 = 0x1;
/// `MiniDumpWithFullMemory`: all readable memory, as a 64-bit list at the end of the file.
pub const WITH_FULL_MEMORY: u64 = 0x2;
/// `MiniDumpWithPrivateReadWriteMemory`.
pub const WITH_PRIVATE_READ_WRITE_MEMORY: u64 = 0x200;
/// `MiniDumpWithoutOptionalData`: leaves out what a stack trace does not need; here, data segments.
pub const WITHOUT_OPTIONAL_DATA: u64 = 0x400;
/// `MiniDumpWithThreadInfo`: times of threads.
pub const WITH_THREAD_INFO: u64 = 0x1000;
/// `MiniDumpWithCodeSegs`: executable segments of modules.
pub const WITH_CODE_SEGS: u64 = 0x2000;
/// `MiniDumpWithPrivateWriteCopyMemory`: private writable mappings of files.
pub const WITH_PRIVATE_WRITE_COPY_MEMORY: u64 = 0x1_0000;

/// Stream numbers.
pub mod stream {
    /// `ThreadListStream`.
    pub const THREAD_LIST: u32 = 3;
    /// `ModuleListStream`.
    pub const MODULE_LIST: u32 = 4;
    /// `MemoryListStream`.
    pub const MEMORY_LIST: u32 = 5;
    /// `ExceptionStream`.
    pub const EXCEPTION: u32 = 6;
    /// `SystemInfoStream`.
    pub const SYSTEM_INFO: u32 = 7;
    /// `Memory64ListStream`.
    pub const MEMORY64_LIST: u32 = 9;
    /// `CommentStreamW`.
    pub const COMMENT_W: u32 = 11;
    /// `MiscInfoStream`.
    pub const MISC_INFO: u32 = 15;
    /// `MemoryInfoListStream`.
    pub const MEMORY_INFO_LIST: u32 = 16;
    /// `ThreadInfoListStream`.
    pub const THREAD_INFO_LIST: u32 = 17;
    /// `ThreadNamesStream`.
    pub const THREAD_NAMES: u32 = 24;
    /// Breakpad: `/proc/cpuinfo`.
    pub const LINUX_CPU_INFO: u32 = 0x4767_0003;
    /// Breakpad: `/proc/PID/status`.
    pub const LINUX_PROC_STATUS: u32 = 0x4767_0004;
    /// Breakpad: the distribution's release file.
    pub const LINUX_LSB_RELEASE: u32 = 0x4767_0005;
    /// Breakpad: `/proc/PID/cmdline`.
    pub const LINUX_CMD_LINE: u32 = 0x4767_0006;
    /// Breakpad: `/proc/PID/auxv`.
    pub const LINUX_AUXV: u32 = 0x4767_0008;
    /// Breakpad: `/proc/PID/maps`.
    pub const LINUX_MAPS: u32 = 0x4767_0009;
    /// Breakpad: the loader's list of libraries.
    pub const LINUX_DSO_DEBUG: u32 = 0x4767_000A;
    /// Ours: registered memory blocks.
    pub const REGISTERED_BLOCKS: u32 = 0x5745_0001;
    /// Ours: what the report knows about the crash, as JSON.
    pub const WER_INFO: u32 = 0x5745_0002;
}
