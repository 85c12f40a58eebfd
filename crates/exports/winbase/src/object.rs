//! Handles, events and waiting.

use core::ffi::{c_char, c_void};

use wer_abi::Handle;
use wer_winbase::{
    Win32Error, close_handle, create_event, create_named_event, duplicate_handle, open_event, reset_event,
    set_event, set_last_error, sleep, wait_for_single_object,
};

use crate::text::{narrow, wide};
use crate::{answer, answer_bool, handle, pointer, store};

/// `WAIT_FAILED`.
const WAIT_FAILED: u32 = u32::MAX;

#[unsafe(no_mangle)]
extern "C" fn WerWinCloseHandle(object: *mut c_void) -> i32 {
    answer_bool(|| close_handle(handle(object)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinDuplicateHandle(
    source_process: *mut c_void,
    source: *mut c_void,
    target_process: *mut c_void,
    target: *mut *mut c_void,
    _access: u32,
    _inherit: i32,
    options: u32,
) -> i32 {
    answer_bool(|| {
        let duplicate =
            duplicate_handle(handle(source_process), handle(source), handle(target_process), options)?;
        // SAFETY: null or writable by the function's contract.
        unsafe { store(target, pointer(duplicate)) };
        Ok(())
    })
}

fn create(
    manual_reset: i32,
    initially_set: i32,
    name: impl FnOnce() -> Result<Option<String>, Win32Error>,
) -> *mut c_void {
    pointer(answer(Handle::NULL, || {
        let (manual_reset, initially_set) = (manual_reset != 0, initially_set != 0);
        let (event, existed) = match name()? {
            None => (create_event(manual_reset, initially_set)?, false),
            Some(name) => create_named_event(&name, manual_reset, initially_set)?,
        };
        set_last_error(if existed { Win32Error::ALREADY_EXISTS.0 } else { 0 });
        Ok(event)
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateEventW(
    _attributes: *mut c_void,
    manual_reset: i32,
    initially_set: i32,
    name: *const u16,
) -> *mut c_void {
    create(manual_reset, initially_set, || {
        // SAFETY: null or a wide string, by the contract of the function.
        (!name.is_null()).then(|| unsafe { wide(name) }).transpose()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateEventA(
    _attributes: *mut c_void,
    manual_reset: i32,
    initially_set: i32,
    name: *const c_char,
) -> *mut c_void {
    create(manual_reset, initially_set, || {
        // SAFETY: null or a C string, by the contract of the function.
        (!name.is_null()).then(|| unsafe { narrow(name) }).transpose()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOpenEventW(_access: u32, _inherit: i32, name: *const u16) -> *mut c_void {
    // SAFETY: null or a wide string, by the contract of the function.
    pointer(answer(Handle::NULL, || open_event(&unsafe { wide(name) }?)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOpenEventA(_access: u32, _inherit: i32, name: *const c_char) -> *mut c_void {
    // SAFETY: null or a C string, by the contract of the function.
    pointer(answer(Handle::NULL, || open_event(&unsafe { narrow(name) }?)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinSetEvent(event: *mut c_void) -> i32 {
    answer_bool(|| set_event(handle(event)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinResetEvent(event: *mut c_void) -> i32 {
    answer_bool(|| reset_event(handle(event)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinWaitForSingleObject(object: *mut c_void, timeout_ms: u32) -> u32 {
    answer(WAIT_FAILED, || wait_for_single_object(handle(object), timeout_ms).map(|result| result as u32))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinSleep(milliseconds: u32) {
    sleep(milliseconds);
}
