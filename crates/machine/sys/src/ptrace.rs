//! ptrace, one call per function.
//!
//! The kernel ties a tracee to the *thread* that seized it: every other call here must come from that same thread, and
//! when it ends the kernel lets its tracees go. Nothing here keeps state.
#![expect(unsafe_code, reason = "ptrace and waitpid with __WALL have no safe wrapper")]

use std::io;

use wer_snapshot::Registers;

use crate::limits::MAX_XSAVE_BYTES;

/// `PTRACE_O_TRACECLONE`: new threads are seized with the thread that makes them.
pub const TRACE_CLONE: i32 = libc::PTRACE_O_TRACECLONE;
/// `PTRACE_O_TRACEEXEC`: exec is an event, not a SIGTRAP.
pub const TRACE_EXEC: i32 = libc::PTRACE_O_TRACEEXEC;
/// `PTRACE_EVENT_STOP`: group stop, or the effect of [`interrupt`], or a new tracee's first stop.
pub const EVENT_STOP: i32 = 128;
/// Bytes of a `siginfo_t`.
pub const SIGINFO_BYTES: usize = 128;

const NT_PRSTATUS: libc::c_uint = 1;
const NT_PRFPREG: libc::c_uint = 2;
const NT_X86_XSTATE: libc::c_uint = 0x202;

/// What became of a tracee or child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It stands still.
    Stopped {
        /// The signal of the stop.
        signal: i32,
        /// `PTRACE_EVENT_*`, 0 = the signal is about to be delivered.
        event: i32,
    },
    /// It left by `exit`.
    Exited(i32),
    /// A signal ended it.
    Signaled {
        /// Which.
        signal: i32,
        /// The kernel says that it dumped core.
        core_dumped: bool,
    },
}

pub(crate) fn id(tid: u32) -> libc::pid_t {
    libc::pid_t::try_from(tid).unwrap_or(libc::pid_t::MAX)
}

fn call(request: libc::c_uint, tid: u32, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: only requests whose `data` is a number, or a pointer that the callers below keep alive, come here.
    let result = unsafe { libc::ptrace(request, id(tid), address, data) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `PTRACE_SEIZE`: becomes the tracer without stopping the thread.
///
/// # Errors
/// ESRCH: gone. EPERM: not ours to trace, or traced already.
pub fn seize(tid: u32, options: i32) -> io::Result<()> {
    call(libc::PTRACE_SEIZE, tid, 0, usize::try_from(options).unwrap_or(0))
}

/// `PTRACE_INTERRUPT`: the thread will stop soon.
///
/// # Errors
/// The kernel's.
pub fn interrupt(tid: u32) -> io::Result<()> {
    call(libc::PTRACE_INTERRUPT, tid, 0, 0)
}

/// `PTRACE_DETACH` of a stopped thread, delivering a signal (0 = none). A group-stopped one stays stopped.
///
/// # Errors
/// ESRCH: gone, or not stopped.
pub fn detach(tid: u32, signal: i32) -> io::Result<()> {
    call(libc::PTRACE_DETACH, tid, 0, usize::try_from(signal).unwrap_or(0))
}

/// `PTRACE_CONT` of a stopped thread, delivering a signal (0 = none).
///
/// # Errors
/// ESRCH: gone, or not stopped.
pub fn resume(tid: u32, signal: i32) -> io::Result<()> {
    call(libc::PTRACE_CONT, tid, 0, usize::try_from(signal).unwrap_or(0))
}

/// `PTRACE_LISTEN`: leaves a thread in its group stop, but hears when that ends.
///
/// # Errors
/// ESRCH: gone, or not stopped.
pub fn listen(tid: u32) -> io::Result<()> {
    call(libc::PTRACE_LISTEN, tid, 0, 0)
}

fn regset(tid: u32, kind: libc::c_uint, buffer: &mut [u8]) -> io::Result<usize> {
    let mut vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let pointer = &raw mut vector;
    // SAFETY: `vector` covers exactly `buffer`, and both live until the call returns.
    let result = unsafe { libc::ptrace(libc::PTRACE_GETREGSET, id(tid), kind as usize, pointer) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(vector.iov_len.min(buffer.len())) }
}

/// General registers of a stopped thread.
///
/// # Errors
/// The kernel's; `Unsupported` for a thread in 32-bit mode.
pub fn registers(tid: u32) -> io::Result<Registers> {
    let mut bytes = [0; size_of::<Registers>()];
    if regset(tid, NT_PRSTATUS, &mut bytes)? != bytes.len() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(registers_from_bytes(&bytes))
}

/// Registers from the bytes of a `user_regs_struct`.
#[must_use]
pub fn registers_from_bytes(bytes: &[u8; size_of::<Registers>()]) -> Registers {
    // SAFETY: `Registers` is 27 `u64`s in C layout, for which every bit pattern is valid, of exactly this size.
    unsafe { std::mem::transmute_copy(bytes) }
}

/// The FXSAVE image of a stopped thread.
///
/// # Errors
/// The kernel's.
pub fn fxsave(tid: u32) -> io::Result<Box<[u8; 512]>> {
    let mut bytes = Box::new([0; 512]);
    let length = regset(tid, NT_PRFPREG, bytes.as_mut_slice())?;
    if length == 512 { Ok(bytes) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// The XSAVE area of a stopped thread; its first 512 bytes are the FXSAVE image. `scratch` is written over: one buffer
/// serves many threads.
///
/// # Errors
/// The kernel's; ENODEV on a processor without XSAVE.
pub fn xsave(tid: u32, scratch: &mut [u8; MAX_XSAVE_BYTES]) -> io::Result<Vec<u8>> {
    let length = regset(tid, NT_X86_XSTATE, scratch)?;
    Ok(scratch.get(..length).unwrap_or_default().to_vec())
}

/// `PTRACE_GETSIGINFO` of a thread that stands before the delivery of a signal.
///
/// # Errors
/// The kernel's.
pub fn siginfo(tid: u32) -> io::Result<[u8; SIGINFO_BYTES]> {
    let mut bytes = [0u8; SIGINFO_BYTES];
    call(libc::PTRACE_GETSIGINFO, tid, 0, bytes.as_mut_ptr().expose_provenance())?;
    Ok(bytes)
}

/// `PTRACE_GETEVENTMSG`: the new thread's id after a clone event, the former id after exec.
///
/// # Errors
/// The kernel's.
pub fn event_message(tid: u32) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    call(libc::PTRACE_GETEVENTMSG, tid, 0, (&raw mut message).expose_provenance())?;
    Ok(message)
}

/// Asks, without waiting, what became of one tracee or child.
///
/// # Errors
/// ECHILD: it is neither.
pub fn poll(tid: u32) -> io::Result<Option<Wait>> {
    Ok(wait_raw(id(tid), libc::__WALL | libc::WNOHANG)?.map(|(_, wait)| wait))
}

/// As [`poll`], but leaves the end of the thread for somebody else to take: for a tracee that is our own child, whose
/// end another part of the program waits for.
///
/// # Errors
/// ECHILD: it is neither.
pub fn poll_and_leave_end(tid: u32) -> io::Result<Option<Wait>> {
    let peeked = wait_id(tid, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT)?;
    match peeked {
        Some(Wait::Stopped { .. }) => wait_id(tid, libc::WSTOPPED),
        other => Ok(other),
    }
}

fn wait_id(tid: u32, kinds: libc::c_int) -> io::Result<Option<Wait>> {
    // SAFETY: every bit pattern is a `siginfo_t`.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let pointer = &raw mut info;
    let flags = kinds | libc::__WALL | libc::WNOHANG;
    // SAFETY: `pointer` leads to a live local.
    let result = unsafe { libc::waitid(libc::P_PID, id(tid).cast_unsigned(), pointer, flags) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has filled in a child's event, or left zeros.
    let reported = unsafe { info.si_pid() };
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Ok(match info.si_code {
        _ if reported == 0 => None,
        libc::CLD_EXITED => Some(Wait::Exited(status)),
        libc::CLD_KILLED => Some(Wait::Signaled { signal: status, core_dumped: false }),
        libc::CLD_DUMPED => Some(Wait::Signaled { signal: status, core_dumped: true }),
        _ => Some(Wait::Stopped { signal: status & 0x7f, event: status >> 8 }),
    })
}

/// Waits for the next event of any tracee or child *of this thread*.
///
/// # Errors
/// ECHILD: there is none left. EINTR: a signal handler ran.
pub fn wait_any() -> io::Result<(u32, Wait)> {
    wait_raw(-1, libc::__WALL | libc::__WNOTHREAD)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

fn wait_raw(target: libc::pid_t, flags: libc::c_int) -> io::Result<Option<(u32, Wait)>> {
    let mut status = 0;
    let pointer = &raw mut status;
    // SAFETY: `pointer` leads to a live local.
    let result = unsafe { libc::waitpid(target, pointer, flags) };
    match u32::try_from(result) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(None),
        Ok(tid) => Ok(Some((tid, decode(status)))),
    }
}

pub(crate) fn decode(status: libc::c_int) -> Wait {
    if libc::WIFSTOPPED(status) {
        Wait::Stopped { signal: libc::WSTOPSIG(status), event: status >> 16 }
    } else if libc::WIFSIGNALED(status) {
        Wait::Signaled { signal: libc::WTERMSIG(status), core_dumped: libc::WCOREDUMP(status) }
    } else {
        Wait::Exited(libc::WEXITSTATUS(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    fn sleeper() -> Child {
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat")
    }

    fn stop(tid: u32) -> Wait {
        interrupt(tid).expect("an interrupt");
        loop {
            if let Some(wait) = poll(tid).expect("our tracee") {
                return wait;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_seized_thread_shows_its_registers_and_goes_on() {
        let mut child = sleeper();
        let tid = child.id();
        seize(tid, 0).expect("a seizure");
        assert_eq!(stop(tid), Wait::Stopped { signal: libc::SIGTRAP, event: EVENT_STOP });
        let registers = registers(tid).expect("registers");
        assert_ne!((registers.rip, registers.rsp, registers.fs_base), (0, 0, 0));
        assert_eq!(registers.cs, 0x33);
        let (fxsave, xsave) =
            (fxsave(tid).expect("fxsave"), xsave(tid, &mut [0; MAX_XSAVE_BYTES]).expect("xsave"));
        assert_eq!(fxsave[24..28], xsave[24..28], "MXCSR");
        detach(tid, 0).expect("a detachment");
        drop(child.stdin.take());
        assert!(child.wait().expect("its end").success());
    }

    #[test]
    fn the_end_of_a_child_can_be_left_to_others() {
        let mut child = sleeper();
        let tid = child.id();
        seize(tid, 0).expect("a seizure");
        interrupt(tid).expect("an interrupt");
        let look = || loop {
            if let Some(wait) = poll_and_leave_end(tid).expect("our tracee") {
                return wait;
            }
            std::thread::yield_now();
        };
        assert_eq!(look(), Wait::Stopped { signal: libc::SIGTRAP, event: EVENT_STOP });
        assert_eq!(poll_and_leave_end(tid).expect("our tracee"), None, "a stop is told once");
        assert!(registers(tid).is_ok());
        child.kill().expect("our own child");
        let killed = Wait::Signaled { signal: libc::SIGKILL, core_dumped: false };
        assert_eq!((look(), look()), (killed, killed));
        assert!(!child.wait().expect("its end is still there").success());
    }

    #[test]
    fn statuses_are_told_apart() {
        assert_eq!(decode(0x0300), Wait::Exited(3));
        assert_eq!(decode(0x8b), Wait::Signaled { signal: 11, core_dumped: true });
        assert_eq!(decode(0x80_057f), Wait::Stopped { signal: 5, event: EVENT_STOP });
        assert_eq!(decode(0x0b7f), Wait::Stopped { signal: 11, event: 0 });
    }

    #[test]
    fn strangers_are_refused() {
        assert!(seize(u32::MAX, 0).is_err());
        assert!(poll(1).is_err());
        assert!(registers(std::process::id()).is_err());
    }
}
