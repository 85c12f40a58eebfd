//! Libraries and the functions in them.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::null_mut;

use wer_winbase::{Win32Error, library};

use crate::text::{narrow, wide};
use crate::{answer, answer_bool};

/// The module of a name; null is the program.
fn module(name: Option<Result<String, Win32Error>>, may_load: bool) -> *mut c_void {
    answer(null_mut(), || match name {
        Some(name) => library::open(&name?, may_load),
        None => library::own(),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetModuleHandleW(name: *const u16) -> *mut c_void {
    // SAFETY: null or a wide string, by the contract of the function.
    module((!name.is_null()).then(|| unsafe { wide(name) }), false)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetModuleHandleA(name: *const c_char) -> *mut c_void {
    // SAFETY: null or a C string, by the contract of the function.
    module((!name.is_null()).then(|| unsafe { narrow(name) }), false)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinLoadLibraryW(name: *const u16) -> *mut c_void {
    // SAFETY: null or a wide string, by the contract of the function.
    module(Some(unsafe { wide(name) }), true)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinLoadLibraryA(name: *const c_char) -> *mut c_void {
    // SAFETY: null or a C string, by the contract of the function.
    module(Some(unsafe { narrow(name) }), true)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinFreeLibrary(module: *mut c_void) -> i32 {
    // SAFETY: a module's handle, by the contract of the function.
    answer_bool(|| unsafe { library::close(module) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void {
    answer(null_mut(), || {
        // A number here is an ordinal, which functions have on Windows only.
        if name.addr() < 0x1_0000 {
            return Err(Win32Error::PROC_NOT_FOUND);
        }
        // SAFETY: a C string, by the contract of the function.
        let name = unsafe { CStr::from_ptr(name) };
        // SAFETY: a module's handle, by the contract of the function.
        unsafe { library::find(module, name) }
    })
}
