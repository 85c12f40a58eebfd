//! On request, with a fork snapshot: a living process is made to fork a copy of itself that never runs. The process
//! stands still only until the copy is made; its memory is then read from the copy.
//!
//! 1. While it runs: names, modules, files, marks of mappings ([`marks`]), and whether it can bear a copy ([`refusal`]).
//! 2. It is stopped; one of its threads does a clone ([`injection`], [`copy`]); what a fork does not copy is copied
//!    ([`uncopied`]); all threads go on, interrupted system calls included ([`waits`]).
//! 3. The snapshot is made; the dump is written from [`memory`].
//! 4. The copy is killed, and a thread of the process is made to reap it, so that no child, zombie or SIGCHLD is left.
//!
//! Where that cannot be done, the process is stopped plainly and a soft error says why. It must never leave a thread
//! with registers that are not its own: see [`landing`] for what happens when we are killed meanwhile.

mod copy;
mod injection;
mod landing;
mod limits;
mod marks;
pub(crate) mod memory;
mod pieces;
mod refusal;
mod room;
mod rseq;
mod uncopied;
mod waits;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::OFlags;
use wer_model::{SoftError, Stage};
use wer_snapshot::{CaptureSource, Facts, Region};
use wer_sys::procfs::parse_maps;
use wer_sys::{Process, ProcessMemory};

pub(crate) use copy::ForkedCopy;

use self::copy::{Forked, fork};
use self::limits::{MAX_COMPARED_REGIONS, UNINTERRUPTIBLE_PATIENCE};
use self::marks::Marks;
use self::memory::{Overlay, SnapshotMemory};
use self::refusal::{Circumstances, refusal};
use self::uncopied::{copy_uncopied, uncopied};
use super::live::{live_by_pidfd, live_with, refuse_what_has_no_memory, why_not_to_stop};
use crate::capture::{Capture, Held};
use crate::error::CaptureError;
use crate::stop::{Hold, Ready, Stopped, Wish};
use crate::target::{Target, TargetMemory};

/// Captures a living process by way of a copy of it, so that it stands still only for as long as a fork takes. The
/// process runs on before this returns; the copy lasts until the capture is released.
///
/// Until then the copy shows in `ps` as a child of the process, and descriptors of a process that ends stay open. Where
/// a copy cannot be made, or would endanger the process, it is captured as by [`crate::live()`], and stands still until
/// the capture is released: a soft error says why, and the snapshot's source which it was.
///
/// # Errors
/// As [`crate::live()`].
pub fn fork_snapshot(pid: u32, facts: &Facts) -> Result<Capture, CaptureError> {
    let reason = match attempt(Process::open(pid)?, facts)? {
        Ok(capture) => return Ok(capture),
        Err(reason) => reason,
    };
    live_with(pid, facts).map(|capture| without_copy(capture, &reason))
}

/// As [`fork_snapshot()`], of the process that a pidfd names.
///
/// # Errors
/// As [`crate::live()`].
pub fn fork_snapshot_by_pidfd(pidfd: OwnedFd, facts: &Facts) -> Result<Capture, CaptureError> {
    let process = Process::from_pidfd(pidfd)?;
    let again = process.pidfd().and_then(|pidfd| pidfd.try_clone_to_owned().ok());
    let (pid, reason) = (process.pid(), attempt(process, facts)?);
    match (reason, again) {
        (Ok(capture), _) => Ok(capture),
        (Err(reason), Some(again)) => {
            live_by_pidfd(again, facts).map(|capture| without_copy(capture, &reason))
        }
        (Err(_), None) => Err(CaptureError::TargetGone { pid }),
    }
}

fn without_copy(mut capture: Capture, reason: &str) -> Capture {
    let pid = capture.identity().pid;
    let message = format!("No copy of process {pid} was made, so it was stopped: {reason}.");
    capture.snapshot.soft_errors.push(SoftError::new(Stage::Capture, message));
    capture
}

/// The inner error is the reason for a plain stop.
fn attempt(process: Process, facts: &Facts) -> Result<Result<Capture, String>, CaptureError> {
    let pid = process.pid();
    if pid == std::process::id() {
        return Err(CaptureError::OwnProcess { pid });
    }
    refuse_what_has_no_memory(&process)?;
    let mut target = Target::prepare(process)?;
    target.ask(facts);
    let known = target.look_ahead();
    if why_not_to_stop(&target).is_some() {
        return Ok(Err("it may not be traced".into()));
    }
    let ahead = match Ahead::read(&target.process) {
        Ok(ahead) => ahead,
        Err(reason) => return Ok(Err(reason)),
    };
    let ready = Ready::start(pid)?;
    let wish = Wish { patience: UNINTERRUPTIBLE_PATIENCE, ..Wish::all(known, facts) };
    let (hold, stopped, ()) = Hold::stop(&target.process, wish, ready, || ())?;
    if stopped.threads.is_empty() {
        return Err(CaptureError::TargetGone { pid });
    }
    Ok(take(target, hold, stopped, ahead))
}

/// What is looked at while the process still runs.
struct Ahead {
    marks: Marks,
    pieces: landing::Pieces,
    memory: ProcessMemory,
}

impl Ahead {
    fn read(process: &Process) -> Result<Self, String> {
        let marks = marks::read(process).map_err(|error| format!("its smaps could not be read ({error})"))?;
        if let Some(reason) = refusal(&Circumstances::read(process, &marks)) {
            return Err(reason);
        }
        let memory =
            process.memory(true).map_err(|error| format!("its memory could not be opened ({error})"))?;
        let regions = process.maps().map(|maps| maps.regions).unwrap_or_default();
        let pieces = pieces::find(&memory, &regions)
            .ok_or("no code was found in it from which a system call could be made")?;
        Ok(Self { marks, pieces, memory })
    }
}

/// From the stop of all threads to the snapshot. Dropping `hold` lets them go.
fn take(mut target: Target, hold: Hold, mut stopped: Stopped, ahead: Ahead) -> Result<Capture, String> {
    let process = Arc::clone(&target.process);
    let (marks, pieces, memory) = (ahead.marks, ahead.pieces, ahead.memory);
    let job = move |tracer: &mut crate::stop::Tracer| {
        let outcome = fork(tracer, &process, &memory, pieces, &stopped);
        if let Ok(Forked { moved: Some((tid, thread)), .. }) = &outcome {
            stopped.threads.insert(*tid, thread.clone());
        }
        (outcome, stopped, memory)
    };
    let gone = "the thread that traced it ended";
    let result = hold.begin(job).ok_or(gone)?;
    // Nobody runs who could change them, so they are read while the copy is made.
    let maps = target.process.maps_text().map_err(|error| error.to_string());
    let (outcome, stopped, memory) = result.recv().map_err(|_| gone)?;
    let forked = outcome?;
    let copy = ForkedCopy::new(hold, Arc::clone(&target.process), forked.pid, forked.pid_inside);
    target.learn_threads(stopped.threads.keys().copied());
    let standing = Standing::read(&target, &copy, maps?, &marks, &memory, &forked.overwritten)?;
    copy.let_target_go();
    let states = target.states_of(stopped);
    standing.complaint.into_iter().for_each(|complaint| target.complain(complaint));
    offer_to_oom_killer(&standing.copy);
    if let Some(complaint) = wiped_unnoticed(&standing.copy, &marks) {
        target.complain(complaint);
    }
    let mut memory = standing.memory;
    memory.hold_still(&standing.copy, &standing.regions);
    target.maps = Some(standing.maps);
    target.memory = TargetMemory::Snapshot(Box::new(memory));
    Ok(target.finish(CaptureSource::ForkSnapshot, states, None, Some(Held::Copy(copy))))
}

/// What is looked at while process and copy both stand.
struct Standing {
    copy: Process,
    maps: Vec<u8>,
    regions: Vec<Region>,
    memory: SnapshotMemory,
    complaint: Option<String>,
}

impl Standing {
    fn read(
        target: &Target,
        copy: &ForkedCopy,
        maps: Vec<u8>,
        marks: &Marks,
        memory: &ProcessMemory,
        overwritten: &(u64, Vec<u8>),
    ) -> Result<Self, String> {
        let of_copy = Process::open(copy.pid()).map_err(|error| error.to_string())?;
        let copy_memory = of_copy.memory(false).map_err(|error| error.to_string())?;
        let regions = parse_maps(&maps).regions;
        let copied = regions_to_compare(&of_copy, regions.len())?;
        let mut overlay = Overlay::default();
        let ranges = uncopied(&regions, copied.as_deref(), marks);
        let newer = copy_uncopied(&ranges, memory, &mut overlay);
        overlay.patch(overwritten.0, &overwritten.1);
        let process = target.process.memory(true).map_err(|error| error.to_string())?;
        Ok(Self {
            complaint: newer.complaint(&regions),
            memory: SnapshotMemory::new(copy_memory, process, overlay),
            copy: of_copy,
            maps,
            regions,
        })
    }
}

/// The copy's mappings, unless there are so many that reading them twice would take longer than the fork.
fn regions_to_compare(copy: &Process, count: usize) -> Result<Option<Vec<Region>>, String> {
    if count > MAX_COMPARED_REGIONS {
        return Ok(None);
    }
    copy.maps().map(|maps| Some(maps.regions)).map_err(|error| error.to_string())
}

/// Memory that was marked to be wiped between the look ahead and the stop; the copy has kept the marks.
fn wiped_unnoticed(copy: &Process, ahead: &Marks) -> Option<String> {
    let since = marks::read(copy).ok()?.wiped;
    let (start, end) = since.into_iter().find(|range| !ahead.wiped.contains(range))?;
    Some(format!(
        "Memory at {start:#x} to {end:#x} was marked with MADV_WIPEONFORK while the snapshot was made; parts of it may \
         be zeros."
    ))
}

/// When memory runs out while the process runs on, the copy is what should go. Best effort.
fn offer_to_oom_killer(copy: &Process) {
    if let Ok(file) = copy.open_file("oom_score_adj", OFlags::WRONLY) {
        let _ = rustix::io::write(file, b"1000");
    }
}
