//! Who is calling, as the lock word wants it: pid and thread id, without a system call.
//!
//! Both are remembered, and both must be forgotten after a fork, including one made by a raw system call that runs no
//! `atfork` handlers. So the pid lives in a page that the kernel wipes in a fork's child, next to a generation number
//! that is drawn anew there; each thread remembers its id together with the generation in which it asked for it.
#![expect(unsafe_code, reason = "keeps the pid in a page of its own that is wiped on fork")]

use core::cell::Cell;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Contents of the page; all zero in a fork's child.
struct Remembered {
    generation: AtomicU64,
    pid: AtomicU32,
}

const PAGE_BYTES: usize = 4096;

static PAGE: AtomicPtr<Remembered> = AtomicPtr::new(core::ptr::null_mut());
/// Copied by fork and only ever counted up, so a child never draws a number that its parent used.
static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Generation and thread id.
    static THREAD: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// The calling process and thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Identity {
    pub(super) pid: u32,
    pub(super) tid: u32,
}

impl Identity {
    /// As the lock word has it.
    pub(super) const fn word(self) -> u64 {
        (self.pid as u64) << 32 | self.tid as u64
    }

    /// Back from a lock word.
    pub(super) const fn from_word(word: u64) -> Self {
        Self { pid: (word >> 32) as u32, tid: word as u32 }
    }

    /// The calling thread.
    pub(super) fn current() -> Self {
        let Some(page) = page() else {
            return Self { pid: asked_pid(), tid: asked_tid() };
        };
        let mut generation = page.generation.load(Ordering::Acquire);
        if generation == 0 {
            page.pid.store(asked_pid(), Ordering::Relaxed);
            generation = NEXT_GENERATION.fetch_add(1, Ordering::Relaxed);
            page.generation.store(generation, Ordering::Release);
        }
        Self { pid: page.pid.load(Ordering::Relaxed), tid: remembered_tid(generation) }
    }
}

fn remembered_tid(generation: u64) -> u32 {
    // A thread that is ending has lost its memory; it asks.
    THREAD
        .try_with(|thread| {
            let (known, tid) = thread.get();
            if known == generation {
                return tid;
            }
            let tid = asked_tid();
            thread.set((generation, tid));
            tid
        })
        .unwrap_or_else(|_| asked_tid())
}

fn asked_pid() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get().cast_unsigned()
}

fn asked_tid() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned()
}

/// The page, made on the first call; nothing where the kernel cannot wipe it (before Linux 4.14).
fn page() -> Option<&'static Remembered> {
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        page = make_page()?;
    }
    // SAFETY: a page that `make_page` mapped, zeroed (valid for the atomics in it) and never unmapped.
    Some(unsafe { &*page })
}

fn make_page() -> Option<*mut Remembered> {
    let flags = MapFlags::PRIVATE;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            PAGE_BYTES,
            ProtFlags::READ | ProtFlags::WRITE,
            flags,
        )
    };
    let mapped = mapped.ok()?;
    // SAFETY: the page that was just mapped; nothing is in it yet.
    let wiped = unsafe { rustix::mm::madvise(mapped, PAGE_BYTES, Advice::LinuxWipeOnFork) };
    let page = mapped.cast::<Remembered>();
    if wiped.is_ok() {
        match PAGE.compare_exchange(core::ptr::null_mut(), page, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(page),
            Err(others) => {
                unmap(mapped);
                return Some(others);
            }
        }
    }
    unmap(mapped);
    None
}

fn unmap(page: *mut core::ffi::c_void) {
    // SAFETY: the page was mapped by `make_page`, which gave nobody its address.
    let _ = unsafe { rustix::mm::munmap(page, PAGE_BYTES) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_differ_and_processes_agree() {
        let here = Identity::current();
        assert_eq!(here, Identity { pid: asked_pid(), tid: asked_tid() });
        let there = std::thread::spawn(Identity::current).join().unwrap();
        assert_eq!(there.pid, here.pid);
        assert_ne!(there.tid, here.tid);
        assert_eq!(Identity::from_word(here.word()), here);
    }
}
