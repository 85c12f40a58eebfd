//! The target's heap, and a fork of it that does nothing.
#![expect(
    unsafe_code,
    reason = "mappings with a choice of page size, and a bare clone, have no safe wrapper"
)]

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::target::{Pages, Zeros};

/// Words of a page.
pub(crate) const PAGE_WORDS: usize = 512;
/// A heap is compared in pieces of this size, which divides it.
const COMPARED_BYTES: usize = 1 << 20;

/// What word so many of the heap holds: nobody can compress it, and it is never zero.
pub(crate) const fn word_of(index: u64) -> u64 {
    let mixed = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed | 0x0101_0101_0101_0101
}

/// Memory of so many bytes, all of it touched.
pub(crate) fn heap(bytes: usize, pages: Pages, zeros: Zeros) -> Result<&'static [AtomicU64]> {
    if bytes == 0 {
        return Ok(&[]);
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at a place of the kernel's choice.
    let mapped = unsafe { mmap_anonymous(ptr::null_mut(), bytes, protection, MapFlags::PRIVATE) };
    let start = mapped.context("no memory for the heap")?;
    let advice = match pages {
        Pages::Default => None,
        Pages::Small => Some(Advice::LinuxNoHugepage),
        Pages::Huge => Some(Advice::LinuxHugepage),
    };
    if let Some(advice) = advice {
        // SAFETY: the mapping made above; the advice changes no byte of it.
        unsafe { madvise(start, bytes, advice) }.context("no choice of page size")?;
    }
    // SAFETY: as many bytes as were mapped, page aligned, zero, never unmapped, and used through atomics only.
    let words: &'static [AtomicU64] = unsafe { std::slice::from_raw_parts(start.cast(), bytes / 8) };
    for (index, word) in words.iter().enumerate() {
        let is_zero = match zeros {
            Zeros::None => false,
            Zeros::Half => index >= words.len() / 2,
            Zeros::Alternating => (index / PAGE_WORDS) % 2 == 1,
        };
        word.store(if is_zero { 0 } else { word_of(index as u64) }, Ordering::Relaxed);
    }
    Ok(words)
}

/// Whether a heap without zeros, as `read` gives it, is as [`heap`] made it, to the last byte.
pub(crate) fn compare_heap(
    start: u64,
    bytes: u64,
    mut read: impl FnMut(u64, &mut [u8]) -> bool,
) -> Result<()> {
    let mut buffer = vec![0; COMPARED_BYTES];
    for offset in (0..bytes).step_by(COMPARED_BYTES) {
        let address = start + offset;
        ensure!(read(address, &mut buffer), "no memory at {address:#x}");
        let words = buffer.as_chunks().0.iter().zip(offset / 8..);
        for (word, index) in words {
            ensure!(*word == word_of(index).to_le_bytes(), "other bytes at {:#x}", start + index * 8);
        }
    }
    Ok(())
}

/// Nanoseconds that a bare clone of this process takes. The new process is gone when this returns.
pub(crate) fn clone_ns() -> Result<u64> {
    let flags = libc::c_long::from(libc::SIGCHLD);
    let start = Instant::now();
    // SAFETY: as fork, without a stack of its own; the new process makes no call but _exit.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid == 0 {
        // SAFETY: ends the new process at once, with nothing of ours run in it.
        unsafe { libc::_exit(0) };
    }
    let taken = start.elapsed();
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("clone failed")?;
    waitpid(Some(pid), WaitOptions::empty())?;
    Ok(taken.as_nanos() as u64)
}
