//! Lets one copy of the client at a time look for the block and make it.
//!
//! The copies share no variable, only the address space. So the mutex is one page at a fixed address: whoever maps it
//! first holds it (`MAP_FIXED_NOREPLACE` fails for the others) and unmaps it when done. Nothing can be read or written
//! through it. It is not copied by fork (`MADV_DONTFORK`), but a fork may fall between the two calls; so a waiter goes
//! on without the mutex after [`WAIT_LIMIT`], and the worst case is a second block in a process that forked within its
//! first registration.
#![expect(unsafe_code, reason = "maps a page at a fixed address as a mutex")]

use core::ffi::c_void;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Where the page goes: far from where executables, libraries, heaps and stacks are placed on x86-64.
const MUTEX_ADDRESS: usize = 0x2A57_4552_0000;
const PAGE_BYTES: usize = 4096;
/// The holder needs some hundred microseconds.
const WAIT_LIMIT: Duration = Duration::from_millis(200);

/// Proof of being the only creator, or of having waited long enough.
pub(super) struct CreationMutex {
    page: Option<*mut c_void>,
}

impl CreationMutex {
    /// Waits for the others.
    pub(super) fn enter() -> Self {
        let start = Instant::now();
        loop {
            match map_page() {
                Ok(page) => return Self { page: Some(page) },
                Err(Errno::EXIST) if start.elapsed() < WAIT_LIMIT => rustix::thread::sched_yield(),
                Err(_) => return Self { page: None },
            }
        }
    }
}

impl Drop for CreationMutex {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            unmap(page);
        }
    }
}

fn map_page() -> Result<*mut c_void, Errno> {
    let wanted = MUTEX_ADDRESS as *mut c_void;
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
    // SAFETY: with FIXED_NOREPLACE nothing that exists is replaced.
    let page = unsafe { rustix::mm::mmap_anonymous(wanted, PAGE_BYTES, ProtFlags::empty(), flags) }?;
    if page != wanted {
        // Before Linux 4.17 the address is a hint, which is not followed when something is there.
        unmap(page);
        return Err(Errno::EXIST);
    }
    // SAFETY: the page was just mapped here and nobody reads it.
    let _ = unsafe { rustix::mm::madvise(page, PAGE_BYTES, Advice::LinuxDontFork) };
    Ok(page)
}

fn unmap(page: *mut c_void) {
    // SAFETY: the page was mapped by `map_page` in this process, and nobody accesses it.
    let _ = unsafe { rustix::mm::munmap(page, PAGE_BYTES) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_nobody_waits_for_ever() {
        let held = CreationMutex::enter();
        assert!(held.page.is_some());
        let waited = CreationMutex::enter();
        assert!(waited.page.is_none());
        drop(waited);
        drop(held);
        assert!(CreationMutex::enter().page.is_some());
    }
}
