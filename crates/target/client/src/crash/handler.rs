//! The crash path: everything that runs in the application after it has crashed.
//!
//! Calls made here, all async-signal-safe, all but `clone` without libc (`syscalls`): getpid, gettid, prctl,
//! getrandom, clock_gettime, pipe2, write, read, close, poll, clone, wait4, rt_sigaction, rt_tgsigqueueinfo, tgkill; in
//! recovery mmap, mprotect, sigaltstack, rt_sigprocmask; in the children: rt_sigaction, fcntl, dup2, close_range, rt_sigprocmask, execve, write, exit. No allocation, no lock,
//! no formatting, no logging, no panic, no thread-local storage but `errno`.
//!
//! What happens, in order:
//! 1. The first thread that crashes claims the process. Others wait until it is done, for a limited time.
//! 2. Two pipes; the request is written before there is anybody to read it, so no SIGPIPE can come back.
//! 3. A middle child (same memory, no exit signal, the crashing thread waits for it) starts a second child and leaves
//!    at once: the second belongs to init, the first is reaped here. The host sees no SIGCHLD and no child. The second
//!    child becomes `werfault`.
//! 4. The thread waits for the answer until the deadline; progress extends it up to a cap.
//! 5. If the answer is to recover, the capture is over: the application's recovery callback runs (`recovery`), beside
//!    this thread, and what it does is its own affair. Then the thread waits for another answer.
//! 6. All dispositions go back to what they were, and the same signal with the same `siginfo` is queued to the same
//!    thread: when the handler returns, the process dies (or is handled) as it would have been without us.
#![expect(unsafe_code, reason = "is a signal handler; starts a process in shared memory")]

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use wer_abi::handoff::{
    CrashRequest, RECOVERED, REPLY_FD, REQUEST_BYTES, REQUEST_FD, REQUEST_MAGIC, REQUEST_VERSION, reply,
};
use wer_abi::limits::{DEFAULT_MAX_HOLD_MS, RECOVERY_CAP_MS};
use wer_abi::registration::{Header, capture_state};

use super::prepared::{Prepared, SIGNALS, prepared};
use super::recovery;
use super::syscalls::{self, KernelSigaction};

/// However much progress `werfault` reports, the thread waits no longer (unless the application asked for more).
const HOLD_CAP_MS: u64 = 5 * 60 * 1000;
/// Another crashed thread lets the first one die first, for this long.
const LAST_GRACE_MS: u64 = 1000;
/// `werfault` has little to do between the end of the recovery and its last answer.
const AFTER_RECOVERY_MS: u32 = 5000;
/// How often a waiting thread looks.
const PARK_STEP_MS: u64 = 10;
/// Bytes of the path that a line on standard error shows.
const MAX_SHOWN_PATH_BYTES: usize = 1024;
/// The highest signal number, real-time signals included.
const LAST_SIGNAL: c_int = 64;
/// What the child that could not become `werfault` says on the reply pipe. Not part of the hand-off.
const NOT_RUN: u8 = b'x';

/// `pid << 32 | tid` of the thread that crashed first. A claim of another pid was copied by a fork.
static CLAIM: AtomicU64 = AtomicU64::new(0);
/// The pid whose report is over.
static DONE: AtomicI32 = AtomicI32::new(0);
/// The pipes, for the children.
static REQUEST: Pipe = Pipe::none();
static REPLY: Pipe = Pipe::none();

/// A pipe's two ends.
struct Pipe {
    read: AtomicI32,
    write: AtomicI32,
}

impl Pipe {
    const fn none() -> Self {
        Self { read: AtomicI32::new(-1), write: AtomicI32::new(-1) }
    }

    /// Makes it. Whether it could be made.
    fn open(&self) -> bool {
        let ends = syscalls::pipe();
        let [read, write] = ends.unwrap_or([-1; 2]);
        self.read.store(read, Ordering::Relaxed);
        self.write.store(write, Ordering::Relaxed);
        ends.is_some()
    }

    fn read_end(&self) -> c_int {
        self.read.load(Ordering::Relaxed)
    }

    fn write_end(&self) -> c_int {
        self.write.load(Ordering::Relaxed)
    }
}

/// How the wait for `werfault` ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It answered: stored, or failed and it knows why.
    Answered,
    /// It is done with this process's memory, and says to run the recovery callback.
    Recover,
    /// It could not be run.
    NotRun,
    /// It ended without an answer.
    Ended,
    /// It did not answer in time.
    TimedOut,
}

/// The signal handler.
pub(super) extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(prepared) = prepared() else { return };
    let errno = errno();
    if was_sent_and_ignored(prepared, signal, info) {
        return;
    }
    let (pid, tid) = (syscalls::getpid(), syscalls::gettid());
    if recovery::is_this_thread(pid, tid) {
        recovery::give_up();
    }
    if claim(pid, tid) {
        let outcome = report(prepared, &Crash { pid, tid, signal, info, context });
        tell(prepared, outcome);
        DONE.store(pid as i32, Ordering::Release);
    } else if CLAIM.load(Ordering::Relaxed) as u32 != tid {
        park(prepared, pid);
    }
    restore_dispositions(prepared);
    // SAFETY: the kernel gave us `info`.
    if !unsafe { syscalls::requeue(pid, tid, signal, info) } {
        syscalls::tgkill(pid, tid, signal);
    }
    set_errno(errno);
}

/// The crash, as the kernel told it.
struct Crash {
    pid: u32,
    tid: u32,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
}

/// A signal that somebody sent and that the application ignored until we came is no crash.
fn was_sent_and_ignored(prepared: &Prepared, signal: c_int, info: *const libc::siginfo_t) -> bool {
    // SAFETY: the kernel gave us `info`.
    let code = unsafe { (*info).si_code };
    let mut signals = SIGNALS.iter().zip(&prepared.previous);
    let ignored = signals.any(|(known, before)| *known == signal && before.handler == libc::SIG_IGN);
    code <= 0 && ignored
}

/// Whether this thread is the first that crashes in this process.
fn claim(pid: u32, tid: u32) -> bool {
    let mine = u64::from(pid) << 32 | u64::from(tid);
    let before = CLAIM.load(Ordering::Acquire);
    let foreign = (before >> 32) as u32 != pid;
    foreign && CLAIM.compare_exchange(before, mine, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Waits until the first thread's report is over, and a little longer, so that it is that thread's signal which the
/// process dies of.
fn park(prepared: &Prepared, pid: u32) {
    let hold = HOLD_CAP_MS.max(u64::from(deadline_ms(prepared)));
    let longest = hold.saturating_add(RECOVERY_CAP_MS).saturating_add(LAST_GRACE_MS);
    let mut end = syscalls::now_ms().saturating_add(longest);
    let mut over = false;
    while syscalls::now_ms() < end {
        if !over && DONE.load(Ordering::Acquire) == pid as i32 {
            over = true;
            end = syscalls::now_ms().saturating_add(LAST_GRACE_MS);
        }
        syscalls::poll(-1, 0, PARK_STEP_MS);
    }
}

fn restore_dispositions(prepared: &Prepared) {
    for (signal, before) in SIGNALS.iter().zip(&prepared.previous) {
        // SAFETY: what the kernel gave us at attach, restorer included.
        unsafe { syscalls::set_disposition(*signal, before) };
    }
}

/// Milliseconds that the thread waits without a sign of progress.
fn deadline_ms(prepared: &Prepared) -> u32 {
    match header(prepared).map_or(0, |header| header.max_hold_ms.load(Ordering::Relaxed)) {
        0 => DEFAULT_MAX_HOLD_MS,
        chosen => chosen,
    }
}

pub(super) fn header(prepared: &Prepared) -> Option<&'static Header> {
    // SAFETY: null, or the block, which begins with its header and is never unmapped.
    unsafe { prepared.block.cast::<Header>().as_ref() }
}

/// Steps 2 to 4.
fn report(prepared: &Prepared, crash: &Crash) -> Outcome {
    if let Some(header) = header(prepared) {
        header.capture.state.store(capture_state::NONE, Ordering::Relaxed);
    }
    if !REQUEST.open() {
        return Outcome::NotRun;
    }
    let outcome = if REPLY.open() { ask(prepared, crash) } else { Outcome::NotRun };
    syscalls::close(REQUEST.read_end());
    // Kept open until now: `werfault` can tell from its closing that nobody waits any more.
    syscalls::close(REQUEST.write_end());
    outcome
}

/// Writes the request, starts `werfault`, waits. Closes what [`report`] does not.
fn ask(prepared: &Prepared, crash: &Crash) -> Outcome {
    syscalls::set_ptracer_any(true);
    let request = request(prepared, crash);
    let written = syscalls::write(REQUEST.write_end(), bytes_of(&request));
    let started = written == REQUEST_BYTES as isize && start_werfault(prepared);
    syscalls::close(REPLY.write_end());
    let mut outcome = match started {
        true => wait_for_reply(REPLY.read_end(), deadline_ms(prepared)),
        false => Outcome::NotRun,
    };
    if outcome == Outcome::Recover {
        if let Some(header) = header(prepared) {
            recovery::run(header, crash.context);
        }
        syscalls::write(REQUEST.write_end(), &[RECOVERED]);
        wait_for_reply(REPLY.read_end(), AFTER_RECOVERY_MS);
        outcome = Outcome::Answered;
    }
    syscalls::close(REPLY.read_end());
    syscalls::set_ptracer_any(false);
    outcome
}

fn request(prepared: &Prepared, crash: &Crash) -> CrashRequest {
    CrashRequest {
        magic: REQUEST_MAGIC,
        version: REQUEST_VERSION,
        pid: crash.pid,
        tid: crash.tid,
        signal: crash.signal as u32,
        deadline_ms: deadline_ms(prepared),
        siginfo_address: crash.info as u64,
        ucontext_address: crash.context as u64,
        registration_address: prepared.block as u64,
        report_id: report_id(crash),
    }
}

/// A random UUID (version 4). Where the kernel has no random bytes yet, one made of what tells crashes apart.
fn report_id(crash: &Crash) -> [u8; 16] {
    let mut id = [0; 16];
    if !syscalls::random(&mut id) {
        let who = u64::from(crash.pid) << 32 | u64::from(crash.tid);
        let when = syscalls::now_ms().wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ crash.context as u64;
        id = (u128::from(who) << 64 | u128::from(when)).to_be_bytes();
    }
    id[6] = id[6] & 0x0F | 0x40;
    id[8] = id[8] & 0x3F | 0x80;
    id
}

fn bytes_of(request: &CrashRequest) -> &[u8] {
    // SAFETY: 64 bytes of whole numbers without padding (asserted beside the layout).
    unsafe { core::slice::from_raw_parts((&raw const *request).cast(), REQUEST_BYTES) }
}

/// Step 3. Whether a child is on its way to become `werfault`.
fn start_werfault(prepared: &Prepared) -> bool {
    // SAFETY: `middle_child` makes system calls only; its stack is used by nobody else, and this thread waits.
    let middle = unsafe { syscalls::start_task(middle_child, prepared.middle_stack_top, true) };
    middle > 0 && syscalls::reap(middle) == Some(0)
}

/// Starts the second child and leaves.
extern "C" fn middle_child(_: *mut c_void) -> c_int {
    let Some(prepared) = prepared() else { return 1 };
    // SAFETY: `werfault_child` makes system calls only; its stack is used by nobody else: there is one per process,
    // and a process reports one crash.
    let child = unsafe { syscalls::start_task(werfault_child, prepared.werfault_stack_top, false) };
    syscalls::exit(c_int::from(child <= 0));
}

/// Becomes `werfault`: the pipes as its descriptors 3 and 4, no other but the standard ones, all signals as a new
/// program expects them.
extern "C" fn werfault_child(_: *mut c_void) -> c_int {
    let Some(prepared) = prepared() else { return 127 };
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: the default has no handler. This task has its own table of dispositions.
        unsafe { syscalls::set_disposition(signal, &KernelSigaction::DEFAULT) };
    }
    // The process's own ends first, so that there is room for two copies in a full table of descriptors.
    syscalls::close(REQUEST.write_end());
    syscalls::close(REPLY.read_end());
    let first_other = REPLY_FD + 1;
    let request = syscalls::duplicate_above(REQUEST.read_end(), first_other);
    let reply = syscalls::duplicate_above(REPLY.write_end(), first_other);
    if request < 0 || reply < 0 {
        syscalls::write(REPLY.write_end(), &[NOT_RUN]);
        syscalls::exit(127);
    }
    syscalls::duplicate_to(request as c_int, REQUEST_FD);
    syscalls::duplicate_to(reply as c_int, REPLY_FD);
    syscalls::close_from(first_other);
    syscalls::unblock_all_signals();
    // SAFETY: C strings and arrays that `prepare` laid out.
    unsafe { syscalls::exec(prepared.werfault, prepared.argv.as_ptr(), prepared.envp) };
    syscalls::write(REPLY_FD, &[NOT_RUN]);
    syscalls::exit(127);
}

/// Step 4.
fn wait_for_reply(reply_read: c_int, deadline_ms: u32) -> Outcome {
    let deadline_ms = u64::from(deadline_ms);
    let start = syscalls::now_ms();
    let cap = start.saturating_add(HOLD_CAP_MS.max(deadline_ms));
    let mut end = start.saturating_add(deadline_ms);
    loop {
        let left = end.min(cap).saturating_sub(syscalls::now_ms());
        if left == 0 {
            return Outcome::TimedOut;
        }
        if !syscalls::poll(reply_read, libc::POLLIN, left) {
            continue;
        }
        let mut byte = [0];
        if syscalls::read(reply_read, &mut byte) != 1 {
            return Outcome::Ended;
        }
        match byte[0] {
            reply::PROGRESS => end = syscalls::now_ms().saturating_add(deadline_ms),
            reply::STORED | reply::FAILED => return Outcome::Answered,
            reply::RECOVER => return Outcome::Recover,
            NOT_RUN => return Outcome::NotRun,
            _ => {}
        }
    }
}

/// One line on standard error when nobody else can say what went wrong.
fn tell(prepared: &Prepared, outcome: Outcome) {
    match outcome {
        Outcome::Answered | Outcome::Recover => {}
        Outcome::NotRun => {
            say(b"wer: could not run werfault; this crash is not reported by its own process\n");
            say(b"wer: it was looked for here: ");
            let shown = prepared.werfault_bytes.min(MAX_SHOWN_PATH_BYTES);
            // SAFETY: `prepare` put that many bytes there.
            say(unsafe { core::slice::from_raw_parts(prepared.werfault.cast(), shown) });
            say(b"\n");
        }
        Outcome::Ended => say(b"wer: werfault ended without an answer; this crash may be unreported\n"),
        Outcome::TimedOut => say(b"wer: werfault did not answer in time; this process waits no longer\n"),
    }
}

/// Writes only if it can be written at once: standard error may be a pipe that nobody reads.
fn say(text: &[u8]) {
    if syscalls::poll(libc::STDERR_FILENO, libc::POLLOUT, 0) {
        syscalls::write(libc::STDERR_FILENO, text);
    }
}

fn errno() -> c_int {
    // SAFETY: answers the address of libc's own variable of this thread.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: that address.
    unsafe { place.read() }
}

fn set_errno(value: c_int) {
    // SAFETY: answers the address of libc's own variable of this thread.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: that address.
    unsafe { place.write(value) };
}
