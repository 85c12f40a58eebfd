//! `MINIDUMP_TYPE`, `MODULE_WRITE_FLAGS`, `THREAD_WRITE_FLAGS` and stream numbers, under their names in
//! `minidumpapiset.h`. `docs/minidump.md` says what each flag does here.

/// `MiniDumpWithDataSegs`: writable segments of modules.
pub const WITH_DATA_SEGS: u64 = 0x1;
/// `MiniDumpWithFullMemory`: all readable memory, as a 64-bit list at the end of the file.
pub const WITH_FULL_MEMORY: u64 = 0x2;
/// `MiniDumpWithHandleData`: open descriptors.
pub const WITH_HANDLE_DATA: u64 = 0x4;
/// `MiniDumpFilterMemory`: of stacks only the words that unwinding may need; the rest is zero.
pub const FILTER_MEMORY: u64 = 0x8;
/// `MiniDumpScanMemory`: modules that no stack names lose their optional parts.
pub const SCAN_MEMORY: u64 = 0x10;
/// `MiniDumpWithUnloadedModules`.
pub const WITH_UNLOADED_MODULES: u64 = 0x20;
/// `MiniDumpWithIndirectlyReferencedMemory`: memory that words of stacks and registers point to.
pub const WITH_INDIRECTLY_REFERENCED_MEMORY: u64 = 0x40;
/// `MiniDumpFilterModulePaths`: file names instead of paths.
pub const FILTER_MODULE_PATHS: u64 = 0x80;
/// `MiniDumpWithProcessThreadData`: thread-local memory and the loader's.
pub const WITH_PROCESS_THREAD_DATA: u64 = 0x100;
/// `MiniDumpWithPrivateReadWriteMemory`.
pub const WITH_PRIVATE_READ_WRITE_MEMORY: u64 = 0x200;
/// `MiniDumpWithoutOptionalData`: leaves out what a stack trace does not need.
pub const WITHOUT_OPTIONAL_DATA: u64 = 0x400;
/// `MiniDumpWithFullMemoryInfo`: the mappings; here always written.
pub const WITH_FULL_MEMORY_INFO: u64 = 0x800;
/// `MiniDumpWithThreadInfo`: times, start addresses and affinity of threads.
pub const WITH_THREAD_INFO: u64 = 0x1000;
/// `MiniDumpWithCodeSegs`: executable segments of modules.
pub const WITH_CODE_SEGS: u64 = 0x2000;
/// `MiniDumpWithoutAuxiliaryState`: nothing here, there are no providers.
pub const WITHOUT_AUXILIARY_STATE: u64 = 0x4000;
/// `MiniDumpWithFullAuxiliaryState`: nothing here, there are no providers.
pub const WITH_FULL_AUXILIARY_STATE: u64 = 0x8000;
/// `MiniDumpWithPrivateWriteCopyMemory`: private writable mappings of files.
pub const WITH_PRIVATE_WRITE_COPY_MEMORY: u64 = 0x1_0000;
/// `MiniDumpIgnoreInaccessibleMemory`: unreadable memory does not fail a dump; here it never does.
pub const IGNORE_INACCESSIBLE_MEMORY: u64 = 0x2_0000;
/// `MiniDumpWithTokenInformation`: identity and rights.
pub const WITH_TOKEN_INFORMATION: u64 = 0x4_0000;
/// `MiniDumpWithModuleHeaders`: ELF header, program headers and notes of each module.
pub const WITH_MODULE_HEADERS: u64 = 0x8_0000;
/// `MiniDumpFilterTriage`: leaves out what is likely to be the user's.
pub const FILTER_TRIAGE: u64 = 0x10_0000;
/// `MiniDumpWithAvxXStateContext`: contexts with AVX and later state.
pub const WITH_AVX_XSTATE_CONTEXT: u64 = 0x20_0000;
/// `MiniDumpWithIptTrace`: nothing here.
pub const WITH_IPT_TRACE: u64 = 0x40_0000;
/// `MiniDumpScanInaccessiblePartialPages`: what can be read of an unreadable mapping; here always.
pub const SCAN_INACCESSIBLE_PARTIAL_PAGES: u64 = 0x80_0000;
/// `MiniDumpFilterWriteCombinedMemory`: memory of devices is left out; here always.
pub const FILTER_WRITE_COMBINED_MEMORY: u64 = 0x100_0000;
/// `MiniDumpNoIgnoreInaccessibleMemory`: memory that cannot be read fails the dump.
pub const NO_IGNORE_INACCESSIBLE_MEMORY: u64 = 0x200_0000;
/// `MiniDumpWithMemoryCompressed`: the caller should write through `wer_copy::Output::compressed`.
pub const WITH_MEMORY_COMPRESSED: u64 = 0x400_0000;
/// `MiniDumpValidTypeFlags` and `MiniDumpValidTypeFlagsEx` of the newest header together.
pub const VALID_TYPE_FLAGS: u64 = 0x7FF_FFFF;

/// `MODULE_WRITE_FLAGS`: which parts of a module a dump holds.
pub mod module_write {
    /// `ModuleWriteModule`: it is in the list.
    pub const MODULE: u32 = 0x1;
    /// `ModuleWriteDataSeg`.
    pub const DATA_SEG: u32 = 0x2;
    /// `ModuleWriteMiscRecord`: ELF modules have none.
    pub const MISC_RECORD: u32 = 0x4;
    /// `ModuleWriteCvRecord`: its build id.
    pub const CV_RECORD: u32 = 0x8;
    /// `ModuleReferencedByMemory`: a stack names it.
    pub const REFERENCED_BY_MEMORY: u32 = 0x10;
    /// `ModuleWriteTlsData`: the initial image of its thread-local variables.
    pub const TLS_DATA: u32 = 0x20;
    /// `ModuleWriteCodeSegs`.
    pub const CODE_SEGS: u32 = 0x40;
    /// All of them.
    pub const ALL: u32 = 0x7F;
}

/// `THREAD_WRITE_FLAGS`: which parts of a thread a dump holds.
pub mod thread_write {
    /// `ThreadWriteThread`: it is in the list.
    pub const THREAD: u32 = 0x1;
    /// `ThreadWriteStack`.
    pub const STACK: u32 = 0x2;
    /// `ThreadWriteContext`.
    pub const CONTEXT: u32 = 0x4;
    /// `ThreadWriteBackingStore`: this processor has none.
    pub const BACKING_STORE: u32 = 0x8;
    /// `ThreadWriteInstructionWindow`: code around its instruction.
    pub const INSTRUCTION_WINDOW: u32 = 0x10;
    /// `ThreadWriteThreadData`: memory around its thread pointer.
    pub const THREAD_DATA: u32 = 0x20;
    /// `ThreadWriteThreadInfo`: times, start address, affinity.
    pub const THREAD_INFO: u32 = 0x40;
    /// All of them.
    pub const ALL: u32 = 0x7F;
}

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
    /// `ThreadExListStream`.
    pub const THREAD_EX_LIST: u32 = 8;
    /// `Memory64ListStream`.
    pub const MEMORY64_LIST: u32 = 9;
    /// `CommentStreamA`.
    pub const COMMENT_A: u32 = 10;
    /// `CommentStreamW`.
    pub const COMMENT_W: u32 = 11;
    /// `HandleDataStream`.
    pub const HANDLE_DATA: u32 = 12;
    /// `UnloadedModuleListStream`.
    pub const UNLOADED_MODULE_LIST: u32 = 14;
    /// `MiscInfoStream`.
    pub const MISC_INFO: u32 = 15;
    /// `MemoryInfoListStream`.
    pub const MEMORY_INFO_LIST: u32 = 16;
    /// `ThreadInfoListStream`.
    pub const THREAD_INFO_LIST: u32 = 17;
    /// `TokenStream`.
    pub const TOKEN: u32 = 19;
    /// `SystemMemoryInfoStream`.
    pub const SYSTEM_MEMORY_INFO: u32 = 21;
    /// `ProcessVmCountersStream`.
    pub const PROCESS_VM_COUNTERS: u32 = 22;
    /// `ThreadNamesStream`.
    pub const THREAD_NAMES: u32 = 24;
    /// `LastReservedStream`: types above are the applications'.
    pub const LAST_RESERVED: u32 = 0xFFFF;
    /// Breakpad: `/proc/cpuinfo`.
    pub const LINUX_CPU_INFO: u32 = 0x4767_0003;
    /// Breakpad: `/proc/PID/status`.
    pub const LINUX_PROC_STATUS: u32 = 0x4767_0004;
    /// Breakpad: the distribution's release file.
    pub const LINUX_LSB_RELEASE: u32 = 0x4767_0005;
    /// Breakpad: `/proc/PID/cmdline`.
    pub const LINUX_CMD_LINE: u32 = 0x4767_0006;
    /// Breakpad: `/proc/PID/environ`.
    pub const LINUX_ENVIRON: u32 = 0x4767_0007;
    /// Breakpad: `/proc/PID/auxv`.
    pub const LINUX_AUXV: u32 = 0x4767_0008;
    /// Breakpad: `/proc/PID/maps`.
    pub const LINUX_MAPS: u32 = 0x4767_0009;
    /// Breakpad: the loader's list of libraries.
    pub const LINUX_DSO_DEBUG: u32 = 0x4767_000A;
    /// Mozilla: `/proc/PID/limits`.
    pub const LINUX_LIMITS: u32 = 0x4D7A_0003;
    /// Crashpad: ids and annotations.
    pub const CRASHPAD_INFO: u32 = 0x4350_0001;
    /// Ours: registered memory blocks.
    pub const REGISTERED_BLOCKS: u32 = 0x5745_0001;
    /// Ours: what the report knows about the crash, as JSON.
    pub const WER_INFO: u32 = 0x5745_0002;
    /// Ours: what Linux knows of each descriptor.
    pub const LINUX_HANDLES: u32 = 0x5745_0003;
}
