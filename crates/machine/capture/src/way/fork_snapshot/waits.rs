//! System calls that a stop ends with EINTR, although no signal came: they are told to wait on.
//!
//! Most system calls that a stop interrupts are restarted by the kernel. Some are not, for historical reasons
//! (signal(7)), and a program that never handles signals may not expect EINTR from them. With the code ERESTARTNOHAND in
//! its place the kernel begins the call again, unless a signal's handler runs now: then the thread sees EINTR, as it
//! would have. A call with a limit of time begins its time again.

use wer_snapshot::Registers;

const SYS_IO_PGETEVENTS: libc::c_long = 333;

/// These return EINTR only when they did nothing.
const RESTARTABLE: [libc::c_long; 13] = [
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_io_getevents,
    SYS_IO_PGETEVENTS,
    libc::SYS_io_uring_enter,
    // With SO_RCVTIMEO; without it the kernel restarts them itself.
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
];

/// The registers of a thread that is to wait on; `None` when it needs no help.
pub(crate) fn to_wait_on(registers: &Registers) -> Option<Registers> {
    const ERESTARTNOHAND: i64 = 514;
    let interrupted = registers.rax.cast_signed() == -i64::from(libc::EINTR);
    let call = libc::c_long::try_from(registers.orig_rax).ok()?;
    (interrupted && RESTARTABLE.contains(&call))
        .then(|| Registers { rax: (-ERESTARTNOHAND).cast_unsigned(), ..*registers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interrupted_waits_are_helped() {
        let at = |call: i64, rax: i64| {
            let (orig_rax, rax) = (call.cast_unsigned(), rax.cast_unsigned());
            to_wait_on(&Registers { orig_rax, rax, ..Registers::default() }).map(|new| new.rax.cast_signed())
        };
        assert_eq!(at(libc::SYS_epoll_wait, -4), Some(-514));
        assert_eq!(at(libc::SYS_epoll_wait, 1), None);
        assert_eq!(at(libc::SYS_nanosleep, -516), None);
        assert_eq!(at(libc::SYS_close, -4), None);
        assert_eq!(at(-1, -4), None);
    }
}
