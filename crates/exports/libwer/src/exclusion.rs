//! Programs that are not reported: `werapi.h` and `errorrep.h`.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_char;

use wer_abi::Hresult;
use wer_abi::limits::MAX_PATH;
use wer_client::store::{add_excluded_application, remove_excluded_application};
use wer_winbase::{Win32Error, set_last_error};

use crate::answer;
use crate::wide::utf16;

#[unsafe(no_mangle)]
unsafe extern "C" fn WerAddExcludedApplication(program: *const u16, for_all_users: i32) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        let program = unsafe { utf16(program, MAX_PATH - 1) }?;
        add_excluded_application(&program, for_all_users != 0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerRemoveExcludedApplication(program: *const u16, for_all_users: i32) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        let program = unsafe { utf16(program, MAX_PATH - 1) }?;
        remove_excluded_application(&program, for_all_users != 0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn AddERExcludedApplicationW(program: *const u16) -> i32 {
    // SAFETY: the contract of the function.
    as_bool(unsafe { WerAddExcludedApplication(program, 1) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn AddERExcludedApplicationA(program: *const c_char) -> i32 {
    as_bool(answer(|| {
        // SAFETY: a string, by the contract of the function.
        let program = unsafe { utf8(program) }?;
        add_excluded_application(&program, true)
    }))
}

/// `BOOL`, with the error where `GetLastError` finds it.
fn as_bool(result: i32) -> i32 {
    let result = Hresult(result);
    if result.is_success() {
        return 1;
    }
    let code = result.bits() & 0xFFFF;
    let is_win32 = Hresult::from_win32(code) == result;
    set_last_error(if is_win32 { code } else { Win32Error::GEN_FAILURE.0 });
    0
}

/// A string of at most 259 bytes before its terminator. Reads no further than that.
///
/// # Errors
/// `E_INVALIDARG` for a null pointer, a longer string, or what is not UTF-8.
///
/// # Safety
/// `text` is null or leads to readable bytes up to a terminator, or 260 of them.
unsafe fn utf8(text: *const c_char) -> Result<String, Hresult> {
    if text.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut bytes = Vec::new();
    for place in 0..MAX_PATH {
        // SAFETY: within what the caller promises: no byte before this one was the terminator.
        match unsafe { text.wrapping_add(place).read() } {
            0 => return String::from_utf8(bytes).map_err(|_| Hresult::E_INVALIDARG),
            byte => bytes.push(byte as u8),
        }
    }
    Err(Hresult::E_INVALIDARG)
}
