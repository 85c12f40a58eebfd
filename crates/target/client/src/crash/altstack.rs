//! Alternate signal stacks: without one, a thread that overflows its stack dies before any handler runs.
#![expect(unsafe_code, reason = "maps stacks and hands them to the kernel")]

use core::cell::RefCell;
use core::ffi::c_void;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use wer_abi::Hresult;

/// Bytes of a stack at least.
const STACK_BYTES: usize = 64 * 1024;
/// What a stack of ours has beyond the kernel's signal frame (which grows with the processor's registers).
const ROOM_BYTES: usize = 48 * 1024;
/// What a stack that is there already must have beyond it to be kept. Our handler uses less than 2 KiB.
const ENOUGH_ROOM_BYTES: usize = 16 * 1024;
const PAGE_BYTES: usize = 4096;

thread_local! {
    /// The stack that this thread was given; goes when the thread ends.
    static STACK: RefCell<Option<ThreadStack>> = const { RefCell::new(None) };
}

/// Gives the calling thread an alternate stack, unless it has one that is large enough. The thread that calls
/// [`attach`](super::attach) has one; every other thread whose stack overflow is to be reported calls this once.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`]; [`Hresult::WER_E_INVALID_STATE`] in a thread that is ending, or runs on its alternate
/// stack just now.
pub fn thread_attach() -> Result<(), Hresult> {
    let frame = signal_frame_bytes();
    if current().is_some_and(|stack| stack.ss_size >= frame + ENOUGH_ROOM_BYTES) {
        return Ok(());
    }
    let bytes = STACK_BYTES.max(frame + ROOM_BYTES).next_multiple_of(PAGE_BYTES);
    let attached = STACK.try_with(|slot| {
        let stack = ThreadStack::map(bytes).ok_or(Hresult::E_OUTOFMEMORY)?;
        stack.enable()?;
        slot.replace(Some(stack));
        Ok(())
    });
    attached.unwrap_or(Err(Hresult::WER_E_INVALID_STATE))
}

/// Bytes that the kernel itself may put on a signal stack on this processor.
fn signal_frame_bytes() -> usize {
    const AT_MINSIGSTKSZ: libc::c_ulong = 51;
    // SAFETY: reads a number that the kernel left; 0 when it left none.
    let asked = unsafe { libc::getauxval(AT_MINSIGSTKSZ) } as usize;
    asked.max(libc::MINSIGSTKSZ)
}

/// The thread's alternate stack, if it has one.
fn current() -> Option<libc::stack_t> {
    let mut stack = libc::stack_t { ss_sp: core::ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: the kernel writes one stack_t.
    let answer = unsafe { libc::sigaltstack(core::ptr::null(), &raw mut stack) };
    (answer == 0 && stack.ss_flags & libc::SS_DISABLE == 0).then_some(stack)
}

/// A mapping: one inaccessible page, then the stack.
struct ThreadStack {
    mapping: *mut c_void,
    bytes: usize,
}

impl ThreadStack {
    fn map(bytes: usize) -> Option<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        let whole = bytes + PAGE_BYTES;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let mapped = unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), whole, access, flags) };
        let stack = Self { mapping: mapped.ok()?, bytes };
        // SAFETY: the lowest page of the new mapping, in which nothing is yet.
        let guarded = unsafe { rustix::mm::mprotect(stack.mapping, PAGE_BYTES, MprotectFlags::empty()) };
        guarded.is_ok().then_some(stack)
    }

    fn start(&self) -> *mut c_void {
        self.mapping.wrapping_byte_add(PAGE_BYTES)
    }

    fn enable(&self) -> Result<(), Hresult> {
        set(libc::stack_t { ss_sp: self.start(), ss_flags: 0, ss_size: self.bytes })
    }
}

/// `EPERM` means that the thread runs on its alternate stack.
fn set(stack: libc::stack_t) -> Result<(), Hresult> {
    // SAFETY: the stack is none (disabled) or a mapping that lives until it is disabled.
    match unsafe { libc::sigaltstack(&raw const stack, core::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(Hresult::WER_E_INVALID_STATE),
    }
}

impl Drop for ThreadStack {
    fn drop(&mut self) {
        let in_use = current().is_some_and(|stack| stack.ss_sp == self.start());
        let disabled = libc::stack_t { ss_sp: core::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        if in_use && set(disabled).is_err() {
            // The thread ends from within a signal handler: it still stands on this stack.
            return;
        }
        // SAFETY: the mapping is this value's own, and no longer the thread's alternate stack.
        let _ = unsafe { rustix::mm::munmap(self.mapping, self.bytes + PAGE_BYTES) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gets_a_large_stack_and_keeps_it_until_it_ends() {
        let start = std::thread::spawn(|| {
            assert_eq!(thread_attach(), Ok(()));
            let stack = current().unwrap();
            assert!(stack.ss_size >= STACK_BYTES);
            assert_eq!(thread_attach(), Ok(()));
            assert_eq!(current().unwrap().ss_sp, stack.ss_sp);
            stack.ss_sp as usize
        });
        let start = start.join().unwrap();
        let still_there = crate::maps::find(crate::maps::OWN_MAPS, |mapping| {
            (mapping.start == start && mapping.permissions == b"rw-p").then_some(())
        });
        assert!(still_there.is_none());
    }
}
