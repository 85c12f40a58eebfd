//! What happened to a process, in both languages: the kernel's signal and Windows' exception.

use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;

/// The signal as the kernel gave it (`siginfo_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// `si_signo`.
    pub number: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_errno`.
    pub errno: i32,
    /// `si_addr` for faults, else 0. The data address, not the instruction's.
    pub address: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionSnapshot {
    /// The thread, by its id in the namespace of whoever captured it.
    pub tid: u32,
    /// The signal.
    pub signal: SignalInfo,
    /// Windows' code for it.
    pub status: NtStatus,
    /// Address of the instruction.
    pub instruction: u64,
    /// How memory was touched, for a memory fault where it is known.
    pub access: Option<AccessKind>,
}
