//! The crashed process, from inside `WerFault.exe`: the functions of the system.
#![expect(unsafe_code, reason = "calls the system's functions with the handles that it gave")]

use core::ffi::c_void;
use core::fmt;

use wer_abi::Handle;
use windows_sys::Win32::Foundation::{GetLastError, HANDLE};
use windows_sys::Win32::System::Diagnostics::Debug::{OutputDebugStringW, ReadProcessMemory};
use windows_sys::Win32::System::Threading::{GetProcessId, TerminateProcess};

/// A `winerror.h` code other than `ERROR_SUCCESS`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Win32Error(pub u32);

impl fmt::Display for Win32Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Win32 error {}", self.0)
    }
}

impl core::error::Error for Win32Error {}

/// A copy that did not reach its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartialCopy {
    /// Bytes copied before it stopped.
    pub bytes: usize,
    /// Why.
    pub error: Win32Error,
}

impl fmt::Display for PartialCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} bytes", self.error, self.bytes)
    }
}

impl core::error::Error for PartialCopy {}

fn last_error() -> Win32Error {
    // SAFETY: takes nothing.
    Win32Error(unsafe { GetLastError() })
}

fn raw(handle: Handle) -> HANDLE {
    core::ptr::without_provenance_mut(handle.0)
}

/// `ReadProcessMemory`.
///
/// # Errors
/// [`PartialCopy`] when not all of it could be read.
pub(crate) fn read_process_memory(
    process: Handle,
    address: u64,
    buffer: &mut [u8],
) -> Result<(), PartialCopy> {
    let mut bytes = 0;
    let from: *const c_void = core::ptr::without_provenance(address as usize);
    let to = buffer.as_mut_ptr().cast();
    // SAFETY: the buffer has as many writable bytes as are asked for; the far address is checked by the system.
    let done = unsafe { ReadProcessMemory(raw(process), from, to, buffer.len(), &raw mut bytes) };
    if done != 0 && bytes == buffer.len() { Ok(()) } else { Err(PartialCopy { bytes, error: last_error() }) }
}

/// `GetProcessId`.
///
/// # Errors
/// The system's.
pub(crate) fn process_id(process: Handle) -> Result<u32, Win32Error> {
    // SAFETY: a number that the system checks.
    match unsafe { GetProcessId(raw(process)) } {
        0 => Err(last_error()),
        pid => Ok(pid),
    }
}

/// `TerminateProcess`.
///
/// # Errors
/// The system's.
pub(crate) fn terminate_process(process: Handle, exit_code: u32) -> Result<(), Win32Error> {
    // SAFETY: a handle that the system checks, and a number.
    if unsafe { TerminateProcess(raw(process), exit_code) } == 0 { Err(last_error()) } else { Ok(()) }
}

/// `OutputDebugStringW`.
pub(crate) fn output_debug_string(text: &str) {
    let wide: Vec<u16> = text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect();
    // SAFETY: the text ends with a NUL and lives for the call.
    unsafe { OutputDebugStringW(wide.as_ptr()) };
}
