//! The copy's life: made by a thread of the target, held in its first stop, killed, and reaped by the target.
//!
//! 1. [`fork`]: one thread does the clone while all others stand. The copy is traced from its birth and never runs.
//! 2. The target's threads are let go; the tracing thread stays, because the copy dies with it.
//! 3. [`ForkedCopy::release`], or its drop: the copy is killed. It is the target's child, and a zombie now, which a thread
//!    of the target is made to reap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wer_sys::ptrace;
use wer_sys::{Process, ProcessMemory, inject};

use super::injection::{Call, Injected, Pause, Problem, Reports, inject};
use super::landing::Pieces;
use super::limits::{MAX_ATTEMPTS, MAX_REAP_ROUNDS, MAX_REAP_THREADS, MAX_SEATS, REAP_STOP_DEADLINE};
use super::pieces::find;
use super::waits::to_wait_on;
use crate::stop::{Hold, RegisterReader, Stopped, StoppedThread, Tracee, Tracer, after};

/// A copy that was just made.
#[derive(Debug)]
pub(crate) struct Forked {
    /// In our pid namespace.
    pub(crate) pid: u32,
    /// In the target's.
    pub(crate) pid_inside: i64,
    /// Bytes that the copy does not have as they were: address, bytes.
    pub(crate) overwritten: (u64, Vec<u8>),
    /// A thread that had to take a signal first: its registers since.
    pub(crate) moved: Option<(u32, StoppedThread)>,
}

/// Has one of the stopped threads make a copy of its process. Runs on the tracing thread.
///
/// # Errors
/// A sentence: why there is none. All threads stand as before, or the process is dead.
pub(crate) fn fork(
    tracer: &mut Tracer,
    process: &Process,
    memory: &ProcessMemory,
    pieces: Pieces,
    stopped: &Stopped,
) -> Result<Forked, String> {
    help_waits(tracer, stopped);
    let mut why = String::from("no thread stands where it could make a copy");
    for tid in seats(tracer, stopped).into_iter().take(MAX_SEATS) {
        let mut moved = None;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(thread) = take_pending_signal(tracer, tid)? {
                moved = Some((tid, thread));
            }
            let seccomp = has_seccomp(process, tid);
            match inject(tracer, tid, Call::Clone, pieces, memory, seccomp) {
                Ok(Injected { result, copy: Some(pid), overwritten }) if result > 0 => {
                    return Ok(Forked { pid, pid_inside: result, overwritten, moved });
                }
                Ok(injected) if injected.was_interrupted() => {}
                Ok(injected) => return Err(refusal(injected.result)),
                Err(Problem::Died) => return Err("it was killed meanwhile".into()),
                Err(Problem::NotHere(reason)) => {
                    why = format!("thread {tid} cannot make a copy: {reason}");
                    break;
                }
            }
        }
    }
    Err(why)
}

fn refusal(result: i64) -> String {
    let code = i32::try_from(-result).unwrap_or(libc::EIO);
    let hint = match code {
        libc::EAGAIN => ": a limit of processes is reached (RLIMIT_NPROC, or pids.max of its control group)",
        libc::ENOMEM => ": not enough memory may be promised (vm.overcommit_memory, or its control group)",
        _ => "",
    };
    let error = std::io::Error::from_raw_os_error(code);
    format!("the kernel made no copy ({error}){hint}")
}

/// Calls that the stop ended with EINTR are told to wait on.
fn help_waits(tracer: &Tracer, stopped: &Stopped) {
    for (tid, thread) in &stopped.threads {
        if let (Some(Tracee::Stopped(0)), Some(registers)) = (tracer.threads.get(tid), thread.registers)
            && let Some(registers) = to_wait_on(&registers)
        {
            // A thread that is gone waits for nothing.
            let _ = inject::set_registers(*tid, &registers);
        }
    }
}

/// The threads that could do a system call, best first: those inside one already, then those that run, then those
/// before the delivery of a signal.
fn seats(tracer: &Tracer, stopped: &Stopped) -> Vec<u32> {
    let mut seats: Vec<(bool, bool, u32)> = stopped
        .threads
        .iter()
        .filter_map(|(tid, thread)| {
            let Some(Tracee::Stopped(signal)) = tracer.threads.get(tid) else { return None };
            let registers = thread.registers?;
            Some((*signal != 0, registers.orig_rax.cast_signed() < 0, *tid))
        })
        .collect();
    seats.sort_unstable();
    seats.into_iter().map(|(_, _, tid)| tid).collect()
}

/// A thread that stands before the delivery of a signal gets it first: from any other stop it could not be delivered
/// with its details. It does not come to run its handler.
fn take_pending_signal(tracer: &mut Tracer, tid: u32) -> Result<Option<StoppedThread>, String> {
    let mut reports = Reports::default();
    let mut moved = false;
    for _ in 0..MAX_ATTEMPTS {
        let Some(Tracee::Stopped(signal)) = tracer.threads.get(&tid).cloned() else { break };
        if signal == 0 {
            return Ok(moved.then(|| RegisterReader::of_everything().read(tid)));
        }
        let resumed = ptrace::interrupt(tid).and_then(|()| ptrace::resume(tid, signal));
        let report = resumed.ok().and_then(|()| reports.next(tracer, tid, None));
        match after(Ok(report)) {
            Some(state @ Tracee::Stopped(_)) => drop(tracer.threads.insert(tid, state)),
            _ => break,
        }
        moved = true;
    }
    Err("it ended, or its signals did not end".into())
}

fn has_seccomp(process: &Process, tid: u32) -> bool {
    let text = process.read(&format!("task/{tid}/status")).unwrap_or_default();
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.find_map(|line| line.strip_prefix(b"Seccomp:")).is_some_and(|mode| mode.trim_ascii() != b"0")
}

/// A copy that stands in its first stop. Ends with this value.
#[derive(Debug)]
pub(crate) struct ForkedCopy {
    hold: Option<Hold>,
    target: Arc<Process>,
    pid: u32,
    pid_inside: i64,
}

impl ForkedCopy {
    /// `hold` is the stop whose tracing thread made the copy; the target's threads were let go.
    pub(crate) const fn new(hold: Hold, target: Arc<Process>, pid: u32, pid_inside: i64) -> Self {
        Self { hold: Some(hold), target, pid, pid_inside }
    }

    /// In our pid namespace.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets the target's threads go on; the copy stays.
    pub(crate) fn let_target_go(&self) {
        if let Some(hold) = &self.hold {
            hold.run(Tracer::detach_all);
        }
    }

    /// Kills the copy and has the target reap it. A second call does nothing.
    pub(crate) fn release(&mut self) {
        let Some(mut hold) = self.hold.take() else { return };
        let (target, pid, pid_inside) = (Arc::clone(&self.target), self.pid, self.pid_inside);
        let outcome = hold.run(move |tracer| end(tracer, &target, pid, pid_inside));
        hold.release();
        if let Some(Err(reason)) = outcome {
            let process = self.target.pid();
            tracing::warn!(process.pid = process, "the copy of process {process} stays its zombie: {reason}");
        }
    }
}

impl Drop for ForkedCopy {
    fn drop(&mut self) {
        self.release();
    }
}

/// Runs on the tracing thread.
fn end(tracer: &mut Tracer, target: &Process, pid: u32, pid_inside: i64) -> Result<(), String> {
    tracer.detach_all();
    if !Reports::default().kill(tracer, pid) {
        return Err("it does not die".into());
    }
    let mut why = String::new();
    for round in 0..MAX_REAP_ROUNDS {
        // Each round looks anew: the target may have executed another program.
        match reap(tracer, target, pid_inside) {
            Ok(()) => return Ok(()),
            Err(reason) => why = reason,
        }
        std::thread::sleep(Duration::from_millis(1 << round.min(6)));
    }
    Err(why)
}

/// Whether the target's children are somebody else's, or nobody's, by now.
fn has_ended(target: &Process) -> bool {
    let tids = target.thread_ids().unwrap_or_default();
    let lives = |tid: &u32| target.thread_stat(*tid).is_ok_and(|stat| !matches!(stat.state, 'Z' | 'X'));
    !tids.iter().any(lives)
}

fn reap(tracer: &mut Tracer, target: &Process, pid_inside: i64) -> Result<(), String> {
    if has_ended(target) {
        return Ok(());
    }
    let (memory, regions) = match (target.memory(true), target.maps()) {
        (Ok(memory), Ok(maps)) => (memory, maps.regions),
        _ if has_ended(target) => return Ok(()),
        _ => return Err("its memory may not be opened".into()),
    };
    let pieces = find(&memory, &regions).ok_or("no code was found in it that could be used")?;
    let mut tids: Vec<(bool, u32)> = target
        .thread_ids()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|tid| Some((target.thread_stat(tid).ok()?.state != 'S', tid)))
        .collect();
    tids.sort_unstable();
    let mut why = String::from("it has no thread");
    for (_, tid) in tids.into_iter().take(MAX_REAP_THREADS) {
        let outcome = stop_one(tracer, target, tid).and_then(|()| {
            let seccomp = has_seccomp(target, tid);
            inject(tracer, tid, Call::Reap(pid_inside), pieces, &memory, seccomp).map_err(|problem| {
                match problem {
                    Problem::Died => "it was killed".into(),
                    Problem::NotHere(reason) => reason,
                }
            })
        });
        tracer.detach_all();
        match outcome {
            // ECHILD: somebody reaped it.
            Ok(injected) if injected.result > 0 || injected.result == -i64::from(libc::ECHILD) => {
                return Ok(());
            }
            Ok(injected) => why = format!("wait4 returned {}", injected.result),
            Err(reason) => why = reason,
        }
    }
    Err(why)
}

/// Stops one thread at a place where it can do a system call. It is among the tracer's threads afterwards.
fn stop_one(tracer: &mut Tracer, target: &Process, tid: u32) -> Result<(), String> {
    ptrace::seize(tid, 0).map_err(|error| format!("thread {tid} may not be traced ({error})"))?;
    tracer.threads.insert(tid, Tracee::Running);
    // It fails when the thread is gone; the wait finds that out.
    let _ = ptrace::interrupt(tid);
    let deadline = Instant::now() + REAP_STOP_DEADLINE;
    let mut pause = Pause::default();
    let state = loop {
        match after(ptrace::poll(tid)) {
            Some(state) => break state,
            None if Instant::now() >= deadline => return Err(format!("thread {tid} does not stop")),
            None => pause.rest(),
        }
    };
    tracer.threads.insert(tid, state);
    if !target.exists() {
        return Err("it is gone".into());
    }
    take_pending_signal(tracer, tid)?;
    if let Ok(registers) = ptrace::registers(tid)
        && let Some(registers) = to_wait_on(&registers)
    {
        let _ = inject::set_registers(tid, &registers);
    }
    Ok(())
}
