//! The process itself and the machine it ran on.

/// How a process was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureSource {
    /// Its own handler asked `werfault`.
    InApplication,
    /// The kernel's core_pattern pipe.
    KernelPipe,
    /// The kernel's coredump socket.
    KernelSocket,
    /// `wer run --trace`.
    Traced,
    /// On request, from a living process that stood still meanwhile.
    Live,
    /// On request, from a living process that ran on: no threads, no registers.
    Running,
    /// On request, from a copy that a living process was made to fork; it stood still for the fork only.
    ForkSnapshot,
    /// On request, by the process itself.
    OwnProcess,
    /// From an ELF core file.
    CoreFile,
}

impl CaptureSource {
    /// The word that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApplication => "in_application",
            Self::KernelPipe => "kernel_pipe",
            Self::KernelSocket => "kernel_socket",
            Self::Traced => "traced",
            Self::Live => "live",
            Self::Running => "running",
            Self::ForkSnapshot => "fork_snapshot",
            Self::OwnProcess => "own_process",
            Self::CoreFile => "core_file",
        }
    }
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ProcessInfo {
    /// Pid in the namespace of whoever captured it.
    pub pid: u32,
    /// Pid in its own namespace.
    pub namespace_pid: u32,
    /// Parent.
    pub parent_pid: u32,
    /// Real user and group.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// `comm`, 15 bytes at most.
    pub name: String,
    /// The executable's path, without the kernel's " (deleted)" mark.
    pub executable: String,
    /// Arguments.
    pub arguments: Vec<String>,
    /// Start, nanoseconds since 1970-01-01 UTC.
    pub start_time_unix_ns: u64,
    /// Capture, nanoseconds since 1970-01-01 UTC.
    pub capture_time_unix_ns: u64,
    /// User time, milliseconds.
    pub user_time_ms: u64,
    /// Kernel time, milliseconds.
    pub kernel_time_ms: u64,
    /// `AT_*` pairs of the auxiliary vector.
    pub auxv: Vec<(u64, u64)>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SystemInfo {
    /// `uname -s -r -v -m` in one line.
    pub uname: String,
    /// Kernel release, e.g. "6.18.44".
    pub kernel_release: String,
    /// `PRETTY_NAME` of os-release; empty = unknown.
    pub distribution: String,
    /// Processors on line.
    pub processor_count: u32,
    /// CPUID vendor, 12 bytes.
    pub cpu_vendor: String,
    /// CPUID leaf 1 EAX.
    pub cpu_version: u32,
    /// CPUID leaf 1 EDX.
    pub cpu_features: u32,
    /// Page size, bytes.
    pub page_size: u32,
    /// What the processor and the kernel keep in an XSAVE area beyond x87 and SSE, by bit; empty = unknown.
    pub xstate: Vec<XStateFeature>,
}

/// One component of the XSAVE area in its standard (not compacted) form; CPUID leaf 0xD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XStateFeature {
    /// Bit in XCR0: 2 AVX, 5 to 7 AVX-512, 9 PKRU, ...
    pub bit: u32,
    /// Offset in the area.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

/// Files of `/proc/PID` and of the machine, byte for byte, each cut at a limit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LinuxFiles {
    /// `/proc/cpuinfo`.
    pub cpuinfo: Vec<u8>,
    /// `/proc/PID/status`.
    pub status: Vec<u8>,
    /// `/etc/os-release` (Breakpad's LSB release stream).
    pub lsb_release: Vec<u8>,
    /// `/proc/PID/cmdline`.
    pub cmdline: Vec<u8>,
    /// `/proc/PID/auxv`.
    pub auxv: Vec<u8>,
    /// `/proc/PID/maps`.
    pub maps: Vec<u8>,
    /// `/proc/PID/limits`.
    pub limits: Vec<u8>,
}
