//! The report of a living process that no longer answers. The wait chain is looked at first, because a stopped process
//! waits for us; then the process is captured by a fork snapshot where it is large, and runs on.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use wer_abi::flags::DumpType;
use wer_capture::Capture;
use wer_hang::Hang;
use wer_minidump::DumpOptions;
use wer_model::{AttachedFile, FileKind, Report, ReportId, ReportState, SoftError, Stage};
use wer_report::{HangFacts, ReportInputs};
use wer_snapshot::Facts;
use wer_store::{Staging, Store};
use wer_sys::Process;

use crate::{Context, Reported, dumps, events, modules, privilege};

/// The chain's name in a report: text for people.
pub const CHAIN_FILE: &str = "WaitChain.txt";
/// A process with more resident memory than this is captured by a fork snapshot.
const SNAPSHOT_ABOVE_BYTES: u64 = 64 << 20;

/// Reports a hang of process `pid` under a new id; with `kill` the process is ended when it has been captured.
///
/// # Errors
/// The process runs with more rights than its user or may not be traced, the settings want no report, or the store
/// cannot take it.
pub fn report_hang(pid: u32, context: &Context, hang: &Hang, kill: bool) -> Result<Reported> {
    let process = Process::open(pid)?;
    let program = process.executable().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    if context.settings.disabled() {
        bail!("process {pid} was not reported: the setting Disabled is 1");
    }
    if context.settings.is_excluded(name) {
        bail!("process {pid} was not reported: [ExcludedApplications] lists {name}");
    }
    if privilege::is_privileged(pid) && !rustix::process::getuid().is_root() {
        bail!("process {pid} runs with more rights than its user, and is not reported");
    }
    let mut capture =
        capture(&process).with_context(|| format!("the hang of process {pid} could not be captured"))?;
    if capture.identity() != process.identity() {
        bail!("process {pid} has ended");
    }
    let id = new_id();
    let store = Store::open(&context.locations.store_root)?;
    let staging = store.begin(id)?;
    let reported = file(&mut capture, context, (id, staging), hang)?;
    let killed = kill.then(|| end(&process)).transpose();
    let ended_after_ms = *killed.as_ref().ok().and_then(Option::as_ref).unwrap_or(&0);
    let hang_type = if hang.telling().other_process().is_some() { "Cross-process" } else { "Unknown" };
    let record = wer_report::hang_record(&capture.snapshot, Some(id), hang_type, ended_after_ms);
    events::hung(context, record);
    events::record(context, &reported, events::Change::Queued);
    killed.with_context(|| format!("report {id} is stored, but process {pid} could not be ended"))?;
    Ok(reported)
}

fn new_id() -> ReportId {
    ReportId(*uuid::Uuid::new_v4().as_bytes())
}

fn capture(process: &Process) -> Result<Capture, wer_capture::CaptureError> {
    let is_large = process.status().is_ok_and(|status| status.memory.resident_bytes > SNAPSHOT_ABOVE_BYTES);
    let pid = process.pid();
    if is_large {
        wer_capture::fork_snapshot(pid, &Facts::ALL)
    } else {
        wer_capture::live_with(pid, &Facts::ALL)
    }
}

/// Modules, dump, chain and report into the store; then the process runs on.
fn file(
    capture: &mut Capture,
    context: &Context,
    (id, staging): (ReportId, Staging),
    hang: &Hang,
) -> Result<Reported> {
    let chain = chain_text(hang);
    let asked = modules::ask(capture, context, id, staging.folder(), &mut || {});
    let mut soft_errors = context.warnings.clone();
    soft_errors.extend(asked.notes);
    let mut files = asked.files;
    match dump(capture, id, staging.folder(), &chain) {
        Ok(file) => files.push(file),
        Err(error) => soft_errors.push(SoftError::new(Stage::Dump, format!("There is no dump: {error:#}."))),
    }
    capture.release();
    staging.write_file(CHAIN_FILE, chain.as_bytes())?;
    files.push(AttachedFile {
        name: CHAIN_FILE.into(),
        kind: FileKind::Other,
        flags: 0,
        original_path: None,
    });
    let inputs = ReportInputs { id, files, soft_errors, waiting_reason: context.settings.waiting_reason() };
    let report = wer_report::build_hang_report(&capture.snapshot, &asked.outcomes, inputs, &facts(hang));
    commit(capture, context, staging, report)
}

fn commit(capture: &Capture, context: &Context, staging: Staging, report: Report) -> Result<Reported> {
    let metadata = wer_report::internal_metadata::to_bytes(&report, &capture.snapshot);
    staging.write_file("WERInternalMetadata.xml", &metadata)?;
    let bytes = wer_report::report_wer::to_bytes(&report);
    let stored = staging.commit(&wer_report::folder_name(&report), &bytes, ReportState::Queued)?;
    let store = Store::open(&context.locations.store_root)?;
    if let Err(error) = store.enforce_quota(ReportState::Queued, context.settings.max_queue_count()) {
        events::failure(
            context,
            &format!("The oldest reports could not be removed from the queue: {error}."),
        );
    }
    Ok(Reported { id: report.id, folder: stored.folder, report })
}

fn facts(hang: &Hang) -> HangFacts {
    let chain = hang.telling();
    HangFacts {
        signature: chain.signature(),
        hang_type: chain.hang_type() as u32,
        waiting_on: chain.other_process().map(|link| link.name.clone()),
    }
}

fn chain_text(hang: &Hang) -> String {
    let deadlocks = hang.deadlocks.iter().map(|chain| format!("\nother threads:\n{}", chain.text()));
    hang.chain.text() + &deadlocks.collect::<String>()
}

/// The mini dump, with the chain as its comment.
fn dump(capture: &Capture, id: ReportId, folder: &Path, chain: &str) -> Result<AttachedFile> {
    let options = DumpOptions {
        report_id: Some(id),
        comment: Some(chain.to_owned()),
        ..DumpOptions::for_type(DumpType::Mini)
    };
    let file = File::create_new(folder.join(dumps::MINIDUMP))?;
    let memory = capture.memory();
    let copied = wer_minidump::plan(&capture.snapshot, memory, &options).copy(memory, &file)?;
    copied.write(&capture.snapshot, &file)?;
    let name = dumps::MINIDUMP.to_owned();
    Ok(AttachedFile { name, kind: FileKind::Minidump, flags: 0, original_path: None })
}

/// Ends a process, and says after how many milliseconds it was gone or no longer ours to wait for.
fn end(process: &Process) -> Result<u64> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Signal, pidfd_send_signal};
    use rustix::time::Timespec;
    /// A process in state D ends when the kernel lets it.
    const PATIENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
    let pidfd = process.pidfd().context("the kernel gave no pidfd")?;
    let start = Instant::now();
    pidfd_send_signal(pidfd, Signal::KILL)?;
    poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&PATIENCE))?;
    Ok(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX))
}
