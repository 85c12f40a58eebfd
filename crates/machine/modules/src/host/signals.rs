//! What a fresh host undoes of its surroundings: inherited descriptors, and the Rust runtime's fault handlers.
#![expect(
    unsafe_code,
    reason = "closes descriptors and resets handlers by number, before anything else runs"
)]

/// Closes every descriptor above standard error.
pub(super) fn close_inherited_descriptors() {
    // SAFETY: the host has just started and has opened nothing; what lies above 2 was inherited.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// Gives faults back to the kernel: the Rust runtime answers a stack overflow with a message and SIGABRT, but the
/// outcome should name the signal that the module died of.
pub(super) fn reset_fault_handlers() {
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT] {
        // SAFETY: the default action is no handler of ours, so nothing can be called that does not exist.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}
