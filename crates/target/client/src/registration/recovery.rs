//! `RegisterApplicationRecoveryCallback`: what the crash handler calls when the report of a crash is made, so that the
//! application can save its user's work before it dies.

use core::mem::offset_of;
use core::sync::atomic::Ordering;

use rustix::fd::BorrowedFd;
use rustix::time::{ClockId, clock_gettime};
use wer_abi::Hresult;
use wer_abi::limits::{RECOVERY_DEFAULT_PING_INTERVAL_MS, RECOVERY_MAX_PING_INTERVAL_MS};
use wer_abi::registration::{Header, RecoveryArea, check_word, recovery_phase};

use super::Result;
use super::areas::write_area;
use super::block::block;
use super::flags::{long_at, read_header_area, word_at};
use super::lock::WriteGuard;

/// What was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryCallback {
    /// Address of a function as `APPLICATION_RECOVERY_CALLBACK`: takes one pointer, answers a number that nobody
    /// looks at.
    pub callback: usize,
    /// What it is called with.
    pub parameter: usize,
    /// Milliseconds within which it must call [`application_recovery_in_progress`].
    pub ping_interval_ms: u32,
    /// As registered.
    pub flags: u32,
}

/// Registers the function that is called once in this process after a crash whose report is made: by a task of its
/// own with a stack of its own, while the thread that crashed waits. It may do anything. `ping_interval_ms` of 0 is
/// 5,000.
///
/// Registering again replaces it: a process has one. It is called only in a process that has the crash handler.
///
/// # Safety of the call
/// The caller answers for `callback` being such a function for as long as it is registered.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for address 0, an interval above five minutes, or a flag: Windows defines none.
pub fn register_application_recovery_callback(wanted: RecoveryCallback) -> Result<()> {
    let RecoveryCallback { callback, parameter, ping_interval_ms, flags } = wanted;
    if callback == 0 || ping_interval_ms > RECOVERY_MAX_PING_INTERVAL_MS || flags != 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    let interval = if ping_interval_ms == 0 { RECOVERY_DEFAULT_PING_INTERVAL_MS } else { ping_interval_ms };
    let guard = WriteGuard::take()?;
    let area = &guard.block().header().recovery;
    write_area(&area.sequence, || {
        area.callback.store(callback as u64, Ordering::Relaxed);
        area.parameter.store(parameter as u64, Ordering::Relaxed);
        area.ping_interval_ms.store(interval, Ordering::Relaxed);
        area.flags.store(flags, Ordering::Relaxed);
        let numbers = [callback as u64, parameter as u64, u64::from(interval), u64::from(flags)];
        area.check.store(check_word(&numbers, &[]), Ordering::Relaxed);
    });
    Ok(())
}

/// Takes back [`register_application_recovery_callback`]; it is no error if there is nothing to take back.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] without its lock.
pub fn unregister_application_recovery_callback() -> Result<()> {
    let guard = WriteGuard::take()?;
    let area = &guard.block().header().recovery;
    write_area(&area.sequence, || area.check.store(0, Ordering::Relaxed));
    Ok(())
}

/// What this process has registered; nothing if it has not.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] without its lock, or when the
/// registration was overwritten.
pub fn application_recovery_callback() -> Result<Option<RecoveryCallback>> {
    let guard = WriteGuard::take_even_in_recovery()?;
    read(&guard.block().header().recovery)
}

/// What another process has registered, read from its block; nothing when it has no block.
///
/// `memory` is a descriptor of its `/proc/PID/mem`.
///
/// # Errors
/// [`Hresult::E_ACCESSDENIED`] when its memory cannot be read; [`Hresult::WER_E_INVALID_STATE`] when it is just being
/// written, or was overwritten.
pub fn recovery_callback_of_process(pid: u32, memory: BorrowedFd<'_>) -> Result<Option<RecoveryCallback>> {
    let mut bytes = [0; size_of::<RecoveryArea>()];
    if !read_header_area(pid, memory, offset_of!(Header, recovery), &mut bytes)? {
        return Ok(None);
    }
    let check = word_at(&bytes, offset_of!(RecoveryArea, check));
    let callback = long_at(&bytes, offset_of!(RecoveryArea, callback));
    let parameter = long_at(&bytes, offset_of!(RecoveryArea, parameter));
    let interval = word_at(&bytes, offset_of!(RecoveryArea, ping_interval_ms));
    decode(check, callback, parameter, interval, word_at(&bytes, offset_of!(RecoveryArea, flags)))
}

/// What an area has. Reads and computes only: the crash path calls it too.
pub(crate) fn read(area: &RecoveryArea) -> Result<Option<RecoveryCallback>> {
    let check = area.check.load(Ordering::Relaxed);
    let callback = area.callback.load(Ordering::Relaxed);
    let parameter = area.parameter.load(Ordering::Relaxed);
    let interval = area.ping_interval_ms.load(Ordering::Relaxed);
    decode(check, callback, parameter, interval, area.flags.load(Ordering::Relaxed))
}

fn decode(
    check: u32,
    callback: u64,
    parameter: u64,
    ping_interval_ms: u32,
    flags: u32,
) -> Result<Option<RecoveryCallback>> {
    if check == 0 {
        return Ok(None);
    }
    let numbers = [callback, parameter, u64::from(ping_interval_ms), u64::from(flags)];
    if callback == 0 || check_word(&numbers, &[]) != check {
        return Err(Hresult::WER_E_INVALID_STATE);
    }
    let (callback, parameter) = (callback as usize, parameter as usize);
    Ok(Some(RecoveryCallback { callback, parameter, ping_interval_ms, flags }))
}

/// Says that the recovery callback gets on: it has another interval from now. Answers whether it shall give up.
///
/// # Errors
/// [`Hresult::E_FAIL`] when no recovery callback runs.
pub fn application_recovery_in_progress() -> Result<bool> {
    let area = &block()?.header().recovery;
    if area.phase.load(Ordering::Acquire) != recovery_phase::RUNNING {
        return Err(Hresult::E_FAIL);
    }
    let now = clock_gettime(ClockId::Monotonic);
    let now_ms = now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000;
    area.last_progress_ms.store(now_ms, Ordering::Relaxed);
    area.progress_count.fetch_add(1, Ordering::Release);
    Ok(area.cancelled.load(Ordering::Relaxed) != 0)
}

/// Says that the recovery callback has done what it could; the process may die now. Does nothing when none runs.
pub fn application_recovery_finished(success: bool) {
    let Ok(block) = block() else { return };
    let phase = if success { recovery_phase::SUCCEEDED } else { recovery_phase::FAILED };
    let running = recovery_phase::RUNNING;
    let _ =
        block.header().recovery.phase.compare_exchange(running, phase, Ordering::AcqRel, Ordering::Relaxed);
}
