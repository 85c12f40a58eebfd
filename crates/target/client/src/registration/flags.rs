//! `WerSetFlags`, `WerGetFlags`, `WerSetMaxProcessHoldMilliseconds`. No lock: each is one word.

use core::mem::offset_of;
use core::sync::atomic::Ordering;

use rustix::fd::BorrowedFd;
use wer_abi::Hresult;
use wer_abi::flags::WER_FAULT_REPORTING_VALID;
use wer_abi::registration::{Header, RegistrationBlock};

use super::Result;
use super::block::{block, find_in, is_magic};

/// Replaces the process's fault-reporting flags.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a bit that no header defines.
pub fn set_flags(flags: u32) -> Result<()> {
    if flags & !WER_FAULT_REPORTING_VALID != 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    block()?.header().flags.store(flags, Ordering::Relaxed);
    Ok(())
}

/// The process's fault-reporting flags.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block.
pub fn flags() -> Result<u32> {
    Ok(block()?.header().flags.load(Ordering::Relaxed))
}

/// The flags of another process, read from its block; 0 when it has registered nothing.
///
/// `memory` is a descriptor of its `/proc/PID/mem`.
///
/// # Errors
/// [`Hresult::E_ACCESSDENIED`] when its memory cannot be read.
pub fn flags_of_process(pid: u32, memory: BorrowedFd<'_>) -> Result<u32> {
    let mut flags = [0; 4];
    read_header_area(pid, memory, offset_of!(Header, flags), &mut flags)?;
    Ok(u32::from_le_bytes(flags))
}

/// Fills `out` from `offset` of the block's header of another process; false, and nothing filled, when it has no block.
pub(super) fn read_header_area(
    pid: u32,
    memory: BorrowedFd<'_>,
    offset: usize,
    out: &mut [u8],
) -> Result<bool> {
    let starts_as_block = |address: usize| {
        let mut start = [0; 12];
        read_exactly(memory, address as u64, &mut start).is_ok() && is_magic(&start)
    };
    let Some(address) = find_in(format!("/proc/{pid}/maps"), starts_as_block) else {
        return Ok(false);
    };
    let place = address + offset_of!(RegistrationBlock, header) + offset;
    read_exactly(memory, place as u64, out)?;
    Ok(true)
}

/// Four bytes as a number; 0 where there are not as many.
pub(super) fn word_at(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

/// Eight bytes as a number; 0 where there are not as many.
pub(super) fn long_at(bytes: &[u8], offset: usize) -> u64 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |long| u64::from_le_bytes(*long))
}

fn read_exactly(memory: BorrowedFd<'_>, address: u64, out: &mut [u8]) -> Result<()> {
    let count = rustix::io::pread(memory, &mut *out, address).map_err(|_| Hresult::E_ACCESSDENIED)?;
    if count == out.len() { Ok(()) } else { Err(Hresult::E_ACCESSDENIED) }
}

/// How long a crashing process may be held, in milliseconds; 0 = the default of 30 s.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block.
pub fn set_max_hold_ms(milliseconds: u32) -> Result<()> {
    block()?.header().max_hold_ms.store(milliseconds, Ordering::Relaxed);
    Ok(())
}
