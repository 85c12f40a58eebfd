//! `RegisterApplicationRestart`, `RegisterApplicationRecoveryCallback` and what belongs to them: `wer_restart.h`.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_void;

use wer_abi::Hresult;
use wer_abi::handle::Handle;
use wer_abi::limits::RESTART_MAX_CMD_LINE;
use wer_client::registration::{self, RecoveryCallback};

use crate::registration::ask_process;
use crate::registration::text::Units;
use crate::{answer, answer_with};

/// `APPLICATION_RECOVERY_CALLBACK`; `None` is `NULL`.
type Callback = Option<extern "C" fn(*mut c_void) -> u32>;

#[unsafe(no_mangle)]
unsafe extern "C" fn RegisterApplicationRestart(command_line: *const u16, flags: u32) -> i32 {
    answer(|| {
        if command_line.is_null() {
            return registration::register_application_restart(None, flags);
        }
        // SAFETY: a wide string, by the contract of the function.
        let units = unsafe { Units::of(command_line, RESTART_MAX_CMD_LINE - 1) }?;
        registration::register_application_restart_utf16(units, flags)
    })
}

#[unsafe(no_mangle)]
extern "C" fn UnregisterApplicationRestart() -> i32 {
    answer(registration::unregister_application_restart)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn GetApplicationRestartSettings(
    process: *mut c_void,
    command_line: *mut u16,
    size: *mut u32,
    flags: *mut u32,
) -> i32 {
    answer(|| {
        if size.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let found = ask_process(
            Handle(process as usize),
            registration::application_restart_settings,
            registration::restart_settings_of_process,
        )?;
        let settings = found.ok_or(Hresult::WER_E_NOT_FOUND)?;
        let text = settings.command_line.unwrap_or_default();
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        // SAFETY: not null, so readable by the contract of the function.
        let room = unsafe { size.read_unaligned() };
        // SAFETY: not null, so writable by the contract of the function.
        unsafe { size.write_unaligned(units.len() as u32) };
        if !command_line.is_null() {
            if (room as usize) < units.len() {
                return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
            }
            // SAFETY: the caller's buffer has `room` units, and the text fits.
            unsafe { command_line.cast::<u8>().copy_from(units.as_ptr().cast(), 2 * units.len()) };
        }
        // SAFETY: null, or writable by the contract of the function.
        unsafe { give(flags, settings.flags) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn RegisterApplicationRecoveryCallback(
    callback: Callback,
    parameter: *mut c_void,
    ping_interval_ms: u32,
    flags: u32,
) -> i32 {
    let callback = callback.map_or(0, |callback| callback as *const () as usize);
    let wanted = RecoveryCallback { callback, parameter: parameter as usize, ping_interval_ms, flags };
    answer(|| registration::register_application_recovery_callback(wanted))
}

#[unsafe(no_mangle)]
extern "C" fn UnregisterApplicationRecoveryCallback() -> i32 {
    answer(registration::unregister_application_recovery_callback)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn GetApplicationRecoveryCallback(
    process: *mut c_void,
    callback: *mut usize,
    parameter: *mut usize,
    ping_interval_ms: *mut u32,
    flags: *mut u32,
) -> i32 {
    answer_with(|| {
        if callback.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let found = ask_process(
            Handle(process as usize),
            registration::application_recovery_callback,
            registration::recovery_callback_of_process,
        )?;
        let Some(found) = found else { return Ok(Hresult::S_FALSE) };
        // SAFETY: not null, so writable by the contract of the function.
        unsafe { give(callback, found.callback) };
        // SAFETY: null, or writable by the contract of the function.
        unsafe { give(parameter, found.parameter) };
        // SAFETY: as above.
        unsafe { give(ping_interval_ms, found.ping_interval_ms) };
        // SAFETY: as above.
        unsafe { give(flags, found.flags) };
        Ok(Hresult::S_OK)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ApplicationRecoveryInProgress(cancelled: *mut i32) -> i32 {
    answer(|| {
        if cancelled.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let gives_up = registration::application_recovery_in_progress()?;
        // SAFETY: not null, so writable by the contract of the function.
        unsafe { give(cancelled, i32::from(gives_up)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn ApplicationRecoveryFinished(success: i32) {
    answer(|| {
        registration::application_recovery_finished(success != 0);
        Ok(())
    });
}

/// Writes `value` where the caller wants it, if it does.
///
/// # Safety
/// `place` is null or writable.
unsafe fn give<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: writable, by the caller's promise.
        unsafe { place.write_unaligned(value) };
    }
}
