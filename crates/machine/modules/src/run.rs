//! The asking side, in `werfault`: one fresh host process per module, in the order of registration, until one claims.

pub mod conversation;
mod host_process;
mod text;

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use wer_model::{ModuleLevel, ModuleOutcome, ModuleVerdict, ReportId, SoftError, Stage};
use wer_snapshot::{ExceptionSnapshot, FpuState, Registers};

use self::conversation::Conversation;
use self::host_process::{HostEvent, HostProcess};
use crate::limits::{MAX_MODULES, MAX_REQUESTS};
use crate::protocol::{Job, JobException};

/// A registered module and the settings' word on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleRequest {
    /// Path as registered.
    pub path: String,
    /// Context as registered.
    pub context: u64,
    /// Who allows it; `None` = nobody: it is not loaded.
    pub level: Option<ModuleLevel>,
}

/// The crash that modules are asked about.
#[derive(Clone, Copy, Debug)]
pub struct ModuleRun<'a> {
    /// The program that becomes the host when started with `--module-host`: `werfault` itself.
    pub host_executable: &'a Path,
    /// The crashed process, for messages only.
    pub pid: u32,
    /// The crashed process. The host holds it but may not signal through it.
    pub pidfd: BorrowedFd<'a>,
    /// Its memory; opened for writing only if modules shall be able to write there.
    pub mem_fd: BorrowedFd<'a>,
    /// The crashed thread, by the id that modules see.
    pub tid: u32,
    /// User that modules run as: the crashed process's.
    pub uid: u32,
    /// Group that modules run as.
    pub gid: u32,
    /// What happened.
    pub exception: &'a ExceptionSnapshot,
    /// The crashed thread's registers.
    pub registers: &'a Registers,
    /// Its floating point state.
    pub fpu: Option<&'a FpuState>,
    /// The report's id.
    pub report_id: ReportId,
    /// From a host's start to its last answer; [`crate::limits::DEFAULT_DEADLINE_PER_MODULE`].
    pub deadline_per_module: Duration,
    /// FALSE for events that the process survives.
    pub is_fatal: bool,
}

/// What came of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModulesAsked {
    /// One for each request, in order.
    pub outcomes: Vec<ModuleOutcome>,
    /// What should be known besides: confinement that the kernel refused, answers that were cut, requests made.
    pub notes: Vec<SoftError>,
}

/// [`ask_modules`] without its notes, which go to the log.
///
/// `progress` is called at least every [`crate::limits::PROGRESS_INTERVAL`] while a module is waited for.
pub fn run_modules(
    run: &ModuleRun<'_>,
    requests: &[ModuleRequest],
    progress: &mut dyn FnMut(),
) -> Vec<ModuleOutcome> {
    let asked = ask_modules(run, requests, progress);
    for note in &asked.notes {
        tracing::info!(note = note.message, "runtime exception module");
    }
    asked.outcomes
}

/// Asks each allowed module in order. The first claim by a module that the machine's settings allow wins; those after
/// it are not asked. Modules that nobody allows are not loaded.
pub fn ask_modules(
    run: &ModuleRun<'_>,
    requests: &[ModuleRequest],
    progress: &mut dyn FnMut(),
) -> ModulesAsked {
    let mut asked = ModulesAsked::default();
    let mut is_claimed = false;
    for (position, request) in requests.iter().enumerate() {
        let verdict = match request.level {
            None => ModuleVerdict::NotAllowed,
            Some(_) if is_claimed => ModuleVerdict::NotAsked,
            Some(_) if position >= MAX_MODULES => not_loaded(format!("only {MAX_MODULES} modules are asked")),
            Some(level) => {
                let (verdict, notes) = ask(run, request, level, progress);
                let sentence = |note| format!("Module {}: {note}.", request.path);
                asked.notes.extend(notes.into_iter().map(|n| SoftError::new(Stage::Modules, sentence(n))));
                verdict
            }
        };
        is_claimed |= matches!(verdict, ModuleVerdict::Claimed { .. });
        asked.outcomes.push(ModuleOutcome { path: request.path.clone(), level: request.level, verdict });
    }
    asked
}

/// Asks one module in a host of its own, which is gone when this returns.
fn ask(
    run: &ModuleRun<'_>,
    request: &ModuleRequest,
    level: ModuleLevel,
    progress: &mut dyn FnMut(),
) -> (ModuleVerdict, Vec<String>) {
    if !request.path.starts_with('/') || request.path.contains('\0') {
        return (not_loaded("its path is not a full path".to_owned()), Vec::new());
    }
    let deadline = Instant::now() + run.deadline_per_module;
    let job = job_for(run, request, level == ModuleLevel::System);
    let mut host = match HostProcess::start(run, &job) {
        Ok(host) => host,
        Err(error) => return (not_loaded(error.to_string()), Vec::new()),
    };
    let mut conversation = Conversation::new(job.may_claim);
    let mut terminations = 0;
    let verdict = loop {
        progress();
        match host.next_event(deadline) {
            HostEvent::Nothing => {}
            HostEvent::Packet(packet) => {
                if let Some(verdict) = conversation.accept_packet(&packet) {
                    break verdict;
                }
            }
            HostEvent::TerminateRequest => {
                terminations += 1;
                if terminations > MAX_REQUESTS {
                    break ModuleVerdict::Invalid { reason: "it made too many requests".to_owned() };
                }
            }
            HostEvent::Malformed(error) => {
                break ModuleVerdict::Invalid { reason: format!("its host broke the protocol: {error}") };
            }
            HostEvent::Ended(end) => break conversation.ended(end),
        }
    };
    drop(host);
    let mut notes = conversation.into_notes();
    if terminations > 0 {
        notes.push(
            "it asked to terminate the process, which ends by its own signal after the report".to_owned(),
        );
    }
    (verdict, notes)
}

fn job_for(run: &ModuleRun<'_>, request: &ModuleRequest, may_claim: bool) -> Job {
    Job {
        path: request.path.clone(),
        context: request.context,
        may_claim,
        uid: run.uid,
        gid: run.gid,
        parent_pid: std::process::id(),
        tid: run.tid,
        exception: JobException::of(run.exception),
        registers: run.registers.into(),
        fxsave: crate::protocol::fxsave_of(run.fpu),
        report_id: run.report_id.to_string(),
        is_fatal: run.is_fatal,
        cpu_seconds: run.deadline_per_module.as_secs() + 1,
    }
}

fn not_loaded(reason: String) -> ModuleVerdict {
    ModuleVerdict::NotLoaded { reason }
}
