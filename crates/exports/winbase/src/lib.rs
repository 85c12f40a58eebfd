//! The kernel32 calls of `include/wer_winbase.h`, for handler modules and callers of `MiniDumpWriteDump`: `libwer.so` and
//! `libwerdbghelp.so` both link this crate and so export all of it, so that either works without the other.
//!
//! Exported under `WerWin` names, so that a program that brings its own `ReadProcessMemory` collides with nothing; the
//! header maps the plain names to these. Each export is: panic boundary, check pointers, call [`wer_winbase`], leave
//! the error for `GetLastError`. `BOOL` answers are 0 or 1.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

mod clock;
mod file;
mod folder;
mod library;
mod mapping;
mod memory;
mod object;
mod position;
mod process;
mod registry;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wer_abi::Handle;
use wer_winbase::{Win32Error, last_error, set_last_error};

/// Runs an export's body; an error or a panic is `failed` and a last error.
fn answer<T>(failed: T, body: impl FnOnce() -> Result<T, Win32Error>) -> T {
    // A panic leaves nothing of ours half done: every body is one call.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Win32Error::GEN_FAILURE));
    result.unwrap_or_else(|error| {
        set_last_error(error.0);
        failed
    })
}

/// [`answer`] for functions that answer `BOOL`.
fn answer_bool(body: impl FnOnce() -> Result<(), Win32Error>) -> i32 {
    answer(0, || body().map(|()| 1))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetLastError() -> u32 {
    last_error()
}

#[unsafe(no_mangle)]
extern "C" fn WerWinSetLastError(code: u32) {
    set_last_error(code);
}

/// Writes through an optional out-pointer.
///
/// # Safety
/// `target` is null or leads to a writable `T`.
unsafe fn store<T>(target: *mut T, value: T) {
    if !target.is_null() {
        // SAFETY: not null, so writable by the caller's promise; an unaligned one is written all the same.
        unsafe { target.write_unaligned(value) };
    }
}

/// The handle that C holds as a pointer.
fn handle(pointer: *mut core::ffi::c_void) -> Handle {
    Handle(pointer.addr())
}

/// A handle as C holds it.
fn pointer(handle: Handle) -> *mut core::ffi::c_void {
    core::ptr::without_provenance_mut(handle.0)
}
