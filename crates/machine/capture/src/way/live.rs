//! On request: any living process, by its pid.

use wer_snapshot::{CaptureSource, Facts, Registrations};
use wer_sys::Process;

use crate::capture::{Capture, Held};
use crate::error::CaptureError;
use crate::refusal::explained;
use crate::registration::{candidates, read_first};
use crate::stop::Hold;
use crate::target::{Target, ThreadState};

/// Captures a living process and keeps it stopped until the capture is released.
///
/// A process in job-control stop stays in it. One that is traced already, or whose core the kernel is writing, is not
/// stopped: its snapshot has no registers and says so.
///
/// # Errors
/// When there is nothing to capture (gone, zombie, kernel thread, 32-bit, ourselves) or the kernel refuses.
pub fn live(pid: u32) -> Result<Capture, CaptureError> {
    live_with(pid, &Facts::default())
}

/// As [`live()`], and looks at `facts` too.
///
/// # Errors
/// As [`live()`].
pub fn live_with(pid: u32, facts: &Facts) -> Result<Capture, CaptureError> {
    stop_and_look(pid, facts).map_err(explained)
}

fn stop_and_look(pid: u32, facts: &Facts) -> Result<Capture, CaptureError> {
    if pid == std::process::id() {
        return Err(CaptureError::OwnProcess { pid });
    }
    let process = Process::open(pid)?;
    refuse_what_has_no_memory(&process)?;
    let mut target = Target::prepare(process)?;
    target.ask(facts);
    let known = target.look_ahead();
    if let Some(reason) = why_not_to_stop(&target) {
        target.complain(reason);
        let states = known.into_iter().map(|tid| (tid, ThreadState::default())).collect();
        return Ok(target.finish(CaptureSource::Live, states, None, None));
    }
    let (hold, stopped) = Hold::stop(&target.process, known, None)?;
    if stopped.threads.is_empty() {
        return Err(CaptureError::TargetGone { pid });
    }
    if stopped.threads.values().all(|thread| thread.problem.is_some()) {
        let what = stopped.threads.into_values().find_map(|thread| thread.problem).unwrap_or_default();
        return Err(CaptureError::NotPermitted { pid, what });
    }
    target.check_same_program()?;
    target.stands = true;
    let states = target.states_of(stopped);
    let capture = target.finish(CaptureSource::Live, states, None, Some(Held::Stop(hold)));
    // Killed while it stood.
    if capture.snapshot.regions.is_empty() { Err(CaptureError::TargetGone { pid }) } else { Ok(capture) }
}

/// Reads what a process registered, without stopping it: it may run, stand, crash, or not cooperate.
///
/// # Errors
/// When the process is gone or may not be read. Without a registration block the answer is empty.
pub fn registrations(pid: u32) -> Result<Registrations, CaptureError> {
    let look = || {
        let process = Process::open(pid)?;
        refuse_what_has_no_memory(&process)?;
        let memory = process.memory(false)?;
        let regions = process.maps()?.regions;
        Ok(read_first(&memory, &candidates(&memory, &regions, 0)).registrations)
    };
    look().map_err(explained)
}

/// Whether the soft core limit of a process is 1, at which the kernel gives no core to a pipe; the socket's side honours
/// the same.
#[must_use]
pub fn core_limit_is_one(pid: u32) -> bool {
    let limits = Process::open(pid).and_then(|process| process.limits());
    limits.is_ok_and(|limits| limits.core_bytes == Some(1))
}

pub(crate) fn refuse_what_has_no_memory(process: &Process) -> Result<(), CaptureError> {
    /// Every 64-bit process has its stack above this; a 32-bit one has nothing there.
    const FOUR_GIB: u64 = 1 << 32;
    let pid = process.pid();
    let status = process.status()?;
    if status.kernel_thread {
        return Err(CaptureError::KernelThread { pid });
    }
    let regions = process.maps()?.regions;
    match regions.last() {
        Some(last) if last.end > FOUR_GIB => Ok(()),
        Some(_) => Err(CaptureError::ThirtyTwoBit { pid }),
        None if process.stat()?.state == 'Z' => Err(CaptureError::Zombie { pid }),
        None if process.executable().is_none() => Err(CaptureError::KernelThread { pid }),
        None => Err(CaptureError::TargetGone { pid }),
    }
}

pub(crate) fn why_not_to_stop(target: &Target) -> Option<String> {
    let pid = target.pid();
    if target.status.dumping_core {
        return Some(format!(
            "The kernel is writing the core of process {pid}; its threads have no registers here."
        ));
    }
    let tracer = target.status.tracer_pid;
    (tracer != 0).then(|| {
        let name = Process::open(tracer).and_then(|process| process.stat()).map(|stat| stat.name);
        let name = name.map(|name| format!(" ({})", name.escape_debug())).unwrap_or_default();
        format!(
            "Process {pid} is traced by process {tracer}{name} already: it was not stopped, and registers are missing."
        )
    })
}
