//! Watchdogs of the C interface, by their handles.
//!
//! The child of a fork has no watchdog thread. There, a handle of its parent's still takes heartbeats, which nobody looks
//! at, and can be stopped.

use std::path::PathBuf;
use std::time::Duration;

use wer_abi::Hresult;

use super::{Watchdog, beats};
use crate::ForkMutex;

static STARTED: ForkMutex<Vec<Watchdog>> = ForkMutex::new(Vec::new);

/// Starts a watchdog over the calling thread; its handle. Zero is the setting, as for [`Watchdog::start`].
///
/// # Errors
/// `E_INVALIDARG` for a timeout that is neither zero nor within [`TIMEOUTS`](super::TIMEOUTS); `E_OUTOFMEMORY` above
/// [`MAX_WATCHDOGS`](super::MAX_WATCHDOGS), or without a thread.
pub fn open(timeout: Duration, werfault: Option<PathBuf>) -> Result<u64, Hresult> {
    let (least, most) = super::TIMEOUTS;
    if !timeout.is_zero() && !(least..=most).contains(&timeout) {
        return Err(Hresult::E_INVALIDARG);
    }
    let watchdog = Watchdog::start(timeout, werfault).map_err(|_| Hresult::E_OUTOFMEMORY)?;
    let handle = watchdog.beats.handle();
    STARTED.lock().push(watchdog);
    Ok(handle)
}

/// Says that the thread goes on. For any thread, and for signal handlers.
///
/// # Errors
/// `E_HANDLE` for what is no handle of a watchdog, or one that was stopped.
pub fn pet(handle: u64) -> Result<(), Hresult> {
    if beats::beat(handle) { Ok(()) } else { Err(Hresult::E_HANDLE) }
}

/// Ends a watchdog, after a report that is being made.
///
/// # Errors
/// `E_HANDLE` as above.
pub fn close(handle: u64) -> Result<(), Hresult> {
    let mut started = STARTED.lock();
    let place = started.iter().position(|watchdog| watchdog.beats.handle() == handle);
    let watchdog = started.swap_remove(place.ok_or(Hresult::E_HANDLE)?);
    // A report may take a while; others need not wait for it.
    drop(started);
    drop(watchdog);
    Ok(())
}
