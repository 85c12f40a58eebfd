//! After the capture: runs the application's recovery callback, if `werfault` says so.
//!
//! The callback runs in a thread of its own, made by a bare `clone`, on a stack of its own, while the crashed thread
//! waits here and makes system calls only. The new thread has the crashed one's thread-local storage: the callback may
//! use libc as the crashed thread could have done, locks that this one holds included. Nothing can be made by
//! `pthread_create` here, which allocates: the crashed thread may hold the allocator's lock.
//!
//! The crash handler stays installed meanwhile: a callback that crashes ends in [`give_up`], and the process dies of its
//! first signal. So it does when the callback lets its ping interval pass.
#![expect(unsafe_code, reason = "starts a thread in a dying process, calls what the application registered")]

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use wer_abi::limits::RECOVERY_CAP_MS;
use wer_abi::registration::{Header, recovery_phase};

use super::prepared::{SIGNALS, prepared};
use super::syscalls;
use crate::registration::recovery as registered;

/// Bytes of the callback's stack.
const STACK_BYTES: usize = 8 << 20;
/// Bytes of its alternate stack, on which the handler runs if it overflows the other.
const SIGNAL_STACK_BYTES: usize = 64 << 10;
const PAGE_BYTES: usize = 4096;
/// How often the crashed thread looks.
const STEP_MS: u64 = 5;

/// `pid << 32 | tid` of the thread that runs the callback.
static THREAD: AtomicU64 = AtomicU64::new(0);
/// What the thread needs.
static CALLBACK: AtomicUsize = AtomicUsize::new(0);
static PARAMETER: AtomicUsize = AtomicUsize::new(0);
static SIGNAL_STACK: AtomicUsize = AtomicUsize::new(0);
static BLOCKED_SIGNALS: AtomicU64 = AtomicU64::new(0);

/// Whether this thread runs the recovery callback.
pub(super) fn is_this_thread(pid: u32, tid: u32) -> bool {
    THREAD.load(Ordering::Acquire) == u64::from(pid) << 32 | u64::from(tid)
}

/// Ends the recovery, and this thread, which runs it and has crashed.
pub(super) fn give_up() -> ! {
    if let Some(header) = prepared().and_then(super::handler::header) {
        end(header, recovery_phase::ENDED);
    }
    syscalls::exit(1);
}

/// Runs the callback, if there is one, until it is over, crashes, or no longer gets on. `context` is what the kernel gave
/// the handler.
pub(super) fn run(header: &'static Header, context: *const c_void) {
    let area = &header.recovery;
    let Ok(Some(wanted)) = registered::read(area) else { return };
    let Some(stack_top) = prepare_stacks() else { return };
    CALLBACK.store(wanted.callback, Ordering::Relaxed);
    PARAMETER.store(wanted.parameter, Ordering::Relaxed);
    BLOCKED_SIGNALS.store(blocked_before(context), Ordering::Relaxed);
    let start = syscalls::now_ms();
    area.started_ms.store(start, Ordering::Relaxed);
    area.last_progress_ms.store(start, Ordering::Relaxed);
    area.progress_count.store(0, Ordering::Relaxed);
    area.cancelled.store(0, Ordering::Relaxed);
    area.phase.store(recovery_phase::RUNNING, Ordering::Release);
    // SAFETY: the stack was mapped for this thread alone.
    if !unsafe { syscalls::start_thread(recovery_thread, stack_top) } {
        end(header, recovery_phase::ENDED);
        return;
    }
    let interval = u64::from(wanted.ping_interval_ms);
    while area.phase.load(Ordering::Acquire) == recovery_phase::RUNNING {
        let now = syscalls::now_ms();
        // Both come from the block, where anything may have been written.
        let last = area.last_progress_ms.load(Ordering::Relaxed).max(start);
        if now.saturating_sub(last) >= interval || now.saturating_sub(start) >= RECOVERY_CAP_MS {
            end(header, recovery_phase::ENDED);
        }
        syscalls::poll(-1, 0, STEP_MS);
    }
}

fn end(header: &Header, phase: u32) {
    let running = recovery_phase::RUNNING;
    let _ = header.recovery.phase.compare_exchange(running, phase, Ordering::AcqRel, Ordering::Relaxed);
}

/// One mapping: a page that nobody may touch, the signal stack, another such page, the stack. Its upper end.
fn prepare_stacks() -> Option<*mut c_void> {
    let bytes = 2 * PAGE_BYTES + SIGNAL_STACK_BYTES + STACK_BYTES;
    let mapping = syscalls::map(bytes)?;
    let signal_stack = mapping.wrapping_byte_add(PAGE_BYTES);
    // SAFETY: new memory, and nothing is in its lowest page.
    unsafe { syscalls::protect(mapping, PAGE_BYTES) };
    // SAFETY: new memory, and nothing is in the page between the two stacks.
    unsafe { syscalls::protect(signal_stack.wrapping_byte_add(SIGNAL_STACK_BYTES), PAGE_BYTES) };
    SIGNAL_STACK.store(signal_stack as usize, Ordering::Relaxed);
    Some(mapping.wrapping_byte_add(bytes))
}

/// The signals that were blocked when the thread crashed, without those that are crashes.
fn blocked_before(context: *const c_void) -> u64 {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: computes an address in the context, which the kernel gave us.
    let place = unsafe { &raw const (*context).uc_sigmask };
    // SAFETY: the kernel's mask has eight bytes, at the start of libc's larger type.
    let mask = unsafe { place.cast::<u64>().read_unaligned() };
    SIGNALS.iter().fold(mask, |mask, signal| mask & !(1 << (signal - 1)))
}

extern "C" fn recovery_thread(_: *mut c_void) -> c_int {
    let Some(header) = prepared().and_then(super::handler::header) else { return 1 };
    let tid = syscalls::gettid();
    header.recovery.tid.store(tid, Ordering::Relaxed);
    THREAD.store(u64::from(syscalls::getpid()) << 32 | u64::from(tid), Ordering::Release);
    let signal_stack = SIGNAL_STACK.load(Ordering::Relaxed) as *mut c_void;
    // SAFETY: memory that was mapped for this thread alone.
    unsafe { syscalls::set_alternate_stack(signal_stack, SIGNAL_STACK_BYTES) };
    syscalls::set_blocked_signals(BLOCKED_SIGNALS.load(Ordering::Relaxed));
    let address = CALLBACK.load(Ordering::Relaxed) as *const c_void;
    // SAFETY: what the application registered as such a function, and nothing has overwritten since.
    let callback: extern "C" fn(*mut c_void) -> u32 = unsafe { core::mem::transmute(address) };
    callback(PARAMETER.load(Ordering::Relaxed) as *mut c_void);
    end(header, recovery_phase::FAILED);
    0
}
