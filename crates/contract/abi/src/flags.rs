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
/// `WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE`: a report that waits in the queue keeps no heap dump.
pub const WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE: u32 = 0x40;
/// `WER_FAULT_REPORTING_DISABLE_SNAPSHOT_CRASH`.
pub const WER_FAULT_REPORTING_DISABLE_SNAPSHOT_CRASH: u32 = 0x80;
/// `WER_FAULT_REPORTING_DISABLE_SNAPSHOT_HANG`: a hang is dumped while the process is stopped, not from a snapshot.
pub const WER_FAULT_REPORTING_DISABLE_SNAPSHOT_HANG: u32 = 0x100;
/// `WER_FAULT_REPORTING_CRITICAL`: the process is critical.
pub const WER_FAULT_REPORTING_CRITICAL: u32 = 0x200;
/// `WER_FAULT_REPORTING_DURABLE`: the report is on disk before the process is let go.
pub const WER_FAULT_REPORTING_DURABLE: u32 = 0x400;
/// Every flag that the headers define for `WerSetFlags`.
pub const WER_FAULT_REPORTING_VALID: u32 = 0x7FF;

/// `WerReportSubmit`: show how to recover what the application registered.
pub const WER_SUBMIT_HONOR_RECOVERY: u32 = 0x1;
/// `WerReportSubmit`: start the application again as it registered.
pub const WER_SUBMIT_HONOR_RESTART: u32 = 0x2;
/// `WerReportSubmit`: into the queue; it is sent later, as consent allows.
pub const WER_SUBMIT_QUEUE: u32 = 0x4;
/// `WerReportSubmit`: offer a debugger.
pub const WER_SUBMIT_SHOW_DEBUG: u32 = 0x8;
/// `WerReportSubmit`: with what the process registered.
pub const WER_SUBMIT_ADD_REGISTERED_DATA: u32 = 0x10;
/// `WerReportSubmit`: another process submits, and the caller waits for it.
pub const WER_SUBMIT_OUTOFPROCESS: u32 = 0x20;
/// `WerReportSubmit`: no closing dialog.
pub const WER_SUBMIT_NO_CLOSE_UI: u32 = 0x40;
/// `WerReportSubmit`: never into the queue: sent now or thrown away (`WER_SUBMIT_DISCARD_IF_QUEUED`).
pub const WER_SUBMIT_NO_QUEUE: u32 = 0x80;
/// `WerReportSubmit`: nothing of it stays in the archive.
pub const WER_SUBMIT_NO_ARCHIVE: u32 = 0x100;
/// `WerReportSubmit`: the dialog starts minimized.
pub const WER_SUBMIT_START_MINIMIZED: u32 = 0x200;
/// `WerReportSubmit`: another process submits, and the caller does not wait for it.
pub const WER_SUBMIT_OUTOFPROCESS_ASYNC: u32 = 0x400;
/// `WerReportSubmit`: a second cab of one event may be sent.
pub const WER_SUBMIT_BYPASS_DATA_THROTTLING: u32 = 0x800;
/// `WerReportSubmit`: only the parameters stay in the archive, whatever `ConfigureArchive` says.
pub const WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY: u32 = 0x1000;
/// `WerReportSubmit`: the machine is named, whoever gave the consent.
pub const WER_SUBMIT_REPORT_MACHINE_ID: u32 = 0x2000;
/// `WerReportSubmit`: also on battery.
pub const WER_SUBMIT_BYPASS_POWER_THROTTLING: u32 = 0x4000;
/// `WerReportSubmit`: also over a network that costs.
pub const WER_SUBMIT_BYPASS_NETWORK_COST_THROTTLING: u32 = 0x8000;
/// Every flag that the headers define for `WerReportSubmit`.
pub const WER_SUBMIT_VALID: u32 = 0xFFFF;

/// `WerReportAddDump`: a heap dump is dropped where the report waits in the queue.
pub const WER_DUMP_NOHEAP_ONQUEUE: u32 = 0x1;
/// `WerReportAddDump`: an auxiliary dump.
pub const WER_DUMP_AUXILIARY: u32 = 0x2;

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
