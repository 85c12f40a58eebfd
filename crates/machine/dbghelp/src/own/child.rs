//! The child that writes the dump of its parent, and the middle child between them.
//!
//! The middle child shares our memory and has no exit signal, so it is no child that `wait` or SIGCHLD tell of. It calls
//! `fork`, the C library's own, so that the allocator and the stdio locks are in order in the child, and then only waits
//! for it. Until it has forked, the asking thread does nothing but wait, because both have the same thread-local storage;
//! from then on the middle child makes system calls only.
#![expect(unsafe_code, reason = "clone, fork and wait4 with __WALL have no safe wrappers")]

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::{c_int, c_void};

use crate::limits::CHILD_STACK_BYTES;

/// Page size of x86-64.
const PAGE_BYTES: usize = 4096;

/// Lets a process trace us where Yama would not; 0 = none but the usual ones. No effect without Yama.
pub(super) fn set_tracer(pid: u32) {
    // SAFETY: takes a number.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::c_ulong::from(pid), 0, 0, 0) };
}

/// Leaves the child at once: nothing that the parent registered for its own end is run.
pub(super) fn leave(status: c_int) -> ! {
    // SAFETY: takes a number, does not return.
    unsafe { libc::_exit(status) }
}

/// A stack with a guard page below.
struct Stack(*mut c_void);

impl Stack {
    fn new() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: asks for new memory wherever there is room.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), CHILD_STACK_BYTES, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self(start);
        // SAFETY: the first page of the mapping just made, which nobody uses.
        unsafe { libc::mprotect(start, PAGE_BYTES, libc::PROT_NONE) };
        Ok(stack)
    }

    fn top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(CHILD_STACK_BYTES)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: our own mapping; the middle child, which ran on it, has been waited for.
        unsafe { libc::munmap(self.0, CHILD_STACK_BYTES) };
    }
}

/// What the middle child is told, in the asking thread's frame or heap, which outlive it.
struct Job<'a> {
    work: &'a mut dyn FnMut(),
    /// Descriptors that the child keeps beside the standard streams; sorted.
    kept: &'a [RawFd],
    /// Where the middle child says that it has forked.
    forked: RawFd,
}

/// A running child and the middle child. Must be waited for before anything that it was given ends.
pub(super) struct Child<'a> {
    middle: libc::pid_t,
    is_running: bool,
    /// Goes after the wait.
    _stack: Stack,
    _work: PhantomData<&'a ()>,
}

/// Starts a child that does `work` on a copy of our memory and leaves. It has the standard streams and the descriptors
/// `kept`, no other; all signals are blocked.
pub(super) fn start<'a>(work: &'a mut dyn FnMut(), kept: &'a [RawFd]) -> io::Result<Child<'a>> {
    let stack = Stack::new()?;
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut sorted = kept.to_vec();
    sorted.sort_unstable();
    let mut job = Job { work, kept: &sorted, forked: writer.as_raw_fd() };
    let argument = (&raw mut job).cast::<c_void>();
    let before = block_signals();
    // SAFETY: `middle` runs on a stack of its own; `job` and what it leads to live until it has forked, for which we
    // wait below, and the child has copies.
    let pid = unsafe { libc::clone(middle, stack.top(), libc::CLONE_VM, argument) };
    let failed = (pid == -1).then(io::Error::last_os_error);
    let forked = failed.is_none() && has_forked(&reader, writer);
    restore_signals(&before);
    if let Some(error) = failed {
        return Err(error);
    }
    let mut child = Child { middle: pid, is_running: true, _stack: stack, _work: PhantomData };
    if forked {
        return Ok(child);
    }
    let end = child.wait().unwrap_or_default();
    Err(io::Error::other(format!("no child could be forked: {end}")))
}

/// Waits until the middle child has forked, or has ended. System calls only.
fn has_forked(reader: &OwnedFd, writer: OwnedFd) -> bool {
    drop(writer);
    let mut byte = [0];
    loop {
        match rustix::io::read(reader, &mut byte) {
            Ok(count) => return count == 1,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The middle child.
extern "C" fn middle(argument: *mut c_void) -> c_int {
    // SAFETY: the job that `start` made; the asking thread waits and does not touch it.
    let job = unsafe { &mut *argument.cast::<Job<'_>>() };
    // SAFETY: the child goes on with a copy of everything; its locks are in order, as after any fork.
    match unsafe { libc::fork() } {
        -1 => FORK_FAILED,
        0 => {
            close_all_but(job.kept);
            // What is half done after a panic is a copy that ends here.
            let done = catch_unwind(AssertUnwindSafe(&mut *job.work));
            leave(if done.is_ok() { 0 } else { PANICKED })
        }
        child => {
            let forked = job.forked;
            close_all_but(&[forked]);
            let word = 1_u8;
            // SAFETY: one byte of this frame.
            unsafe { libc::write(forked, (&raw const word).cast(), 1) };
            // From here on the asking thread runs, with the same thread-local storage.
            status_after(child)
        }
    }
}

/// The status with which the middle child ends: the child's, or one of these.
const FORK_FAILED: c_int = 250;
const PANICKED: c_int = 251;
const LOST: c_int = 252;
/// Plus the signal that ended the child.
const SIGNALED: c_int = 128;

/// System calls only.
fn status_after(child: libc::pid_t) -> c_int {
    use rustix::process::{Pid, WaitOptions, waitpid};
    let Some(child) = Pid::from_raw(child) else { return LOST };
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let signal = status.terminating_signal().map(|signal| SIGNALED + signal);
                return signal.or(status.exit_status()).unwrap_or(LOST);
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            // The host ignores SIGCHLD, and so did we: the kernel reaped it.
            Err(_) => return 0,
        }
    }
}

/// Closes everything but the standard streams and these; nothing of it is lost to the host, whose table is another.
fn close_all_but(kept: &[RawFd]) {
    let mut first: libc::c_uint = 3;
    for fd in kept.iter().filter_map(|fd| libc::c_uint::try_from(*fd).ok()).filter(|fd| *fd >= 3) {
        if fd > first {
            close_range(first, fd - 1);
        }
        first = fd + 1;
    }
    close_range(first, libc::c_uint::MAX);
}

fn close_range(first: libc::c_uint, last: libc::c_uint) {
    // SAFETY: the descriptors are copies in a process that uses none of them. Kernels before 5.9 keep them open until
    // it ends.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
}

fn block_signals() -> libc::sigset_t {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: initialises the set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: initialises the set, in case that the next call fails.
    unsafe { libc::sigemptyset(before.as_mut_ptr()) };
    // SAFETY: both sets are initialised.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    // SAFETY: initialised above.
    unsafe { before.assume_init() }
}

fn restore_signals(before: &libc::sigset_t) {
    let before = &raw const *before;
    // SAFETY: the set that was in force before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

impl Child<'_> {
    /// Waits for its end and says how it ended; `None` when that is known already, or somebody else has taken it.
    pub(super) fn wait(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.is_running) {
            return None;
        }
        let mut status = 0;
        let place = &raw mut status;
        loop {
            // SAFETY: the kernel writes one status.
            match unsafe { libc::waitpid(self.middle, place, libc::__WALL) } {
                pid if pid == self.middle => return Some(end_of(status)),
                _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                _ => return None,
            }
        }
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        self.wait();
    }
}

fn end_of(status: c_int) -> String {
    if !libc::WIFEXITED(status) {
        return format!("signal {} ended the process that waited for it", libc::WTERMSIG(status));
    }
    match libc::WEXITSTATUS(status) {
        FORK_FAILED => "the system has no room for another process".into(),
        PANICKED => "it panicked".into(),
        code if code > SIGNALED => format!("signal {}", code - SIGNALED),
        code => format!("status {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_works_and_leaves_no_trace() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let (kept, gone) = (writer.as_raw_fd(), reader.as_raw_fd());
        let mut work = || {
            let open = |fd: RawFd| std::fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok();
            let as_expected = open(kept) && !open(gone) && open(1);
            let _ = std::io::Write::write_all(&mut &writer, &[u8::from(as_expected)]);
        };
        let kept = [kept];
        let mut child = start(&mut work, &kept).expect("a child");
        let mut byte = [0];
        std::io::Read::read_exact(&mut &reader, &mut byte).expect("its word");
        assert_eq!(byte, [1]);
        // SAFETY: asks for any child that `wait` tells of.
        assert_eq!(unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) }, -1);
        assert_eq!(child.wait().as_deref(), Some("status 0"));
        assert_eq!(child.wait(), None);
    }

    #[test]
    fn it_is_told_how_a_child_ended() {
        let mut leaves = || leave(7);
        assert_eq!(start(&mut leaves, &[]).expect("a child").wait().as_deref(), Some("status 7"));
        // SAFETY: ends the child.
        let mut dies = || unsafe {
            libc::raise(libc::SIGKILL);
        };
        assert_eq!(start(&mut dies, &[]).expect("a child").wait().as_deref(), Some("signal 9"));
    }
}
