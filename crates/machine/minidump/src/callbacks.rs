//! What a dump's caller is asked while it is made: the callback types 0 to 20 of `MiniDumpWriteDump` as one trait. The
//! order of calls, and what each answer does, is in `docs/minidump.md`.
//!
//! Answers come from outside: flags can only narrow, ranges must lie where they are said to lie, and loops end at a named
//! limit. An answer that lies fails the dump ([`crate::DumpError::Callback`]).

mod io;
pub(crate) mod preset;
pub(crate) mod reader;
pub(crate) mod session;

pub use io::{CallbackIo, SharedCallbacks};

use crate::options::DumpOptions;

/// The `HRESULT` of a caller that did not write.
pub(crate) fn io_status(error: &std::io::Error) -> Option<i32> {
    error.get_ref()?.downcast_ref::<io::IoRefused>().map(|refused| refused.status)
}

/// One mapping of the process (`MINIDUMP_MEMORY_INFO`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VmRegion {
    /// First address.
    pub base: u64,
    /// First address of the module that it belongs to, else its own.
    pub allocation_base: u64,
    /// `PAGE_*`.
    pub allocation_protect: u32,
    /// Bytes.
    pub size: u64,
    /// `MEM_COMMIT`.
    pub state: u32,
    /// `PAGE_*`.
    pub protect: u32,
    /// `MEM_IMAGE`, `MEM_MAPPED` or `MEM_PRIVATE`.
    pub memory_type: u32,
}

/// A module (`MINIDUMP_MODULE_CALLBACK`).
#[derive(Clone, Copy, Debug)]
pub struct ModuleInput<'a> {
    /// Full path, or file name where the dump filters paths.
    pub path: &'a str,
    /// First address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// ELF modules have none: 0.
    pub checksum: u32,
    /// ELF modules have none: 0.
    pub time_date_stamp: u32,
    /// Its version, from its name.
    pub version: Option<[u16; 4]>,
    /// Breakpad's ELF record: "BpEL" and the build id; empty without one.
    pub cv_record: &'a [u8],
    /// ELF modules have none: empty.
    pub misc_record: &'a [u8],
    /// A stack names it (`MiniDumpScanMemory`; without that flag true for all).
    pub referenced: bool,
}

/// A thread (`MINIDUMP_THREAD_CALLBACK`, `MINIDUMP_THREAD_EX_CALLBACK`).
#[derive(Clone, Copy, Debug)]
pub struct ThreadInput<'a> {
    /// Its id.
    pub thread_id: u32,
    /// Its `CONTEXT`, 1,232 bytes.
    pub context: &'a [u8],
    /// First address after its stack; the stack grows downwards from here.
    pub stack_base: u64,
    /// Lowest address of its stack that the dump would hold.
    pub stack_end: u64,
    /// The thread that the exception names, or that was chosen in its place.
    pub is_exception_thread: bool,
}

/// What is asked (`MINIDUMP_CALLBACK_INPUT`).
#[derive(Debug)]
pub enum CallbackInput<'a> {
    /// 0: a module that will be in the dump.
    Module(ModuleInput<'a>),
    /// 1: a thread that will be in the dump.
    Thread(ThreadInput<'a>),
    /// 2: the same, in dumps with an extended thread list.
    ThreadEx(ThreadInput<'a>),
    /// 3: a thread was found.
    IncludeThread {
        /// Its id.
        thread_id: u32,
    },
    /// 4: a module was found.
    IncludeModule {
        /// First address.
        base: u64,
    },
    /// 5: more memory?
    Memory,
    /// 6: stop?
    Cancel,
    /// 7: a kernel dump, too?
    WriteKernelMinidump,
    /// 8: what came of it.
    KernelMinidumpStatus {
        /// `E_NOTIMPL`.
        status: i32,
    },
    /// 9: memory to leave out?
    RemoveMemory,
    /// 10: a mapping of a full dump; twice for each.
    IncludeVmRegion {
        /// The mapping.
        region: VmRegion,
    },
    /// 11: will the caller write the file?
    IoStart,
    /// 12: write this.
    IoWriteAll {
        /// Where.
        offset: u64,
        /// What.
        bytes: &'a [u8],
    },
    /// 13: everything is written.
    IoFinish,
    /// 14: memory that cannot be read.
    ReadMemoryFailure {
        /// First address.
        offset: u64,
        /// Bytes, at most 4 GiB - 1.
        bytes: u32,
        /// Why, an `HRESULT`.
        status: i32,
    },
    /// 15: flags beyond `MINIDUMP_TYPE`.
    SecondaryFlags {
        /// `MINIDUMP_SECONDARY_FLAGS` so far.
        flags: u32,
    },
    /// 16: a process, or a copy of one?
    IsProcessSnapshot,
    /// 17: does the caller want to see reads?
    VmStart,
    /// 18: what is at this address? Asked of copies and core files only.
    VmQuery {
        /// First address of a mapping.
        address: u64,
    },
    /// 19: before a read; the caller may serve it.
    VmPreRead {
        /// First address.
        address: u64,
        /// To be filled.
        buffer: &'a mut [u8],
    },
    /// 20: after a read; the caller may alter the bytes.
    VmPostRead {
        /// First address.
        address: u64,
        /// What was read; beyond `completed` it means nothing.
        buffer: &'a mut [u8],
        /// How many bytes were read.
        completed: usize,
        /// `S_OK`, or why nothing could be.
        status: i32,
    },
}

impl CallbackInput<'_> {
    /// Its number (`MINIDUMP_CALLBACK_TYPE`).
    #[must_use]
    pub const fn number(&self) -> u32 {
        match self {
            Self::Module(_) => 0,
            Self::Thread(_) => 1,
            Self::ThreadEx(_) => 2,
            Self::IncludeThread { .. } => 3,
            Self::IncludeModule { .. } => 4,
            Self::Memory => 5,
            Self::Cancel => 6,
            Self::WriteKernelMinidump => 7,
            Self::KernelMinidumpStatus { .. } => 8,
            Self::RemoveMemory => 9,
            Self::IncludeVmRegion { .. } => 10,
            Self::IoStart => 11,
            Self::IoWriteAll { .. } => 12,
            Self::IoFinish => 13,
            Self::ReadMemoryFailure { .. } => 14,
            Self::SecondaryFlags { .. } => 15,
            Self::IsProcessSnapshot => 16,
            Self::VmStart => 17,
            Self::VmQuery { .. } => 18,
            Self::VmPreRead { .. } => 19,
            Self::VmPostRead { .. } => 20,
        }
    }

    /// What the output holds on entry. Given back as it is, it lets happen what would happen without callbacks.
    #[must_use]
    pub fn preset(&self, options: &DumpOptions) -> CallbackOutput {
        preset::of(self, options)
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackOutput {
    /// The `BOOL` that the routine returned.
    pub accepted: bool,
    /// What it left in the output.
    pub value: OutputValue,
}

impl CallbackOutput {
    /// `TRUE` with a value.
    #[must_use]
    pub const fn accept(value: OutputValue) -> Self {
        Self { accepted: true, value }
    }

    /// `FALSE`.
    #[must_use]
    pub const fn refuse() -> Self {
        Self { accepted: false, value: OutputValue::None }
    }
}

/// The part of `MINIDUMP_CALLBACK_OUTPUT` that a type uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputValue {
    /// Nothing.
    None,
    /// `ModuleWriteFlags` (0, 4).
    ModuleFlags(u32),
    /// `ThreadWriteFlags` (1, 2, 3).
    ThreadFlags(u32),
    /// `MemoryBase` and `MemorySize` (5, 9).
    Memory {
        /// First address.
        base: u64,
        /// Bytes; 0 ends the loop.
        size: u64,
    },
    /// `CheckCancel` and `Cancel` (6).
    Cancel {
        /// Ask again.
        check: bool,
        /// Stop.
        cancel: bool,
    },
    /// `VmRegion` and `Continue` (10).
    VmRegion {
        /// First address of what shall be kept.
        start: u64,
        /// Bytes of it; 0 = nothing.
        size: u64,
        /// Ask about the next mapping too.
        keep_going: bool,
    },
    /// `Status` (11 to 14, 16, 17).
    Status(i32),
    /// `SecondaryFlags` (15).
    SecondaryFlags(u32),
    /// `VmReadStatus` and `VmReadBytesCompleted` (19, 20).
    VmRead {
        /// `S_OK`: served.
        status: i32,
        /// First bytes of the buffer that are there.
        completed: u32,
    },
    /// `VmQueryStatus` and `VmQueryResult` (18).
    VmQuery {
        /// `S_OK`: answered.
        status: i32,
        /// The answer.
        region: VmRegion,
    },
}

/// A dump's caller.
pub trait Callbacks {
    /// One question; whoever does not care gives `preset` back.
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput;

    /// Whether nothing need be asked at all.
    fn is_idle(&self) -> bool {
        false
    }
}

/// A caller that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCallbacks;

impl Callbacks for NoCallbacks {
    fn call(&mut self, _input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        preset
    }

    fn is_idle(&self) -> bool {
        true
    }
}
