//! The report of a living process that no longer answers, with all that a crash's report has.
//!
//! 1. The wait chain was looked at before: a stopped process waits for us.
//! 2. The process is captured by a fork snapshot, so that it stands for the fork only; by a stop where it has registered
//!    modules, which look at the process itself, where it wants no snapshot, or where none can be made.
//! 3. A local dump, modules, dumps, registered processes, blocks and files, as of a crash.
//! 4. Of a process that runs on and was copied, a report that may be sent now is stored without dumps and files first: the
//!    server is told its parameters, and what it then asks for is taken from the copy. Nothing is, where it asks for nothing.
//! 5. A process that was to be ended is, once it is captured, and started again where it registered for that.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rustix::process::getuid;
use wer_abi::flags::WER_FAULT_REPORTING_DISABLE_SNAPSHOT_HANG;
use wer_capture::Capture;
use wer_hang::Hang;
use wer_model::{AttachedFile, FileKind, Report, ReportId, SoftError, Stage};
use wer_modules::ModulesAsked;
use wer_report::{HangFacts, ReportInputs};
use wer_snapshot::{CaptureSource, Facts};
use wer_store::{Staging, Store};
use wer_sys::{Credentials, Process};

use crate::pipeline::{self, Parts};
use crate::registered_files::Registered;
use crate::restart::{After, Restart, not_restarted};
use crate::submit::{Collect, is_sent_now, submit_collecting};
use crate::{Context, Reported, Submission, events, local_dumps, modules, privilege};

pub(crate) mod requests;

/// The chain's name in a report: text for people.
pub const CHAIN_FILE: &str = "WaitChain.txt";

/// What is to be done beside the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HangOrder {
    /// The process is ended when it is captured.
    pub ends: bool,
    /// The report is sent, if that is allowed.
    pub sends: bool,
    /// The program's name, where somebody says it.
    pub name: Option<String>,
}

/// Reports a hang of a process under a new id. `stored` is called when the report is stored, and before it is sent.
///
/// # Errors
/// The process runs with more rights than its user or may not be traced, the settings want no report, or the store
/// cannot take it. The process has not been ended then, unless the message says that the report is stored.
pub fn report_hang(
    process: &Process,
    context: &Context,
    hang: &Hang,
    order: &HangOrder,
    stored: &mut dyn FnMut(),
) -> Result<Reported> {
    let pid = process.pid();
    if privilege::is_privileged(pid) && !getuid().is_root() {
        bail!("process {pid} runs with more rights than its user, and is not reported");
    }
    let mut capture =
        capture(process).with_context(|| format!("the hang of process {pid} could not be captured"))?;
    if capture.identity() != process.identity() {
        bail!("process {pid} has ended");
    }
    put_first(&mut capture, hang);
    let user = privilege::real_user_of(&capture);
    let id = ReportId(*uuid::Uuid::new_v4().as_bytes());
    let local_dump = local_dumps::write(&capture, context, id, &user, &mut || {});
    if let Some(reason) = pipeline::excluded(context, &capture.snapshot.process.executable) {
        bail!("process {pid} was not reported: {}", pipeline::with_local_dump(reason, local_dump));
    }
    let staging = Store::open(&context.locations.store_root)?.begin(id)?;
    let mut case = Case { capture, context, user, id, chain: chain_text(hang) };
    let filed = case.file(staging, hang, order, local_dump.err())?;
    let restart = order.ends.then(|| case.restart()).flatten();
    let ended = order.ends.then(|| end(process)).transpose();
    case.log(hang, &filed.reported, *ended.as_ref().ok().and_then(Option::as_ref).unwrap_or(&0));
    stored();
    if let (Some(restart), Ok(_)) = (restart, &ended) {
        restart.run(&[]).map_err(|reason| not_restarted(&reason)).ok();
    }
    if order.sends {
        case.send(filed.is_asked_first);
    }
    ended.with_context(|| format!("report {id} is stored, but process {pid} could not be ended"))?;
    modules::end_survivor(&case.capture, filed.exit_code);
    Ok(filed.reported)
}

/// A snapshot by a fork has no memory that modules could look at.
fn capture(process: &Process) -> Result<Capture, wer_capture::CaptureError> {
    let pid = process.pid();
    let registered = wer_capture::registrations(pid).unwrap_or_default();
    let wants_stop =
        registered.flags & WER_FAULT_REPORTING_DISABLE_SNAPSHOT_HANG != 0 || !registered.modules.is_empty();
    if wants_stop {
        wer_capture::live_with(pid, &Facts::ALL)
    } else {
        wer_capture::fork_snapshot(pid, &Facts::ALL)
    }
}

/// The thread that hangs comes first: modules are asked about it, and readers of the dump show it.
fn put_first(capture: &mut Capture, hang: &Hang) {
    let Some(tid) = hang.telling().links.first().map(|link| link.tid) else { return };
    let threads = &mut capture.snapshot.threads;
    if let Some(before) =
        threads.iter().position(|thread| thread.tid == tid).and_then(|at| threads.get_mut(..=at))
    {
        before.rotate_right(1);
    }
}

/// One hang, captured.
struct Case<'a> {
    capture: Capture,
    context: &'a Context,
    user: Credentials,
    id: ReportId,
    chain: String,
}

/// A report in the store.
struct Filed {
    reported: Reported,
    /// Its files are collected when the server wants them.
    is_asked_first: bool,
    /// A module ended the process with this code.
    exit_code: Option<u32>,
}

impl Case<'_> {
    /// Modules, dumps, chain and report into the store. Then the process runs on, unless the server is asked first.
    fn file(
        &mut self,
        staging: Staging,
        hang: &Hang,
        order: &HangOrder,
        no_local_dump: Option<String>,
    ) -> Result<Filed> {
        let asked = modules::ask(&self.capture, self.context, self.id, staging.folder(), &mut || {});
        let ModulesAsked { outcomes, notes, files, exit_code, .. } = asked;
        let mut soft_errors = self.context.warnings.clone();
        soft_errors.extend(no_local_dump.map(|message| SoftError::new(Stage::Dump, message)));
        soft_errors.extend(notes);
        staging.write_file(CHAIN_FILE, self.chain.as_bytes())?;
        let user_decides = privilege::user_may_trace(&self.capture);
        let submit_flags = pipeline::submit_flags(self.capture.snapshot.registrations.flags, user_decides);
        let chain =
            AttachedFile { name: CHAIN_FILE.into(), kind: FileKind::Other, flags: 0, original_path: None };
        let mut parts = Parts {
            id: self.id,
            outcomes,
            files: files.into_iter().chain([chain]).collect(),
            soft_errors,
            submit_flags,
            hang: Some((facts(hang), order.name.clone())),
        };
        let is_asked_first = order.sends && !order.ends && self.may_ask_first(&parts);
        let mut registered = Registered::default();
        if !is_asked_first {
            let (files, given) = self.collect(staging.folder(), &mut parts.soft_errors);
            parts.files.extend(files);
            registered = given;
        }
        let store = Store::open(&self.context.locations.store_root)?;
        let (report, folder) = pipeline::commit(&store, self.context, staging, &self.capture, parts)?;
        if !report.files.is_empty() {
            self.delete(&registered);
        }
        if !is_asked_first {
            self.capture.release();
        }
        Ok(Filed { reported: Reported { id: self.id, folder, report }, is_asked_first, exit_code })
    }

    /// Whether the process runs although it is captured, and its report would be sent at once.
    fn may_ask_first(&self, parts: &Parts) -> bool {
        let snapshot = &self.capture.snapshot;
        let inputs = ReportInputs {
            id: self.id,
            files: Vec::new(),
            soft_errors: Vec::new(),
            waiting_reason: self.context.settings.waiting_reason(),
        };
        let facts = parts.hang.as_ref().map(|(facts, _)| facts);
        snapshot.source == CaptureSource::ForkSnapshot
            && facts.is_some_and(|facts| {
                let report = wer_report::build_hang_report(snapshot, &parts.outcomes, inputs, facts);
                is_sent_now(self.context, &Report { submit_flags: parts.submit_flags, ..report })
            })
    }

    /// Dumps, registered blocks, processes and files.
    fn collect(&self, folder: &Path, soft_errors: &mut Vec<SoftError>) -> (Vec<AttachedFile>, Registered) {
        let comment = Some(self.chain.clone());
        let captured = (&self.capture, &self.user);
        pipeline::collect(captured, self.context, folder, (self.id, comment), soft_errors, &mut || {})
    }

    fn delete(&self, registered: &Registered) {
        for sentence in registered.delete_done(&self.user) {
            events::failure(self.context, &sentence);
        }
    }

    /// How to start the program again; only as ourselves.
    fn restart(&self) -> Option<Restart> {
        let wanted = self.capture.snapshot.registrations.restart.as_ref();
        let is_ours = self.capture.snapshot.process.uid == getuid().as_raw();
        let prepared = match is_ours {
            true => Restart::prepare(&self.capture, wanted, self.context, After::Hang),
            false => Err("it is another user's".into()),
        };
        prepared.map_err(|reason| not_restarted(&reason)).ok()
    }

    fn log(&self, hang: &Hang, reported: &Reported, ended_after_ms: u64) {
        let hang_type = if hang.telling().other_process().is_some() { "Cross-process" } else { "Unknown" };
        let record =
            wer_report::hang_record(&self.capture.snapshot, Some(self.id), hang_type, ended_after_ms);
        events::hung(self.context, record);
        events::record(self.context, reported, events::Change::Queued);
    }

    /// Sends the report as after a crash; its files are collected on the way where the server is asked first.
    fn send(&mut self, is_asked_first: bool) {
        let mut given = Registered::default();
        let mut collect = |report: &mut Report, folder: &Path| {
            let (files, registered) = self.collect(folder, &mut report.soft_errors);
            report.files.extend(files);
            given = registered;
        };
        let late: Option<Collect<'_>> = if is_asked_first { Some(&mut collect) } else { None };
        let sent = submit_collecting(self.context, self.id, Submission::first(), late);
        if let Err(error) = sent {
            let message = format!("Report {} was kept but not sent: {error}.", self.id);
            events::failure(self.context, &message);
        }
        self.delete(&given);
        self.capture.release();
    }
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
