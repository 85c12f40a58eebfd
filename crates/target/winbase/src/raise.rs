//! `RaiseException`: an exception of the program's own, that nothing in it handles.
//!
//! Linux has signals where Windows has exceptions, so it is a SIGABRT whose `siginfo` carries the code
//! (`wer_abi::exception`). `werfault`, by every way, reports it under that code; whoever waits for the process sees an
//! abort.
#![expect(unsafe_code, reason = "queues a signal to its own thread")]

use wer_abi::exception::RAISED_SIGNAL_CODE;

/// The beginning of `siginfo_t`; the rest is zero.
#[repr(C)]
struct QueuedSignal {
    number: i32,
    errno: i32,
    code: i32,
    rest: [u8; 128 - 12],
}

/// `RaiseException`. Bit 28 of the code is cleared, as Windows does it. A handler of the program's own for SIGABRT that
/// does not return keeps the process alive; otherwise it ends here.
pub fn raise_exception(code: u32) -> ! {
    let mut signal = QueuedSignal {
        number: libc::SIGABRT,
        errno: (code & !0x1000_0000).cast_signed(),
        code: RAISED_SIGNAL_CODE,
        rest: [0; 128 - 12],
    };
    // SAFETY: all zeros is a set of signals.
    let mut set: libc::sigset_t = unsafe { core::mem::zeroed() };
    // SAFETY: the set is ours.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: as above.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGABRT) };
    // SAFETY: a set of ours; nobody wants the old mask.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, core::ptr::null_mut()) };
    let thread = crate::process::current_thread_id();
    let process = std::process::id();
    // SAFETY: a siginfo for this very thread, which the kernel copies.
    unsafe {
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, libc::SIGABRT, &raw mut signal);
    }
    // Ignored, or handled and come back: the exception still has no handler.
    std::process::abort()
}
