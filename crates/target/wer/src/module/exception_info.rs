//! What a module is told of the exception, and reading the crashed process.

use core::fmt;

use crate::os::process::{self, PartialCopy, Win32Error, process_id, read_process_memory};
use wer_abi::{Context, ExceptionRecord, Handle, NtStatus, WerRuntimeExceptionInformation};

use super::FromTarget;

/// Characters of a report id that are looked at; a GUID has 36.
const MAX_REPORT_ID: usize = 64;

/// Memory of the crashed process that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Where the read began.
    pub address: u64,
    /// How far it came, and why not further.
    pub stop: PartialCopy,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the process's memory at 0x{:x} could not be read: {}", self.address, self.stop)
    }
}

impl std::error::Error for ReadError {}

/// An exception in another process.
#[derive(Clone, Copy)]
pub struct ExceptionInfo<'a> {
    context: u64,
    information: &'a WerRuntimeExceptionInformation,
    report_id: &'a [u16],
}

impl fmt::Debug for ExceptionInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExceptionInfo")
            .field("code", &self.code())
            .field("context", &self.context)
            .field("report_id", &self.report_id())
            .finish_non_exhaustive()
    }
}

impl<'a> ExceptionInfo<'a> {
    pub(super) fn new(
        context: u64,
        information: &'a WerRuntimeExceptionInformation,
        report_id: &'a [u16],
    ) -> Self {
        Self { context, information, report_id: report_id.get(..MAX_REPORT_ID).unwrap_or(report_id) }
    }

    /// What the application registered with the module: mostly an address in the crashed process.
    #[must_use]
    pub const fn context(&self) -> u64 {
        self.context
    }

    /// What happened.
    #[must_use]
    pub const fn code(&self) -> NtStatus {
        NtStatus(self.information.exception_record.code)
    }

    /// The exception's record.
    #[must_use]
    pub const fn record(&self) -> &'a ExceptionRecord {
        &self.information.exception_record
    }

    /// The crashed thread's registers.
    #[must_use]
    pub const fn registers(&self) -> &'a Context {
        &self.information.context
    }

    /// Whether the process will not survive.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        self.information.is_fatal != 0
    }

    /// The report's id.
    #[must_use]
    pub fn report_id(&self) -> String {
        String::from_utf16_lossy(self.report_id)
    }

    /// The crashed process.
    #[must_use]
    pub const fn process(&self) -> Handle {
        self.information.process
    }

    /// The crashed thread.
    #[must_use]
    pub const fn thread(&self) -> Handle {
        self.information.thread
    }

    /// The crashed process's id; `None` when it cannot be seen from the host.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        process_id(self.process()).ok()
    }

    /// Fills `buffer` with the crashed process's memory from `address` on.
    ///
    /// # Errors
    /// [`ReadError`] when not all of it can be read.
    pub fn read_bytes(&self, address: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        read_process_memory(self.process(), address, buffer).map_err(|stop| ReadError { address, stop })
    }

    /// Reads a value from the crashed process: a number, an array, or a struct made by
    /// [`target_struct!`](crate::target_struct).
    ///
    /// # Errors
    /// [`ReadError`] when not all of it can be read.
    pub fn read<T: FromTarget>(&self, address: u64) -> Result<T, ReadError> {
        let mut bytes = vec![0; size_of::<T>()];
        self.read_bytes(address, &mut bytes)?;
        Ok(T::from_target(&bytes))
    }

    /// Ends the crashed process, as `TerminateProcess` does. On Linux it is held for its report and ends by its own signal
    /// when that is done; the wish is noted there.
    ///
    /// # Errors
    /// The host's answer.
    pub fn terminate_process(&self, exit_code: u32) -> Result<(), Win32Error> {
        process::terminate_process(self.process(), exit_code)
    }
}
