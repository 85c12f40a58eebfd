//! On request: any living process, by its pid.

use std::os::fd::OwnedFd;

use wer_snapshot::{CaptureSource, Facts, Region, Registrations};
use wer_sys::Process;
use wer_sys::procfs::Status;

use crate::capture::{Capture, Held};
use crate::error::CaptureError;
use crate::limits::MAX_PROGRAM_CHANGES;
use crate::refusal::explained;
use crate::registration;
use crate::stop::{Hold, Ready, Wish};
use crate::target::{FirstLook, Target, ThreadState};

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

/// As [`live()`], and looks at `facts` too. A process that executes another program meanwhile is looked at again.
///
/// # Errors
/// As [`live()`].
pub fn live_with(pid: u32, facts: &Facts) -> Result<Capture, CaptureError> {
    look_again(|| Ok(Process::open(pid)?), facts)
}

/// As [`live_with()`], of the process that a pidfd names.
///
/// # Errors
/// As [`live()`].
pub fn live_by_pidfd(pidfd: OwnedFd, facts: &Facts) -> Result<Capture, CaptureError> {
    let again = || pidfd.try_clone().map_err(|_| CaptureError::TargetGone { pid: 0 });
    look_again(|| Ok(Process::from_pidfd(again()?)?), facts)
}

/// Looks until the process does not become another program on the way. Between two programs it has hardly any memory,
/// which looks like that of a 32-bit process.
fn look_again(
    open: impl Fn() -> Result<Process, CaptureError>,
    facts: &Facts,
) -> Result<Capture, CaptureError> {
    let process = open().map_err(explained)?;
    let identity = process.identity();
    let mut outcome = stop_and_look(process, facts);
    for _ in 0..MAX_PROGRAM_CHANGES {
        if !matches!(outcome, Err(CaptureError::AnotherProgram { .. } | CaptureError::ThirtyTwoBit { .. })) {
            break;
        }
        std::thread::yield_now();
        match open() {
            Ok(process) if process.identity() == identity => outcome = stop_and_look(process, facts),
            _ => break,
        }
    }
    outcome.map_err(explained)
}

fn stop_and_look(process: Process, facts: &Facts) -> Result<Capture, CaptureError> {
    let pid = process.pid();
    if pid == std::process::id() {
        return Err(CaptureError::OwnProcess { pid });
    }
    let ready = Ready::start(pid)?;
    let mut first = FirstLook::at(process)?;
    first.begin_with_threads(facts);
    let files = mapped_files(&first.process, &first.status)?;
    let mut target = Target::after(first)?;
    target.files_before = Some(files);
    target.ask(facts);
    let known = target.look_ahead();
    if let Some(reason) = why_not_to_stop(&target) {
        target.complain(reason);
        let states = known.into_iter().map(|tid| (tid, ThreadState::default())).collect();
        return Ok(target.finish(CaptureSource::Live, states, None, None));
    }
    let (hold, stopped, maps) =
        Hold::stop(&target.process, Wish::all(known, facts), ready, target.look_at_maps())?;
    if stopped.threads.is_empty() {
        return Err(CaptureError::TargetGone { pid });
    }
    if stopped.threads.values().all(|thread| thread.problem.is_some()) {
        let what = stopped.threads.into_values().find_map(|thread| thread.problem).unwrap_or_default();
        return Err(CaptureError::NotPermitted { pid, what });
    }
    target.check_same_program()?;
    target.stand(maps);
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
    registration::of_process(pid).map(|contents| contents.registrations)
}

/// Whether the soft core limit of a process is 1, at which the kernel gives no core to a pipe; the socket's side honours
/// the same.
#[must_use]
pub fn core_limit_is_one(pid: u32) -> bool {
    let limits = Process::open(pid).and_then(|process| process.limits());
    limits.is_ok_and(|limits| limits.core_bytes == Some(1))
}

pub(crate) fn refuse_what_has_no_memory(process: &Process) -> Result<(), CaptureError> {
    mappings(process, &process.status()?).map(drop)
}

/// Every 64-bit process has its stack above this; a 32-bit one has nothing there.
const FOUR_GIB: u64 = 1 << 32;

/// At least the mapped files of a process that has memory of the kind that we know.
fn mapped_files(process: &Process, status: &Status) -> Result<Vec<Region>, CaptureError> {
    match process.file_mappings() {
        Some(files) if files.last().is_some_and(|last| last.end > FOUR_GIB) => Ok(files),
        // What has no file up there is looked at as a whole.
        _ => mappings(process, status),
    }
}

/// The mappings of a process that has memory of the kind that we know.
fn mappings(process: &Process, status: &Status) -> Result<Vec<Region>, CaptureError> {
    let pid = process.pid();
    if status.kernel_thread {
        return Err(CaptureError::KernelThread { pid });
    }
    let regions = process.maps()?.regions;
    match regions.last() {
        Some(last) if last.end > FOUR_GIB => Ok(regions),
        Some(_) => Err(CaptureError::ThirtyTwoBit { pid }),
        None => Err(without_memory(process)?),
    }
}

/// What a process is that has no mappings.
fn without_memory(process: &Process) -> Result<CaptureError, CaptureError> {
    /// `kthreadd`, of which all threads of the kernel are children.
    const KTHREADD: u32 = 2;
    let pid = process.pid();
    let stat = process.stat()?;
    let is_kernels = pid == KTHREADD || stat.parent_pid == KTHREADD;
    Ok(if stat.state == 'Z' {
        CaptureError::Zombie { pid }
    } else if is_kernels && process.executable().is_none() {
        CaptureError::KernelThread { pid }
    } else {
        CaptureError::TargetGone { pid }
    })
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
        // It is a thread's id, where another than the main thread traces.
        let status = Process::open(tracer).and_then(|thread| thread.status());
        let tracer = status.map_or(tracer, |status| status.tgid);
        let name = Process::open(tracer).and_then(|process| process.stat()).map(|stat| stat.name);
        let name = name.map(|name| format!(" ({})", name.escape_debug())).unwrap_or_default();
        format!(
            "Process {pid} is traced by process {tracer}{name} already: it was not stopped, and registers are missing."
        )
    })
}
