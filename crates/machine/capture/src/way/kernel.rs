//! By the kernel: it crashed, and its core waits to be read from a pipe or socket.
//!
//! The kernel holds the process while the core is unread, so only the head of the core is read (registers are there and
//! nowhere else), and everything else comes from `/proc/PID`. The process is never traced: that hangs or aborts the
//! dump. The caller keeps the pipe or socket open until nothing more is needed from the target.

use std::io::Read;
use std::os::fd::OwnedFd;

use wer_snapshot::{CaptureSource, Facts, SignalInfo};
use wer_sys::Process;

use crate::capture::Capture;
use crate::core_notes::{CoreNotes, read_core_notes};
use crate::error::CaptureError;
use crate::target::{CrashFacts, Target, ThreadState};

/// What the kernel says of a crash beside its core.
#[derive(Debug)]
pub struct KernelCrash {
    /// Pid in our namespace (`%P`).
    pub pid: u32,
    /// Thread id in our namespace (`%I`), 0 = not said.
    pub tid: u32,
    /// Signal (`%s`), 0 = not said.
    pub signal: i32,
    /// Dump mode (`%d`): 1 = an ordinary process; anything else is treated as privileged.
    pub dumpable: u32,
    /// The kernel's pidfd (`%F`, or the socket's peer).
    pub pidfd: Option<OwnedFd>,
    /// Pipe or socket.
    pub source: CaptureSource,
}

/// Captures a process whose core the kernel offers.
///
/// A core that is cut or makes no sense costs registers, not the report.
///
/// # Errors
/// [`CaptureError::TargetGone`] when the process is gone, or the pidfd names another than the arguments.
pub fn kernel(crash: KernelCrash, core: &mut dyn Read) -> Result<Capture, CaptureError> {
    kernel_with(crash, core, &Facts::default())
}

/// As [`kernel()`], and looks at `facts` too.
///
/// # Errors
/// As [`kernel()`].
pub fn kernel_with(crash: KernelCrash, core: &mut dyn Read, facts: &Facts) -> Result<Capture, CaptureError> {
    let pid = crash.pid;
    let process = match crash.pidfd {
        Some(handle) => Process::from_pidfd(handle)?,
        None => Process::open(pid)?,
    };
    if process.pid() != pid {
        return Err(CaptureError::TargetGone { pid });
    }
    let mut notes = read_core_notes(core);
    let mut target = Target::prepare(process)?;
    target.stands = true;
    target.core_loads = std::mem::take(&mut notes.loads);
    target.ask(facts);
    for problem in &notes.problems {
        target.complain(problem.clone());
    }
    let states = thread_states(&mut target, &notes);
    let tid = crashed_thread(&mut target, crash.tid, &notes);
    let signal = signal(&mut target, crash.signal, &notes);
    Ok(target.finish(crash.source, states, Some(CrashFacts { tid, signal, trap: None }), None))
}

/// Joins the notes, which count threads in the process's own namespace, with the threads in `/proc`.
fn thread_states(target: &mut Target, notes: &CoreNotes) -> Vec<(u32, ThreadState)> {
    let mut states: Vec<(u32, ThreadState)> = Vec::new();
    let ids = target.thread_ids_by_namespace_id();
    for thread in &notes.threads {
        let tid = ids.get(&thread.namespace_tid).copied().unwrap_or(thread.namespace_tid);
        let state = ThreadState {
            registers: Some(thread.registers),
            fpu: thread.fpu.clone(),
            handler_stack_pointer: None,
        };
        states.push((tid, state));
    }
    states.sort_by_key(|(tid, _)| *tid);
    states.dedup_by_key(|(tid, _)| *tid);
    let mut missing: Vec<u32> = ids.into_values().collect();
    missing.retain(|tid| states.binary_search_by_key(tid, |(known, _)| *known).is_err());
    if !missing.is_empty() {
        target.complain(format!("The core has no registers of {} of the process's threads.", missing.len()));
    }
    states.extend(missing.into_iter().map(|tid| (tid, ThreadState::default())));
    states
}

/// The kernel's word, else the first thread in the core: the kernel puts the one that crashed first.
fn crashed_thread(target: &mut Target, said: u32, notes: &CoreNotes) -> u32 {
    if said != 0 {
        return said;
    }
    let first = notes.threads.first().map(|thread| thread.namespace_tid);
    first.and_then(|tid| target.thread_by_namespace_id(tid)).unwrap_or_else(|| target.pid())
}

fn signal(target: &mut Target, said: i32, notes: &CoreNotes) -> SignalInfo {
    match notes.signal {
        Some(signal) if said == 0 || signal.number == said => signal,
        found => {
            if let Some(other) = found {
                target.complain(format!(
                    "The core tells of signal {}, the kernel of signal {said}; the kernel is believed.",
                    other.number
                ));
            }
            SignalInfo { number: said, code: 0, errno: 0, address: 0 }
        }
    }
}
