//! After a crash: a last chance to save what is open (`RegisterApplicationRecoveryCallback`), and being started again
//! (`RegisterApplicationRestart`).

use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use wer_abi::Hresult;

use crate::Result;
use crate::os::registration;

/// What runs after the report; `true` = it has saved what there was to save.
static RECOVERY: Mutex<Option<fn() -> bool>> = Mutex::new(None);

/// Has `recover` called once in this process after a crash, when the report is made: on a task of its own, while the
/// thread that crashed waits. It must call [`recovery_in_progress`] at least every `ping_interval` (at most five minutes;
/// zero is five seconds), or it is ended. Registering again replaces it.
///
/// Memory may be damaged and locks may be held for ever by threads that stand still: take none that another thread could
/// hold.
///
/// # Errors
/// `E_INVALIDARG` for an interval above five minutes; `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn register_recovery(recover: fn() -> bool, ping_interval: Duration) -> Result<()> {
    let interval_ms = u32::try_from(ping_interval.as_millis()).map_err(|_| Hresult::E_INVALIDARG)?;
    registration::register_recovery(run_recovery, interval_ms)?;
    *RECOVERY.lock().unwrap_or_else(PoisonError::into_inner) = Some(recover);
    Ok(())
}

/// Takes back [`register_recovery`].
///
/// # Errors
/// `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn unregister_recovery() -> Result<()> {
    Ok(registration::unregister_recovery()?)
}

/// Says that the recovery gets on. Answers whether it shall give up.
///
/// # Errors
/// `E_FAIL` when none runs.
pub fn recovery_in_progress() -> Result<bool> {
    Ok(registration::recovery_in_progress()?)
}

/// What the system calls. A lock that cannot be had at once was held when the process crashed.
fn run_recovery() {
    let recover = RECOVERY.try_lock().ok().and_then(|recover| *recover);
    let saved = recover.is_some_and(|recover| std::panic::catch_unwind(recover).unwrap_or(false));
    registration::recovery_finished(saved);
}

/// Has this program started again after a crash, if it has run for a minute by then: with these arguments (without the
/// program's name, at most 1,023 UTF-16 units), or with those that it has now. `flags` are
/// [`crate::flags`]`::RESTART_NO_...`.
///
/// # Errors
/// `E_INVALIDARG`; `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn register_restart(command_line: Option<&str>, flags: u32) -> Result<()> {
    Ok(registration::register_application_restart(command_line, flags)?)
}

/// Takes back [`register_restart`].
///
/// # Errors
/// `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn unregister_restart() -> Result<()> {
    Ok(registration::unregister_application_restart()?)
}
