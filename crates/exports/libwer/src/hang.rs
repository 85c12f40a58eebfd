//! Hangs: `WerReportHang` of `errorrep.h`, and the watchdog of `wer_linux.h`.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_void;
use std::time::Duration;

use wer_abi::Hresult;
use wer_abi::hang_request::MAX_NAME_UNITS;
use wer_client::crash::{report_hang, watchdog};

use crate::answer;
use crate::registration::text::Units;

/// `HRESULT_FROM_WIN32(ERROR_INVALID_WINDOW_HANDLE)`.
const INVALID_WINDOW: Hresult = Hresult::from_win32(1400);

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportHang(window: *mut c_void, name: *const u16) -> i32 {
    answer(|| {
        if window.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let name = match name.is_null() {
            true => String::new(),
            false => {
                // SAFETY: a wide string, by the contract of the function.
                let units =
                    unsafe { Units::of(name, MAX_NAME_UNITS) }.map_err(|_| Hresult::WER_E_LENGTH_EXCEEDED)?;
                char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Hresult::E_INVALIDARG)?
            }
        };
        // A window is a thread here.
        let thread_id = i32::try_from(window.addr()).map_err(|_| INVALID_WINDOW)?;
        report_hang(thread_id.unsigned_abs(), &name)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWatchdogStart(timeout_ms: u32, handle: *mut *mut c_void) -> i32 {
    answer(|| {
        if handle.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        // SAFETY: a writable pointer, by the contract of the function.
        unsafe { handle.write_unaligned(core::ptr::null_mut()) };
        let opened = watchdog::open(Duration::from_millis(timeout_ms.into()), None)?;
        // SAFETY: as above.
        unsafe { handle.write_unaligned(core::ptr::without_provenance_mut(opened as usize)) };
        Ok(())
    })
}

/// No panic boundary: signal handlers call it, and it is two loads and an addition.
#[unsafe(no_mangle)]
extern "C" fn WerWatchdogPet(handle: *mut c_void) -> i32 {
    watchdog::pet(handle.addr() as u64).map_or_else(|error| error.0, |()| Hresult::S_OK.0)
}

#[unsafe(no_mangle)]
extern "C" fn WerWatchdogStop(handle: *mut c_void) -> i32 {
    answer(|| watchdog::close(handle.addr() as u64))
}
