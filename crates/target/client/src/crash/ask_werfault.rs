//! Asks `werfault` to do something for a healthy process: what this library itself must not do in it (the store, the
//! settings, the network).
//!
//! A child serves one request over a socket that is its descriptor 3. Its standard input and output are `/dev/null`, it
//! has standard error, and no other descriptor of the process. It is started through a middle child, as after a crash, so
//! the process sees no SIGCHLD and no child of its own (unless it is a subreaper, as an init is: then the ended `werfault`
//! is its to reap). May be called from any thread that is not in a signal handler.
#![expect(unsafe_code, reason = "starts a process in shared memory")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, recv, send, shutdown, socketpair,
};
use rustix::process::{PTracer, Pid, set_ptracer};
use wer_abi::Hresult;
use wer_abi::store_requests::SOCKET_FD;

use super::syscalls::{self, KernelSigaction};
use super::{prepared, werfault_path};

/// Bytes of each of the two stacks on which the child is started; a few hundred are used.
const STACK_BYTES: usize = 16 * 1024;
const PAGE_BYTES: usize = 4096;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;
const LAST_SIGNAL: c_int = 64;

/// Starts `werfault` with one argument, gives it `request` and returns all that it answers. A `werfault` that does not
/// answer in time is left to itself, and loses its socket.
///
/// # Errors
/// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)` when `werfault` is not there or cannot be run;
/// `HRESULT_FROM_WIN32(ERROR_BROKEN_PIPE)` when it ended without an answer; `HRESULT_FROM_WIN32(ERROR_TIMEOUT)` at the
/// deadline; `HRESULT_FROM_WIN32(ERROR_INVALID_DATA)` for an answer above `max_answer_bytes`; `E_OUTOFMEMORY` without
/// memory, descriptors or processes.
pub fn ask_werfault(
    argument: &CStr,
    request: &[&[u8]],
    max_answer_bytes: usize,
    deadline: Duration,
) -> Result<Vec<u8>, Hresult> {
    ask_werfault_at(None, argument, request, false, max_answer_bytes, deadline)
}

/// As [`ask_werfault`], which may stop and read this process then, also where Yama lets only ancestors do that. The kernel
/// takes the permission back when `werfault` ends, and has forgotten whom the process had permitted before.
///
/// # Errors
/// As [`ask_werfault`].
pub fn ask_werfault_to_trace(
    argument: &CStr,
    request: &[&[u8]],
    max_answer_bytes: usize,
    deadline: Duration,
) -> Result<Vec<u8>, Hresult> {
    ask_werfault_at(None, argument, request, true, max_answer_bytes, deadline)
}

/// Either of them, with the path of `werfault` where the program says it.
///
/// # Errors
/// As [`ask_werfault`].
pub(super) fn ask_werfault_at(
    werfault: Option<&Path>,
    argument: &CStr,
    request: &[&[u8]],
    may_trace: bool,
    max_answer_bytes: usize,
    deadline: Duration,
) -> Result<Vec<u8>, Hresult> {
    let deadline = Instant::now().checked_add(deadline).ok_or(Hresult::E_INVALIDARG)?;
    let (own, childs) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
    .map_err(|_| Hresult::E_OUTOFMEMORY)?;
    // The child's end is an ordinary one, for whoever reads from it.
    rustix::io::ioctl_fionbio(&childs, false).map_err(|_| Hresult::E_OUTOFMEMORY)?;
    let werfault = start(werfault_path::choose(werfault), argument, &childs)?;
    drop(childs);
    if may_trace {
        // Without Yama the kernel knows nothing of this, and it is not needed.
        let _ = werfault.map(|werfault| set_ptracer(PTracer::ProcessID(werfault)));
    }
    for part in request {
        if !send_all(&own, part, deadline)? {
            break;
        }
    }
    let _ = shutdown(&own, Shutdown::Write);
    receive_all(&own, max_answer_bytes, deadline)
}

/// Waits until one of these things can be done with the socket; which.
fn wait(socket: &OwnedFd, events: PollFlags, deadline: Instant) -> Result<PollFlags, Hresult> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut polled = [PollFd::new(socket, events)];
        match poll(&mut polled, Some(&left)) {
            Ok(0) => return Err(Hresult::TIMEOUT),
            Err(Errno::INTR) => {}
            Ok(_) => return Ok(polled[0].revents()),
            Err(_) => return Err(Hresult::E_OUTOFMEMORY),
        }
    }
}

/// Whether all was sent: a child that answers early, or has ended, is not waited for.
fn send_all(socket: &OwnedFd, mut bytes: &[u8], deadline: Instant) -> Result<bool, Hresult> {
    while !bytes.is_empty() {
        match send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
            Err(Errno::AGAIN) => {
                if wait(socket, PollFlags::IN | PollFlags::OUT, deadline)?.contains(PollFlags::IN) {
                    return Ok(false);
                }
            }
            Err(Errno::INTR) => {}
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

fn receive_all(socket: &OwnedFd, max_bytes: usize, deadline: Instant) -> Result<Vec<u8>, Hresult> {
    let mut answer = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match recv(socket, buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok((0, _)) if answer.is_empty() => return Err(Hresult::BROKEN_PIPE),
            Ok((0, _)) => return Ok(answer),
            Ok((bytes, _)) => {
                answer.extend_from_slice(buffer.get(..bytes).unwrap_or_default());
                if answer.len() > max_bytes {
                    return Err(Hresult::INVALID_DATA);
                }
            }
            Err(Errno::AGAIN) => {
                wait(socket, PollFlags::IN, deadline)?;
            }
            Err(Errno::INTR) => {}
            Err(_) => return Err(Hresult::BROKEN_PIPE),
        }
    }
}

/// What the children read and write, in memory of the thread that waits for them.
struct Start {
    werfault: CString,
    argv: [*const c_char; 3],
    envp: Vec<*const c_char>,
    socket: c_int,
    /// Standard input and output; negative = those of the process.
    null: c_int,
    child_stack_top: *mut c_void,
    /// Number of the second child.
    child: c_int,
    /// Whether the second child has become `werfault`.
    is_running: bool,
}

/// Returns when `werfault` runs, or cannot; its pid.
fn start(werfault: CString, argument: &CStr, socket: &OwnedFd) -> Result<Option<Pid>, Hresult> {
    let environment: Vec<CString> =
        prepared::environment().into_iter().filter_map(|variable| CString::new(variable).ok()).collect();
    let null_file = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).ok();
    let stacks = Stacks::map().ok_or(Hresult::E_OUTOFMEMORY)?;
    let mut start = Start {
        werfault,
        argv: [c"werfault".as_ptr(), argument.as_ptr(), null()],
        envp: environment.iter().map(|variable| variable.as_ptr()).chain([null()]).collect(),
        socket: socket.as_raw_fd(),
        null: null_file.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        child_stack_top: stacks.top(1),
        child: 0,
        is_running: true,
    };
    // A handler of the process must not run in a child that shares its memory.
    let blocked = Blocked::all();
    let place = (&raw mut start).cast::<c_void>();
    // SAFETY: `middle_child` makes system calls only; its stack is its own, and this thread waits for its end.
    let middle = unsafe { syscalls::start_task_with(middle_child, stacks.top(0), true, place) };
    let was_started = middle > 0 && syscalls::reap(middle) == Some(0);
    drop(blocked);
    // The children wrote to it behind the compiler's back.
    // SAFETY: `start` lives, and nobody else uses it any more.
    let is_running = unsafe { (&raw const start.is_running).read_volatile() };
    // SAFETY: as above.
    let child = unsafe { (&raw const start.child).read_volatile() };
    match (was_started, is_running) {
        (false, _) => Err(Hresult::E_OUTOFMEMORY),
        (true, false) => Err(Hresult::FILE_NOT_FOUND),
        (true, true) => Ok(Pid::from_raw(child)),
    }
}

/// Starts the second child, waits until it has become `werfault` or ended, and leaves it to init.
extern "C" fn middle_child(start: *mut c_void) -> c_int {
    // SAFETY: what `start` passed; the thread that owns it waits.
    let top = unsafe { (*start.cast::<Start>()).child_stack_top };
    // SAFETY: `werfault_child` makes system calls only; its stack is used by nobody else, and this task waits.
    let child = unsafe { syscalls::start_task_with(werfault_child, top, true, start) };
    // SAFETY: as above; the second child has become another program or ended.
    unsafe { (*start.cast::<Start>()).child = child as c_int };
    syscalls::exit(c_int::from(child <= 0));
}

/// Becomes `werfault`.
extern "C" fn werfault_child(start: *mut c_void) -> c_int {
    // SAFETY: what `start` passed; the thread that owns it waits, and so does the middle child.
    let start = unsafe { &mut *start.cast::<Start>() };
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: the default has no handler. This task has its own table of dispositions.
        unsafe { syscalls::set_disposition(signal, &KernelSigaction::DEFAULT) };
    }
    let first_other = SOCKET_FD + 1;
    let socket = syscalls::duplicate_above(start.socket, first_other);
    if socket < 0 {
        start.is_running = false;
        syscalls::exit(127);
    }
    if start.null >= 0 {
        let null = syscalls::duplicate_above(start.null, first_other);
        for standard in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
            syscalls::duplicate_to(null as c_int, standard);
        }
    }
    syscalls::duplicate_to(socket as c_int, SOCKET_FD);
    syscalls::close_from(first_other);
    syscalls::unblock_all_signals();
    // SAFETY: C strings and arrays with a null at their end, all in memory that lives until this task is another program.
    unsafe { syscalls::exec(start.werfault.as_ptr(), start.argv.as_ptr(), start.envp.as_ptr()) };
    start.is_running = false;
    syscalls::exit(127);
}

/// Two stacks with an inaccessible page below each.
struct Stacks(*mut c_void);

impl Stacks {
    const EACH_BYTES: usize = PAGE_BYTES + STACK_BYTES;

    fn map() -> Option<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let bytes = 2 * Self::EACH_BYTES;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start =
            unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), bytes, access, MapFlags::PRIVATE) };
        let stacks = Self(start.ok()?);
        for number in 0..2 {
            let guard = stacks.0.wrapping_byte_add(number * Self::EACH_BYTES);
            // SAFETY: the page below each stack, in the mapping made above.
            let _ = unsafe { rustix::mm::mprotect(guard, PAGE_BYTES, MprotectFlags::empty()) };
        }
        Some(stacks)
    }

    const fn top(&self, number: usize) -> *mut c_void {
        self.0.wrapping_byte_add((number + 1) * Self::EACH_BYTES)
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`; whoever ran on it has ended or become another program.
        let _ = unsafe { rustix::mm::munmap(self.0, 2 * Self::EACH_BYTES) };
    }
}

/// All signals of this thread blocked, until dropped.
pub(super) struct Blocked(libc::sigset_t);

impl Blocked {
    pub(super) fn all() -> Self {
        // SAFETY: all zero is a valid signal set.
        let (mut all, mut before) = unsafe { core::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>() };
        // SAFETY: fills `all`.
        unsafe { libc::sigfillset(&raw mut all) };
        // SAFETY: reads `all` and writes `before`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
        Self(before)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: reads the set that the thread had before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, core::ptr::null_mut()) };
    }
}
