//! Makes one stopped thread do one system call and gives it everything back, so that a system call that our stop
//! interrupted goes on as if nothing had happened.
//!
//! Runs on the OS thread that traces. The registers are only ever restored at a stop inside the kernel's delivery of
//! signals: there, and nowhere else, the kernel looks at the restart codes that they hold. At every moment either the
//! thread's own registers are in place or those of [`super::landing`], from which it finds back alone.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use wer_snapshot::{MemoryReader, Registers};
use wer_sys::limits::MAX_XSAVE_BYTES;
use wer_sys::ptrace::{self, Wait};
use wer_sys::{ProcessMemory, inject};

use super::landing::{Landing, Pieces, landing};
use super::limits::{END_DEADLINE, ENTRY_DEADLINE, MAX_STOPS};
use super::rseq::outside_critical_section;
use crate::stop::{Tracee, Tracer};

/// The system calls that are injected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// A copy of the process. Its exit signal is 0: no SIGCHLD, and no wait without `__WALL` or `__WCLONE` sees it.
    ///
    /// It shares the table of descriptors (`CLONE_FILES`): a table of its own would keep files, pipes and sockets open
    /// that the target closes, and closing them at its end would flush them. It shares nothing else: with a shared
    /// `fs_struct` the kernel refuses privileges to a program that the target executes, and shared memory is none.
    Clone,
    /// Takes the end of a copy, by its number in the target's pid namespace, without waiting.
    Reap(i64),
}

/// Why a system call was not done. The thread has everything back, unless it is dead.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It was killed, and with it the process.
    Died,
    /// Not by this thread: why.
    NotHere(String),
}

/// A system call that was done, or tried.
#[derive(Debug)]
pub(crate) struct Injected {
    /// What it returned: negative is an error.
    pub(crate) result: i64,
    /// The copy that it made, in our pid namespace; it stands still and dies with us.
    pub(crate) copy: Option<u32>,
    /// Where the frame lay, and the bytes that were there before and are again: a copy has the frame.
    pub(crate) overwritten: (u64, Vec<u8>),
}

impl Injected {
    /// A signal came between: it can be tried again.
    pub(crate) const fn was_interrupted(&self) -> bool {
        self.result == INTERRUPTED
    }
}

/// Has a stopped thread do a system call.
pub(crate) fn inject(
    tracer: &mut Tracer,
    tid: u32,
    call: Call,
    pieces: Pieces,
    memory: &ProcessMemory,
    seccomp: bool,
) -> Result<Injected, Problem> {
    set_options(tid, seccomp)?;
    let outcome = begin(tid, pieces, memory).and_then(|seat| seat.perform(tracer, call, pieces, memory));
    // The thread may be gone.
    let _ = inject::set_options(tid, 0);
    outcome
}

fn set_options(tid: u32, seccomp: bool) -> Result<(), Problem> {
    let options = inject::TRACE_SYSCALLS_APART | ptrace::TRACE_CLONE;
    let suspend = if seccomp { inject::SUSPEND_SECCOMP } else { 0 };
    inject::set_options(tid, options | suspend).map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM | libc::EINVAL) if seccomp => Problem::NotHere(
            "it has a seccomp filter, which only a tracer with CAP_SYS_ADMIN may suspend".into(),
        ),
        _ => lost(&error),
    })
}

/// ESRCH from a thread that stood still means that it was killed.
fn lost(error: &io::Error) -> Problem {
    if error.raw_os_error() == Some(libc::ESRCH) {
        return Problem::Died;
    }
    Problem::NotHere(error.to_string())
}

/// A thread that is about to do a system call.
struct Seat {
    tid: u32,
    registers: Registers,
    mask: u64,
    landing: Landing,
    beneath: Vec<u8>,
}

/// Reads what is to be given back, and makes the frame. Changes nothing.
fn begin(tid: u32, pieces: Pieces, memory: &ProcessMemory) -> Result<Seat, Problem> {
    /// `__USER_CS`.
    const CODE_64: u64 = 0x33;
    if !super::pieces::are_in_place(memory, pieces) {
        return Err(Problem::NotHere("its code changed while it was being looked at".into()));
    }
    if inject::dispatches_system_calls(tid).unwrap_or(false) {
        return Err(Problem::NotHere("it has its system calls dispatched to itself".into()));
    }
    let registers = ptrace::registers(tid).map_err(|error| lost(&error))?;
    if registers.cs != CODE_64 {
        return Err(Problem::NotHere("it runs 32-bit code".into()));
    }
    let registers = outside_critical_section(tid, &registers, memory);
    let mask = inject::signal_mask(tid).map_err(|error| lost(&error))?;
    let float = match ptrace::xsave(tid, &mut [0; MAX_XSAVE_BYTES]) {
        Ok(xsave) => xsave,
        Err(_) => ptrace::fxsave(tid).map_err(|error| lost(&error))?.to_vec(),
    };
    let no_room = || Problem::NotHere("there is no room below its stack pointer".into());
    let landing = landing(&registers, mask, &float, pieces).ok_or_else(no_room)?;
    let beneath = memory.read_exact(landing.base, landing.bytes.len()).ok_or_else(no_room)?;
    Ok(Seat { tid, registers, mask, landing, beneath })
}

impl Seat {
    fn perform(
        self,
        tracer: &mut Tracer,
        call: Call,
        pieces: Pieces,
        memory: &ProcessMemory,
    ) -> Result<Injected, Problem> {
        let written = memory.write_all(self.landing.base, &self.landing.bytes);
        let outcome = match written {
            Ok(()) => self.enter(call, pieces).and_then(|()| run(tracer, self.tid)),
            Err(_) => Err(Problem::NotHere("there is no room below its stack pointer".into())),
        };
        let restored = self.give_back(memory);
        let ran = outcome?;
        if let Err(problem) = restored {
            if let Some(copy) = ran.copy {
                Reports::default().kill(tracer, copy);
            }
            return Err(problem);
        }
        tracer.threads.insert(self.tid, Tracee::Stopped(ran.pending_signal));
        Ok(Injected { result: ran.result, copy: ran.copy, overwritten: (self.landing.base, self.beneath) })
    }

    /// The mask last: once it is set, the way back through the frame is there already.
    fn enter(&self, call: Call, pieces: Pieces) -> Result<(), Problem> {
        let registers = registers_of(call, &self.registers, &self.landing, pieces);
        inject::set_registers(self.tid, &registers)
            .and_then(|()| inject::set_signal_mask(self.tid, u64::MAX))
            .map_err(|error| lost(&error))
    }

    /// The mask first, for the same reason.
    fn give_back(&self, memory: &ProcessMemory) -> Result<(), Problem> {
        let outcome = inject::set_signal_mask(self.tid, self.mask)
            .and_then(|()| inject::set_registers(self.tid, &self.registers));
        // Below the stack pointer: by the ABI nobody misses it, but stacks of green threads are small.
        let _ = memory.write_all(self.landing.base, &self.beneath);
        outcome.map_err(|error| lost(&error))
    }
}

fn registers_of(call: Call, own: &Registers, landing: &Landing, pieces: Pieces) -> Registers {
    let (number, arguments) = match call {
        Call::Clone => (libc::SYS_clone, [libc::CLONE_FILES as u64, landing.copy_stack, 0, 0]),
        Call::Reap(pid) => {
            (libc::SYS_wait4, [pid.cast_unsigned(), 0, (libc::__WALL | libc::WNOHANG) as u64, 0])
        }
    };
    let [rdi, rsi, rdx, r10] = arguments;
    Registers {
        rax: number.cast_unsigned(),
        // Not inside a system call: the kernel restarts none.
        orig_rax: u64::MAX,
        rip: pieces.system_call,
        rsp: landing.stack,
        rdi,
        rsi,
        rdx,
        r10,
        r8: 0,
        r9: 0,
        ..*own
    }
}

/// The result of a system call that a signal kept from its work (ERESTARTNOINTR).
const INTERRUPTED: i64 = -513;

/// How a system call went.
struct Ran {
    result: i64,
    copy: Option<u32>,
    /// The thread stands before the delivery of this signal.
    pending_signal: i32,
}

/// Runs a thread through one system call, to a stop at which its registers can be restored.
fn run(tracer: &mut Tracer, tid: u32) -> Result<Ran, Problem> {
    let mut reports = Reports::default();
    let outcome = reports.follow(tracer, tid);
    if outcome.is_err() {
        if let Some(copy) = reports.copy {
            reports.kill(tracer, copy);
        }
        if matches!(outcome, Err(Problem::Died)) {
            reports.kill_strangers(tracer);
        }
    }
    outcome
}

/// What the kernel told of threads that nobody asked about yet.
#[derive(Default)]
pub(crate) struct Reports {
    strangers: BTreeMap<u32, Wait>,
    /// The copy that was made.
    copy: Option<u32>,
}

impl Reports {
    fn follow(&mut self, tracer: &mut Tracer, tid: u32) -> Result<Ran, Problem> {
        let (mut entered, mut called_back, mut stops, mut result) = (false, false, 0, None);
        // Each round either comes nearer to the call's end or counts as a stop before its beginning.
        loop {
            let resumed = match result {
                None => inject::resume_to_system_call(tid),
                // It will stop again before it runs a single instruction of its own.
                Some(_) => ptrace::interrupt(tid).and_then(|()| ptrace::resume(tid, 0)),
            };
            resumed.map_err(|error| lost(&error))?;
            let deadline = (!entered).then_some(ENTRY_DEADLINE);
            let report = match self.next(tracer, tid, deadline) {
                Some(report) => report,
                None => {
                    called_back = true;
                    ptrace::interrupt(tid).map_err(|error| lost(&error))?;
                    self.next(tracer, tid, None).ok_or(Problem::Died)?
                }
            };
            match report {
                Wait::Exited(_) | Wait::Signaled { .. } => return Err(Problem::Died),
                Wait::Stopped { signal: inject::SYSCALL_STOP, event: 0 } if entered => {
                    let registers = ptrace::registers(tid).map_err(|error| lost(&error))?;
                    result = Some(registers.rax.cast_signed());
                }
                Wait::Stopped { signal: inject::SYSCALL_STOP, event: 0 } => entered = true,
                Wait::Stopped { event: libc::PTRACE_EVENT_CLONE, .. } => self.hold_copy(tracer, tid)?,
                Wait::Stopped { event: ptrace::EVENT_STOP, .. } => match result {
                    Some(result) => return Ok(Ran { result, copy: self.copy, pending_signal: 0 }),
                    // It never got to its system call: it stands in a frozen control group.
                    None if called_back => {
                        return Err(Problem::NotHere("it does not run: is it frozen?".into()));
                    }
                    // Stopped and continued by others. Inside the call there is no such stop.
                    None => stops += 1,
                },
                Wait::Stopped { signal, .. } => {
                    let result = result.unwrap_or(INTERRUPTED);
                    return Ok(Ran { result, copy: self.copy, pending_signal: signal });
                }
            }
            if stops >= MAX_STOPS {
                return Ok(Ran { result: INTERRUPTED, copy: self.copy, pending_signal: 0 });
            }
        }
    }

    /// Waits for the new copy's first stop, and ties its life to ours.
    fn hold_copy(&mut self, tracer: &mut Tracer, tid: u32) -> Result<(), Problem> {
        let message = ptrace::event_message(tid).map_err(|error| lost(&error))?;
        let Ok(copy) = u32::try_from(message) else { return Ok(()) };
        if let Some(Wait::Stopped { .. }) = self.next(tracer, copy, None) {
            let _ = inject::set_options(copy, inject::DIE_WITH_TRACER);
            self.copy = Some(copy);
        }
        Ok(())
    }

    /// Kills a tracee and waits for its end; `false` when that takes too long.
    pub(crate) fn kill(&mut self, tracer: &mut Tracer, tid: u32) -> bool {
        // It may have been killed by others.
        let _ = inject::kill_tracee(tid);
        let deadline = Instant::now() + END_DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(tracer, tid, Some(left)) {
                Some(Wait::Stopped { .. }) => {}
                Some(Wait::Exited(_) | Wait::Signaled { .. }) => return true,
                None => return false,
            }
        }
    }

    /// The next report of one thread; its end when it is gone, `None` after the deadline.
    pub(crate) fn next(&mut self, tracer: &mut Tracer, tid: u32, limit: Option<Duration>) -> Option<Wait> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut pause = Pause::default();
        loop {
            if let Some(report) = self.strangers.remove(&tid) {
                return Some(report);
            }
            let report = match deadline {
                None => ptrace::wait_any().map(Some),
                Some(_) => inject::poll_any(),
            };
            match report {
                Ok(Some((who, report))) if who == tid => return Some(report),
                Ok(Some((who, report))) => self.take_note(tracer, who, report),
                Ok(None) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return None,
                Ok(None) => pause.rest(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nobody is left.
                Err(_) => return Some(Wait::Exited(0)),
            }
        }
    }

    fn take_note(&mut self, tracer: &mut Tracer, who: u32, report: Wait) {
        if !tracer.take_note(who, report) {
            self.strangers.insert(who, report);
        }
    }

    /// A process that was killed while it forked may leave a copy that it never told us of.
    fn kill_strangers(&mut self, tracer: &mut Tracer) {
        let deadline = Instant::now() + END_DEADLINE;
        let mut pause = Pause::default();
        while Instant::now() < deadline {
            for (who, report) in std::mem::take(&mut self.strangers) {
                if matches!(report, Wait::Stopped { .. }) {
                    let _ = inject::kill_tracee(who);
                }
            }
            match inject::poll_any() {
                Ok(Some((who, report))) => self.take_note(tracer, who, report),
                Ok(None) => pause.rest(),
                Err(_) => return,
            }
        }
    }
}

/// Offers the processor to others at first, then sleeps.
#[derive(Default)]
pub(crate) struct Pause {
    rounds: u32,
}

impl Pause {
    pub(crate) fn rest(&mut self) {
        const PATIENT_ROUNDS: u32 = 200;
        const PAUSE: Duration = Duration::from_micros(100);
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds < PATIENT_ROUNDS { std::thread::yield_now() } else { std::thread::sleep(PAUSE) }
    }
}
