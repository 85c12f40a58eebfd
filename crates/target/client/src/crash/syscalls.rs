//! The system calls of the crash path, made directly: no `errno`, no libc lock, no cancellation point.
//!
//! Runs in a dying process. Must never: allocate, lock, format, log, panic, or touch thread-local storage.
#![expect(unsafe_code, reason = "makes system calls without libc")]

use core::arch::asm;
use core::ffi::{c_char, c_int, c_void};

/// Answers are what the kernel returns: negative values are `-errno`.
pub(super) type Answer = isize;

/// `struct kernel_sigaction` of x86-64: what `rt_sigaction` takes and gives, with the restorer that belongs to it.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct KernelSigaction {
    pub(super) handler: usize,
    pub(super) flags: u64,
    pub(super) restorer: usize,
    pub(super) mask: u64,
}

impl KernelSigaction {
    /// `SIG_DFL`.
    pub(super) const DEFAULT: Self = Self { handler: libc::SIG_DFL, flags: 0, restorer: 0, mask: 0 };
}

/// Bytes of a kernel signal set.
const SIGSET_BYTES: usize = 8;

/// Makes a system call.
///
/// # Safety
/// The arguments must be right for the call: every pointer valid for what the kernel does with it.
unsafe fn call(number: i64, arguments: [usize; 6]) -> Answer {
    let [a, b, c, d, e, f] = arguments;
    let answer;
    // SAFETY: the `syscall` instruction changes rax, rcx and r11 only; the caller answers for the arguments.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => answer,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    answer
}

/// A call whose arguments are plain numbers, none of them an address.
fn call_with_numbers(number: i64, arguments: [usize; 6]) -> Answer {
    // SAFETY: the callers in this file pass no address.
    unsafe { call(number, arguments) }
}

pub(super) fn getpid() -> u32 {
    call_with_numbers(libc::SYS_getpid, [0; 6]) as u32
}

pub(super) fn gettid() -> u32 {
    call_with_numbers(libc::SYS_gettid, [0; 6]) as u32
}

pub(super) fn close(fd: c_int) {
    call_with_numbers(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]);
}

/// Closes every descriptor from `first` on. Kernels before 5.9 get the first thousand closed one by one.
pub(super) fn close_from(first: c_int) {
    const SINGLY: c_int = 1024;
    if call_with_numbers(libc::SYS_close_range, [first as usize, u32::MAX as usize, 0, 0, 0, 0]) < 0 {
        for fd in first..SINGLY {
            close(fd);
        }
    }
}

/// A copy of `fd` numbered `lowest` or above.
pub(super) fn duplicate_above(fd: c_int, lowest: c_int) -> Answer {
    call_with_numbers(libc::SYS_fcntl, [fd as usize, libc::F_DUPFD as usize, lowest as usize, 0, 0, 0])
}

/// `dup2`.
pub(super) fn duplicate_to(fd: c_int, target: c_int) -> Answer {
    call_with_numbers(libc::SYS_dup2, [fd as usize, target as usize, 0, 0, 0, 0])
}

/// Ends the calling task only.
pub(super) fn exit(status: c_int) -> ! {
    loop {
        call_with_numbers(libc::SYS_exit, [status as usize, 0, 0, 0, 0, 0]);
    }
}

/// Lets any process of this user trace this one, or none but the usual ones; has an effect under Yama only.
pub(super) fn set_ptracer_any(any: bool) {
    let tracer = if any { usize::MAX } else { 0 };
    call_with_numbers(libc::SYS_prctl, [libc::PR_SET_PTRACER as usize, tracer, 0, 0, 0, 0]);
}

/// Sends a signal to one thread of this process.
pub(super) fn tgkill(pid: u32, tid: u32, signal: c_int) {
    call_with_numbers(libc::SYS_tgkill, [pid as usize, tid as usize, signal as usize, 0, 0, 0]);
}

/// Sends a signal with this very `info` to one thread of this process. Whether it was sent.
///
/// # Safety
/// `info` must point to a `siginfo_t`.
pub(super) unsafe fn requeue(pid: u32, tid: u32, signal: c_int, info: *const libc::siginfo_t) -> bool {
    let arguments = [pid as usize, tid as usize, signal as usize, info as usize, 0, 0];
    // SAFETY: the kernel reads `info`, for which the caller answers.
    (unsafe { call(libc::SYS_rt_tgsigqueueinfo, arguments) }) == 0
}

/// The disposition of a signal.
pub(super) fn disposition(signal: c_int) -> Option<KernelSigaction> {
    let mut action = KernelSigaction::DEFAULT;
    let out = &raw mut action as usize;
    // SAFETY: the kernel writes one sigaction to `action`.
    let answer = unsafe { call(libc::SYS_rt_sigaction, [signal as usize, 0, out, SIGSET_BYTES, 0, 0]) };
    (answer == 0).then_some(action)
}

/// Sets the disposition of a signal.
///
/// # Safety
/// A handler in `action` must be fit to handle the signal, and its restorer must be libc's.
pub(super) unsafe fn set_disposition(signal: c_int, action: &KernelSigaction) {
    let new = &raw const *action as usize;
    // SAFETY: the kernel reads one sigaction; the caller answers for what is in it.
    unsafe { call(libc::SYS_rt_sigaction, [signal as usize, new, 0, SIGSET_BYTES, 0, 0]) };
}

/// Lets every signal through.
pub(super) fn unblock_all_signals() {
    let none = 0_u64;
    let how = libc::SIG_SETMASK as usize;
    let mask = &raw const none as usize;
    // SAFETY: the kernel reads eight bytes of `none`.
    unsafe { call(libc::SYS_rt_sigprocmask, [how, mask, 0, SIGSET_BYTES, 0, 0]) };
}

/// Sets the calling task's mask of blocked signals.
pub(super) fn set_blocked_signals(mask: u64) {
    let how = libc::SIG_SETMASK as usize;
    let place = &raw const mask as usize;
    // SAFETY: the kernel reads eight bytes of `mask`.
    unsafe { call(libc::SYS_rt_sigprocmask, [how, place, 0, SIGSET_BYTES, 0, 0]) };
}

/// New private memory, readable and writable, at an address that the kernel chooses.
pub(super) fn map(bytes: usize) -> Option<*mut c_void> {
    let access = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK) as usize;
    let answer = call_with_numbers(libc::SYS_mmap, [0, bytes, access, flags, usize::MAX, 0]);
    (answer > 0).then_some(answer as *mut c_void)
}

/// Makes memory inaccessible.
///
/// # Safety
/// Nobody may use it.
pub(super) unsafe fn protect(start: *mut c_void, bytes: usize) {
    // SAFETY: the caller answers for the memory.
    unsafe { call(libc::SYS_mprotect, [start as usize, bytes, libc::PROT_NONE as usize, 0, 0, 0]) };
}

/// Gives the calling task an alternate stack for signals.
///
/// # Safety
/// The memory must be nobody else's while the task lives.
pub(super) unsafe fn set_alternate_stack(start: *mut c_void, bytes: usize) {
    let stack = libc::stack_t { ss_sp: start, ss_flags: 0, ss_size: bytes };
    let place = &raw const stack as usize;
    // SAFETY: the kernel reads one stack_t; the caller answers for the memory.
    unsafe { call(libc::SYS_sigaltstack, [place, 0, 0, 0, 0, 0]) };
}

/// A pipe that an exec closes: end to read, end to write.
pub(super) fn pipe() -> Option<[c_int; 2]> {
    let mut ends = [-1; 2];
    let out = &raw mut ends as usize;
    // SAFETY: the kernel writes two descriptors to `ends`.
    let answer = unsafe { call(libc::SYS_pipe2, [out, libc::O_CLOEXEC as usize, 0, 0, 0, 0]) };
    (answer == 0).then_some(ends)
}

/// Writes what fits at once.
pub(super) fn write(fd: c_int, bytes: &[u8]) -> Answer {
    let arguments = [fd as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0];
    // SAFETY: the kernel reads `bytes`.
    unsafe { call(libc::SYS_write, arguments) }
}

/// Reads what is there.
pub(super) fn read(fd: c_int, bytes: &mut [u8]) -> Answer {
    let arguments = [fd as usize, bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0];
    // SAFETY: the kernel writes at most `bytes.len()` bytes.
    unsafe { call(libc::SYS_read, arguments) }
}

/// Waits for `events` on `fd`, or only for the time when `fd` is negative. Whether any event came.
pub(super) fn poll(fd: c_int, events: i16, milliseconds: u64) -> bool {
    let mut polled = libc::pollfd { fd, events, revents: 0 };
    let timeout = c_int::try_from(milliseconds).unwrap_or(c_int::MAX);
    let place = &raw mut polled as usize;
    // SAFETY: the kernel reads and writes one pollfd.
    (unsafe { call(libc::SYS_poll, [place, 1, timeout as usize, 0, 0, 0]) }) > 0
}

/// Milliseconds of the monotonic clock.
pub(super) fn now_ms() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let out = &raw mut now as usize;
    // SAFETY: the kernel writes one timespec.
    unsafe { call(libc::SYS_clock_gettime, [libc::CLOCK_MONOTONIC as usize, out, 0, 0, 0, 0]) };
    (now.tv_sec as u64).wrapping_mul(1000).wrapping_add(now.tv_nsec as u64 / 1_000_000)
}

/// Fills `bytes` with random ones, without waiting. Whether all were had.
pub(super) fn random(bytes: &mut [u8; 16]) -> bool {
    let out = bytes.as_mut_ptr() as usize;
    let flags = libc::GRND_NONBLOCK as usize;
    // SAFETY: the kernel writes at most 16 bytes.
    (unsafe { call(libc::SYS_getrandom, [out, bytes.len(), flags, 0, 0, 0]) }) == bytes.len() as isize
}

/// Waits for a child of any kind to end and reaps it. Its wait status.
pub(super) fn reap(pid: Answer) -> Option<c_int> {
    let mut status = 0;
    let out = &raw mut status as usize;
    loop {
        // SAFETY: the kernel writes one status.
        let answer = unsafe { call(libc::SYS_wait4, [pid as usize, out, libc::__WALL as usize, 0, 0, 0]) };
        match -answer as c_int {
            libc::EINTR => {}
            _ if answer == pid => return Some(status),
            _ => return None,
        }
    }
}

/// Becomes another program; returns only when that failed.
///
/// # Safety
/// `path` and everything in the two null-terminated arrays must be C strings.
pub(super) unsafe fn exec(
    path: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> Answer {
    // SAFETY: the kernel reads the strings, for which the caller answers.
    unsafe { call(libc::SYS_execve, [path as usize, argv as usize, envp as usize, 0, 0, 0]) }
}

/// Starts a thread of this process that runs `run` on the stack below `stack_top`, with the signal mask and the
/// thread-local storage of the calling thread, which must not touch the latter while that thread lives. Whether it was
/// started.
///
/// # Safety
/// The stack must be nobody else's while the thread lives.
pub(super) unsafe fn start_thread(run: extern "C" fn(*mut c_void) -> c_int, stack_top: *mut c_void) -> bool {
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM;
    // SAFETY: libc's clone switches to the new stack, calls `run` and ends the thread with its answer; it sets errno on
    // failure only, and the handler restores that. The caller answers for the stack.
    (unsafe { libc::clone(run, stack_top, flags, core::ptr::null_mut()) }) > 0
}

/// Starts a task in this memory, with copies of everything else, that runs `run` on the stack below `stack_top`, and
/// whose end sends no signal. With `wait`, returns only when it has ended or become another program.
///
/// # Safety
/// `run` must make system calls only, the stack must be nobody else's while the task lives.
pub(super) unsafe fn start_task(
    run: extern "C" fn(*mut c_void) -> c_int,
    stack_top: *mut c_void,
    wait: bool,
) -> Answer {
    // SAFETY: the caller answers for `run`, which is given no argument, and the stack.
    unsafe { start_task_with(run, stack_top, wait, core::ptr::null_mut()) }
}

/// [`start_task`] with an argument for `run`.
///
/// # Safety
/// As [`start_task`]; the argument must be what `run` expects.
pub(super) unsafe fn start_task_with(
    run: extern "C" fn(*mut c_void) -> c_int,
    stack_top: *mut c_void,
    wait: bool,
    argument: *mut c_void,
) -> Answer {
    let flags = libc::CLONE_VM | if wait { libc::CLONE_VFORK } else { 0 };
    // SAFETY: libc's clone switches to the new stack, calls `run` and exits with its answer; it sets errno on failure
    // only, and the handler restores that. The caller answers for `run` and the stack.
    let pid = unsafe { libc::clone(run, stack_top, flags, argument) };
    pid as Answer
}
