//! Parts of the block's header that writers older than them leave zero: where a copy of the dump goes, how to start the
//! application again, and what to call so that it can save its user's work.
//!
//! Each is read like the last words: `sequence` is odd while it is written; a reader that sees the same even sequence
//! before and after has a whole area. `check` is [`check_word`](super::check_word) of what is registered, 0 = nothing
//! is: an area that was overwritten is told from one that was written.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use crate::limits::RESTART_MAX_CMD_LINE;

/// Bytes of a path in [`AppLocalDumpArea`]: 63 UTF-16 units have at most 189.
pub const APP_LOCAL_DUMP_BYTES: usize = 192;

/// `WerRegisterAppLocalDump`.
#[derive(Debug)]
#[repr(C)]
pub struct AppLocalDumpArea {
    /// Odd while being written.
    pub sequence: AtomicU32,
    /// Of the path's bytes; 0 = nothing registered.
    pub check: AtomicU32,
    /// Bytes of `path` that count.
    pub path_bytes: AtomicU32,
    /// 0.
    pub reserved: u32,
    /// Relative path, UTF-8, `/` between names.
    pub path: [AtomicU8; APP_LOCAL_DUMP_BYTES],
}

/// States of [`RecoveryArea::phase`].
pub mod recovery_phase {
    /// The callback was not called.
    pub const NOT_CALLED: u32 = 0;
    /// It runs.
    pub const RUNNING: u32 = 1;
    /// `ApplicationRecoveryFinished(TRUE)`.
    pub const SUCCEEDED: u32 = 2;
    /// `ApplicationRecoveryFinished(FALSE)`, or it returned without a word.
    pub const FAILED: u32 = 3;
    /// It let its ping interval pass, or crashed.
    pub const ENDED: u32 = 4;
}

/// `RegisterApplicationRecoveryCallback`, and what becomes of it after a crash.
#[derive(Debug)]
#[repr(C)]
pub struct RecoveryArea {
    /// Odd while being written.
    pub sequence: AtomicU32,
    /// Of callback, parameter, interval and flags; 0 = nothing registered.
    pub check: AtomicU32,
    /// Address of the callback.
    pub callback: AtomicU64,
    /// What it is called with.
    pub parameter: AtomicU64,
    /// Milliseconds within which it must call `ApplicationRecoveryInProgress`.
    pub ping_interval_ms: AtomicU32,
    /// As registered; Windows defines none.
    pub flags: AtomicU32,
    /// One of [`recovery_phase`]. From here on not part of what `sequence` and `check` hold.
    pub phase: AtomicU32,
    /// Calls of `ApplicationRecoveryInProgress`.
    pub progress_count: AtomicU32,
    /// When the callback was called, in milliseconds of `CLOCK_MONOTONIC`.
    pub started_ms: AtomicU64,
    /// When it last called `ApplicationRecoveryInProgress`, on the same clock.
    pub last_progress_ms: AtomicU64,
    /// Thread that runs it.
    pub tid: AtomicU32,
    /// Nonzero: `ApplicationRecoveryInProgress` tells the callback to give up.
    pub cancelled: AtomicU32,
}

/// Values of [`RestartArea::state`].
pub mod restart_state {
    /// Nothing registered.
    pub const NONE: u32 = 0;
    /// Start it with `command`.
    pub const COMMAND: u32 = 1;
    /// Start it with the arguments that it was started with.
    pub const OWN_ARGUMENTS: u32 = 2;
}

/// `RegisterApplicationRestart`.
#[derive(Debug)]
#[repr(C)]
pub struct RestartArea {
    /// Odd while being written.
    pub sequence: AtomicU32,
    /// Of state, flags, time and command line; 0 = nothing registered.
    pub check: AtomicU32,
    /// One of [`restart_state`].
    pub state: AtomicU32,
    /// `RESTART_NO_...`.
    pub flags: AtomicU32,
    /// When it was registered, in milliseconds of `CLOCK_MONOTONIC`.
    pub registered_ms: AtomicU64,
    /// Units of `command` that count.
    pub command_units: AtomicU32,
    /// 0.
    pub reserved: u32,
    /// Arguments without the program's name, UTF-16, no terminator.
    pub command: [AtomicU16; RESTART_MAX_CMD_LINE],
}

const _: () = {
    assert!(size_of::<AppLocalDumpArea>() == 208);
    assert!(size_of::<RecoveryArea>() == 64);
    assert!(size_of::<RestartArea>() == 2080);
};
