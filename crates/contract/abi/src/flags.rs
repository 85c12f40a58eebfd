//! Flag words and small enumerations of `werapi.h` that cross a process boundary.

/// `WER_REGISTER_FILE_TYPE`: the user's own document.
pub const WER_REG_FILE_TYPE_USER_DOCUMENT: u32 = 1;
/// `WER_REGISTER_FILE_TYPE`: anything else.
pub const WER_REG_FILE_TYPE_OTHER: u32 = 2;

/// `WER_FILE_DELETE_WHEN_DONE`.
pub const WER_FILE_DELETE_WHEN_DONE: u32 = 0x1;
/// `WER_FILE_ANONYMOUS_DATA`.
pub const WER_FILE_ANONYMOUS_DATA: u32 = 0x2;
/// `WER_FILE_COMPRESSED`.
pub const WER_FILE_COMPRESSED: u32 = 0x4;

/// `WER_FAULT_REPORTING_FLAG_NOHEAP`: no heap dump of this process.
pub const WER_FAULT_REPORTING_FLAG_NOHEAP: u32 = 0x1;
/// `WER_FAULT_REPORTING_FLAG_QUEUE`: queue, do not ask.
pub const WER_FAULT_REPORTING_FLAG_QUEUE: u32 = 0x2;
/// `WER_FAULT_REPORTING_FLAG_DISABLE_THREAD_SUSPENSION`.
pub const WER_FAULT_REPORTING_FLAG_DISABLE_THREAD_SUSPENSION: u32 = 0x4;
/// `WER_FAULT_REPORTING_FLAG_QUEUE_UPLOAD`: queue, and upload from the queue.
pub const WER_FAULT_REPORTING_FLAG_QUEUE_UPLOAD: u32 = 0x8;
/// `WER_FAULT_REPORTING_ALWAYS_SHOW_UI`.
pub const WER_FAULT_REPORTING_ALWAYS_SHOW_UI: u32 = 0x10;
/// `WER_FAULT_REPORTING_NO_UI`.
pub const WER_FAULT_REPORTING_NO_UI: u32 = 0x20;
/// Every flag that the headers define for `WerSetFlags`.
pub const WER_FAULT_REPORTING_VALID: u32 = 0x7FF;

/// `RegisterApplicationRestart`: not after a crash.
pub const RESTART_NO_CRASH: u32 = 0x1;
/// `RegisterApplicationRestart`: not after a hang.
pub const RESTART_NO_HANG: u32 = 0x2;
/// `RegisterApplicationRestart`: not after an update of the application.
pub const RESTART_NO_PATCH: u32 = 0x4;
/// `RegisterApplicationRestart`: not after the machine was started anew.
pub const RESTART_NO_REBOOT: u32 = 0x8;
/// Every flag that `RegisterApplicationRestart` knows.
pub const RESTART_VALID: u32 = 0xF;

/// `WER_DUMP_TYPE`, numbered as in `werapi.h`, plus full memory, which Windows reaches by custom flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DumpType {
    /// `WerDumpTypeMicroDump`: the stack of one thread.
    Micro,
    /// `WerDumpTypeMiniDump`: the stacks of all threads.
    Mini,
    /// `WerDumpTypeTriageDump`: what a stack trace of all threads needs, and nothing of the user's.
    Triage,
    /// `WerDumpTypeHeapDump`: mini, plus private read-write memory.
    Heap,
    /// All accessible memory (`MiniDumpWithFullMemory`).
    Full,
}

impl DumpType {
    /// The `MINIDUMP_TYPE` flags that the `WER_DUMP_TYPE` page makes this type equivalent to. The page says nothing of
    /// triage dumps; here they are stacks reduced to what unwinding needs, unloaded modules, thread info, names for paths.
    #[must_use]
    pub const fn minidump_flags(self) -> u64 {
        match self {
            Self::Micro => 0x521,
            Self::Mini => 0x4_0121,
            Self::Triage => 0x10_10A8,
            Self::Heap => 0x5_1B25,
            Self::Full => 0x5_1826 | 0x2_0000,
        }
    }

    /// The type of a `WER_DUMP_TYPE` number; `None` for none and for what is beyond.
    #[must_use]
    pub const fn from_wer(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Micro),
            2 => Some(Self::Mini),
            3 => Some(Self::Heap),
            4 => Some(Self::Triage),
            _ => None,
        }
    }

    /// The word that commands and settings use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Mini => "mini",
            Self::Triage => "triage",
            Self::Heap => "heap",
            Self::Full => "full",
        }
    }
}
