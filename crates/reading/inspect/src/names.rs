//! Names of codes, as the format's header, the kernel and the debuggers' documentation spell them.

mod exceptions;
mod signals;

pub(crate) use exceptions::{mac_exception, nt_status};
pub(crate) use signals::{si_code, signal};

/// A stream type's name.
#[must_use]
pub const fn stream_name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "UnusedStream",
        1 => "ReservedStream0",
        2 => "ReservedStream1",
        3 => "ThreadListStream",
        4 => "ModuleListStream",
        5 => "MemoryListStream",
        6 => "ExceptionStream",
        7 => "SystemInfoStream",
        8 => "ThreadExListStream",
        9 => "Memory64ListStream",
        10 => "CommentStreamA",
        11 => "CommentStreamW",
        12 => "HandleDataStream",
        13 => "FunctionTableStream",
        14 => "UnloadedModuleListStream",
        15 => "MiscInfoStream",
        16 => "MemoryInfoListStream",
        17 => "ThreadInfoListStream",
        18 => "HandleOperationListStream",
        19 => "TokenStream",
        20 => "JavaScriptDataStream",
        21 => "SystemMemoryInfoStream",
        22 => "ProcessVmCountersStream",
        23 => "IptTraceStream",
        24 => "ThreadNamesStream",
        0x8000 => "ceStreamNull",
        0x8001 => "ceStreamSystemInfo",
        0x8002 => "ceStreamException",
        0x8003 => "ceStreamModuleList",
        0x8004 => "ceStreamProcessList",
        0x8005 => "ceStreamThreadList",
        0x8006 => "ceStreamThreadContextList",
        0x8007 => "ceStreamThreadCallStackList",
        0x8008 => "ceStreamMemoryVirtualList",
        0x8009 => "ceStreamMemoryPhysicalList",
        0x800A => "ceStreamBucketParameters",
        0x800B => "ceStreamProcessModuleMap",
        0x800C => "ceStreamDiagnosisList",
        0x4767_0001 => "BreakpadInfoStream",
        0x4767_0002 => "AssertionInfoStream",
        0x4767_0003 => "LinuxCpuInfo",
        0x4767_0004 => "LinuxProcStatus",
        0x4767_0005 => "LinuxLsbRelease",
        0x4767_0006 => "LinuxCmdLine",
        0x4767_0007 => "LinuxEnviron",
        0x4767_0008 => "LinuxAuxv",
        0x4767_0009 => "LinuxMaps",
        0x4767_000A => "LinuxDsoDebug",
        0x4350_0001 => "CrashpadInfoStream",
        0x4B6B_0002 => "StabilityReportStream",
        0x4D7A_0001 => "MozMacosCrashInfoStream",
        0x4D7A_0002 => "MozMacosBootargsStream",
        0x4D7A_0003 => "MozLinuxLimits",
        0x4D7A_0004 => "MozSoftErrors",
        0x5745_0001 => "WerRegisteredBlocksStream",
        0x5745_0002 => "WerInfoStream",
        0x5745_0003 => "WerLinuxHandlesStream",
        _ => return None,
    })
}

/// `MINIDUMP_TYPE`.
pub(crate) const DUMP_FLAGS: &[(u64, &str)] = &[
    (0x1, "WithDataSegs"),
    (0x2, "WithFullMemory"),
    (0x4, "WithHandleData"),
    (0x8, "FilterMemory"),
    (0x10, "ScanMemory"),
    (0x20, "WithUnloadedModules"),
    (0x40, "WithIndirectlyReferencedMemory"),
    (0x80, "FilterModulePaths"),
    (0x100, "WithProcessThreadData"),
    (0x200, "WithPrivateReadWriteMemory"),
    (0x400, "WithoutOptionalData"),
    (0x800, "WithFullMemoryInfo"),
    (0x1000, "WithThreadInfo"),
    (0x2000, "WithCodeSegs"),
    (0x4000, "WithoutAuxiliaryState"),
    (0x8000, "WithFullAuxiliaryState"),
    (0x1_0000, "WithPrivateWriteCopyMemory"),
    (0x2_0000, "IgnoreInaccessibleMemory"),
    (0x4_0000, "WithTokenInformation"),
    (0x8_0000, "WithModuleHeaders"),
    (0x10_0000, "FilterTriage"),
    (0x20_0000, "WithAvxXStateContext"),
    (0x40_0000, "WithIptTrace"),
    (0x80_0000, "ScanInaccessiblePartialPages"),
    (0x100_0000, "FilterWriteCombinedMemory"),
    (0x200_0000, "NoIgnoreInaccessibleMemory"),
    (0x400_0000, "WithMemoryCompressed"),
];

/// `PROCESSOR_ARCHITECTURE_...`.
pub(crate) const fn processor(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "INTEL",
        1 => "MIPS",
        3 => "PPC",
        5 => "ARM",
        6 => "IA64",
        9 => "AMD64",
        10 => "IA32_ON_WIN64",
        12 => "ARM64",
        0x8001 => "SPARC",
        0x8002 => "PPC64",
        0x8003 => "ARM64 (Breakpad)",
        0x8004 => "MIPS64",
        0xFFFF => "UNKNOWN",
        _ => return None,
    })
}

/// The platform's id: `VER_PLATFORM_...`, and Breakpad's.
pub(crate) const fn platform(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "Win32s",
        1 => "Windows 9x",
        2 => "Windows NT",
        3 => "Windows CE",
        0x8000 => "Unix",
        0x8101 => "macOS",
        0x8102 => "iOS",
        0x8201 => "Linux",
        0x8202 => "Solaris",
        0x8203 => "Android",
        0x8204 => "PS3",
        0x8205 => "NaCl",
        0x8206 => "Fuchsia",
        _ => return None,
    })
}

/// State of a mapping: `MEM_...`.
pub(crate) const fn memory_state(code: u64) -> Option<&'static str> {
    Some(match code {
        0x1000 => "COMMIT",
        0x2000 => "RESERVE",
        0x1_0000 => "FREE",
        _ => return None,
    })
}

/// Kind of a mapping: `MEM_...`.
pub(crate) const fn memory_kind(code: u64) -> Option<&'static str> {
    Some(match code {
        0x2_0000 => "PRIVATE",
        0x4_0000 => "MAPPED",
        0x100_0000 => "IMAGE",
        _ => return None,
    })
}

/// Protection of a mapping: `PAGE_...`.
pub(crate) const PROTECTION: &[(u64, &str)] = &[
    (0x1, "NOACCESS"),
    (0x2, "READONLY"),
    (0x4, "READWRITE"),
    (0x8, "WRITECOPY"),
    (0x10, "EXECUTE"),
    (0x20, "EXECUTE_READ"),
    (0x40, "EXECUTE_READWRITE"),
    (0x80, "EXECUTE_WRITECOPY"),
    (0x100, "GUARD"),
    (0x200, "NOCACHE"),
    (0x400, "WRITECOMBINE"),
];

/// `MINIDUMP_MISC1_...` and so on.
pub(crate) const MISC_INFO_FLAGS: &[(u64, &str)] = &[
    (0x1, "PROCESS_ID"),
    (0x2, "PROCESS_TIMES"),
    (0x4, "PROCESSOR_POWER_INFO"),
    (0x10, "PROCESS_INTEGRITY"),
    (0x20, "PROCESS_EXECUTE_FLAGS"),
    (0x40, "TIMEZONE"),
    (0x80, "PROTECTED_PROCESS"),
    (0x100, "BUILDSTRING"),
    (0x200, "PROCESS_COOKIE"),
];

/// `MINIDUMP_THREAD_INFO_...`.
pub(crate) const THREAD_INFO_FLAGS: &[(u64, &str)] = &[
    (0x1, "ERROR_THREAD"),
    (0x2, "WRITING_THREAD"),
    (0x4, "EXITED_THREAD"),
    (0x8, "INVALID_INFO"),
    (0x10, "INVALID_CONTEXT"),
    (0x20, "INVALID_TEB"),
];

/// `MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE`.
pub(crate) const fn object_information(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "None",
        1 => "ThreadInformation1",
        2 => "MutantInformation1",
        3 => "MutantInformation2",
        4 => "ProcessInformation1",
        5 => "ProcessInformation2",
        6 => "EventInformation1",
        7 => "SectionInformation1",
        8 => "SemaphoreInformation1",
        _ => return None,
    })
}

/// Keys of the kernel's auxiliary vector: `AT_...`.
pub(crate) const fn auxv(key: u64) -> Option<&'static str> {
    Some(match key {
        0 => "AT_NULL",
        2 => "AT_EXECFD",
        3 => "AT_PHDR",
        4 => "AT_PHENT",
        5 => "AT_PHNUM",
        6 => "AT_PAGESZ",
        7 => "AT_BASE",
        8 => "AT_FLAGS",
        9 => "AT_ENTRY",
        11 => "AT_UID",
        12 => "AT_EUID",
        13 => "AT_GID",
        14 => "AT_EGID",
        15 => "AT_PLATFORM",
        16 => "AT_HWCAP",
        17 => "AT_CLKTCK",
        23 => "AT_SECURE",
        24 => "AT_BASE_PLATFORM",
        25 => "AT_RANDOM",
        26 => "AT_HWCAP2",
        27 => "AT_RSEQ_FEATURE_SIZE",
        28 => "AT_RSEQ_ALIGN",
        31 => "AT_EXECFN",
        33 => "AT_SYSINFO_EHDR",
        51 => "AT_MINSIGSTKSZ",
        _ => return None,
    })
}
