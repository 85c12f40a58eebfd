//! The part of ptrace that makes a stopped thread do something: registers, signal mask, system calls.
//!
//! It stands beside [`crate::ptrace`], which only looks. The same rule holds: every call must come from the OS thread
//! that seized the tracee. Nothing here keeps state, and nothing here decides; who writes registers must give them back.
#![expect(unsafe_code, reason = "ptrace and kill have no safe wrapper for these requests")]

use std::io;

use wer_snapshot::Registers;

use crate::ptrace::{Wait, decode, id};

/// `PTRACE_O_TRACESYSGOOD`: stops at system calls are told apart ([`SYSCALL_STOP`]).
pub const TRACE_SYSCALLS_APART: i32 = libc::PTRACE_O_TRACESYSGOOD;
/// `PTRACE_O_SUSPEND_SECCOMP`: filters sleep while we trace; needs `CAP_SYS_ADMIN`.
pub const SUSPEND_SECCOMP: i32 = libc::PTRACE_O_SUSPEND_SECCOMP;
/// `PTRACE_O_EXITKILL`: the tracee dies with its tracer.
pub const DIE_WITH_TRACER: i32 = libc::PTRACE_O_EXITKILL;
/// Signal of a stop at the entry or exit of a system call.
pub const SYSCALL_STOP: i32 = libc::SIGTRAP | 0x80;

const NT_PRSTATUS: usize = 1;
const GETSIGMASK: libc::c_uint = 0x420a;
const SETSIGMASK: libc::c_uint = 0x420b;
const GET_RSEQ_CONFIGURATION: libc::c_uint = 0x420f;
const GET_SYSCALL_USER_DISPATCH_CONFIG: libc::c_uint = 0x4211;

/// A request whose `data` is a number, or a pointer to at least as many bytes as the kernel touches.
fn call(request: libc::c_uint, tid: u32, address: usize, data: usize) -> io::Result<libc::c_long> {
    // SAFETY: as said above; the callers keep what `data` points to alive.
    let result = unsafe { libc::ptrace(request, id(tid), address, data) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Sets the general registers of a stopped thread, all at once.
///
/// # Errors
/// The kernel's; ESRCH when it is gone or not stopped.
pub fn set_registers(tid: u32, registers: &Registers) -> io::Result<()> {
    // The kernel only reads what the vector covers; it writes the length back into the vector.
    let mut vector = libc::iovec {
        iov_base: std::ptr::from_ref(registers).cast_mut().cast(),
        iov_len: size_of::<Registers>(),
    };
    call(libc::PTRACE_SETREGSET, tid, NT_PRSTATUS, (&raw mut vector).expose_provenance()).map(drop)
}

/// The signals that a stopped thread blocks, bit `n - 1` for signal `n`. For one inside `sigsuspend` and the like, those
/// that it blocks outside.
///
/// # Errors
/// The kernel's.
pub fn signal_mask(tid: u32) -> io::Result<u64> {
    let mut mask = 0u64;
    call(GETSIGMASK, tid, size_of::<u64>(), (&raw mut mask).expose_provenance())?;
    Ok(mask)
}

/// Sets the signals that a stopped thread blocks. One inside `sigsuspend` sets its own again when it restarts the call.
///
/// # Errors
/// The kernel's.
pub fn set_signal_mask(tid: u32, mask: u64) -> io::Result<()> {
    call(SETSIGMASK, tid, size_of::<u64>(), (&raw const mask).expose_provenance()).map(drop)
}

/// Sets the `PTRACE_O_*` options of a stopped thread.
///
/// # Errors
/// The kernel's: EPERM for [`SUSPEND_SECCOMP`] without the right.
pub fn set_options(tid: u32, options: i32) -> io::Result<()> {
    call(libc::PTRACE_SETOPTIONS, tid, 0, usize::try_from(options).unwrap_or(0)).map(drop)
}

/// `PTRACE_SYSCALL`: lets a stopped thread run to the next entry or exit of a system call; no signal is delivered.
///
/// # Errors
/// ESRCH: gone, or not stopped.
pub fn resume_to_system_call(tid: u32) -> io::Result<()> {
    call(libc::PTRACE_SYSCALL, tid, 0, 0).map(drop)
}

/// Address and size of a stopped thread's `struct rseq`; `None` when it registered none.
///
/// # Errors
/// EIO on kernels that do not tell.
pub fn rseq_area(tid: u32) -> io::Result<Option<(u64, u32)>> {
    #[repr(C)]
    #[derive(Default)]
    struct Configuration {
        address: u64,
        size: u32,
        signature: u32,
        flags: u32,
        padding: u32,
    }
    let mut configuration = Configuration::default();
    let pointer = &raw mut configuration;
    call(GET_RSEQ_CONFIGURATION, tid, size_of::<Configuration>(), pointer.expose_provenance())?;
    Ok((configuration.address != 0).then_some((configuration.address, configuration.size)))
}

/// Whether a stopped thread has system calls turned into signals (`PR_SET_SYSCALL_USER_DISPATCH`).
///
/// # Errors
/// EIO on kernels that do not tell.
pub fn dispatches_system_calls(tid: u32) -> io::Result<bool> {
    #[repr(C)]
    #[derive(Default)]
    struct Configuration {
        mode: u64,
        selector: u64,
        offset: u64,
        length: u64,
    }
    let mut configuration = Configuration::default();
    let pointer = &raw mut configuration;
    call(GET_SYSCALL_USER_DISPATCH_CONFIG, tid, size_of::<Configuration>(), pointer.expose_provenance())?;
    Ok(configuration.mode != 0)
}

/// Kills a tracee of ours. Its number cannot be another's: a tracee is not reaped but by its tracer.
///
/// # Errors
/// ESRCH: gone.
pub fn kill_tracee(pid: u32) -> io::Result<()> {
    // SAFETY: sends a signal; touches no memory of ours.
    let result = unsafe { libc::kill(id(pid), libc::SIGKILL) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Asks, without waiting, for the next report of any tracee *of this thread*.
///
/// # Errors
/// ECHILD: there is none left.
pub fn poll_any() -> io::Result<Option<(u32, Wait)>> {
    let mut status = 0;
    let pointer = &raw mut status;
    // SAFETY: `pointer` leads to a live local.
    let result = unsafe { libc::waitpid(-1, pointer, libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG) };
    match u32::try_from(result) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(None),
        Ok(tid) => Ok(Some((tid, decode(status)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptrace::{EVENT_STOP, detach, interrupt, poll, registers, resume, seize};
    use std::process::{Child, Command, Stdio};

    fn sleeper() -> Child {
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat")
    }

    fn next(tid: u32) -> Wait {
        loop {
            if let Some(wait) = poll(tid).expect("our tracee") {
                return wait;
            }
            std::thread::yield_now();
        }
    }

    fn stop(tid: u32) {
        interrupt(tid).expect("an interrupt");
        next(tid);
    }

    #[test]
    fn registers_and_mask_are_set_and_given_back() {
        let mut child = sleeper();
        let tid = child.id();
        seize(tid, 0).expect("a seizure");
        stop(tid);
        let before = registers(tid).expect("registers");
        let mask = signal_mask(tid).expect("a mask");
        set_registers(tid, &Registers { rbx: 0x1234, ..before }).expect("other registers");
        set_signal_mask(tid, !0).expect("another mask");
        assert_eq!(registers(tid).expect("registers").rbx, 0x1234);
        // SIGKILL and SIGSTOP cannot be blocked.
        assert_eq!(signal_mask(tid).expect("a mask"), !(1 << 8 | 1 << 18));
        set_registers(tid, &before).expect("its registers");
        set_signal_mask(tid, mask).expect("its mask");
        assert_eq!(registers(tid).expect("registers"), before);
        detach(tid, 0).expect("a detachment");
        drop(child.stdin.take());
        assert!(child.wait().expect("its end").success());
    }

    #[test]
    fn system_calls_are_stops_of_their_own() {
        let mut child = sleeper();
        let tid = child.id();
        seize(tid, TRACE_SYSCALLS_APART).expect("a seizure");
        stop(tid);
        drop(child.stdin.take());
        resume_to_system_call(tid).expect("a resumption");
        assert_eq!(next(tid), Wait::Stopped { signal: SYSCALL_STOP, event: 0 });
        set_options(tid, 0).expect("no options");
        interrupt(tid).expect("an interrupt");
        resume(tid, 0).expect("a resumption");
        assert_eq!(next(tid), Wait::Stopped { signal: libc::SIGTRAP, event: EVENT_STOP });
        detach(tid, 0).expect("a detachment");
        assert!(child.wait().expect("its end").success());
    }

    #[test]
    fn what_a_thread_registered_is_told() {
        let mut child = sleeper();
        let tid = child.id();
        seize(tid, 0).expect("a seizure");
        stop(tid);
        assert!(!dispatches_system_calls(tid).unwrap_or(false));
        if let Ok(Some((address, size))) = rseq_area(tid) {
            assert!(address != 0 && size >= 20);
        }
        kill_tracee(tid).expect("our tracee");
        assert!(matches!(next(tid), Wait::Signaled { signal: libc::SIGKILL, .. }));
        assert!(child.wait().is_err(), "its end was taken above");
        assert!(set_registers(tid, &Registers::default()).is_err());
    }
}
