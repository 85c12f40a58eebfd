//! Clocks, the environment, and ends of processes by an exception.

use core::ffi::c_void;

use wer_winbase::clock::{CalendarTime, calendar_time, file_time, ticks_ms};
use wer_winbase::{Win32Error, raise};

use crate::text::{put, wide};
use crate::{answer, store};

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetSystemTime(time: *mut CalendarTime) {
    // SAFETY: null or writable by the function's contract.
    unsafe { store(time, calendar_time(false)) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetLocalTime(time: *mut CalendarTime) {
    // SAFETY: null or writable by the function's contract.
    unsafe { store(time, calendar_time(true)) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetSystemTimeAsFileTime(time: *mut u64) {
    // SAFETY: null or writable by the function's contract; the low half comes first.
    unsafe { store(time, file_time()) };
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetTickCount() -> u32 {
    ticks_ms() as u32
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetTickCount64() -> u64 {
    ticks_ms()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetEnvironmentVariableW(name: *const u16, buffer: *mut u16, capacity: u32) -> u32 {
    answer(0, || {
        // SAFETY: null or a wide string, by the contract of the function.
        let name = unsafe { wide(name) }?;
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        let value = is_name.then(|| std::env::var_os(name)).flatten().ok_or(Win32Error::ENVVAR_NOT_FOUND)?;
        let units: Vec<u16> = value.to_string_lossy().encode_utf16().collect();
        // SAFETY: null or `capacity` units, by the contract of the function.
        Ok(unsafe { put(&units, buffer, capacity) })
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerWinRaiseException(code: u32, _flags: u32, _count: u32, _arguments: *const c_void) {
    raise::raise_exception(code);
}

#[unsafe(no_mangle)]
extern "C" fn WerWinExitProcess(code: u32) {
    std::process::exit(code.cast_signed());
}
