//! The asking side, in `werfault`: one fresh host process per module, in the order of registration, until one claims.

pub mod conversation;
mod host_process;
mod module_folder;
mod requests;
mod text;

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use wer_abi::Hresult;
use wer_abi::module_host::DumpOrder;
use wer_model::{AttachedFile, ModuleLevel, ModuleOutcome, ModuleVerdict, ReportId, SoftError, Stage};
use wer_snapshot::{ExceptionSnapshot, FpuState, Registers};

use self::conversation::Conversation;
use self::host_process::{HostEvent, HostProcess};
use self::module_folder::ModuleFolder;
use self::requests::Asked;
use crate::limits::{MAX_CALLS, MAX_MODULES, MAX_REQUESTS};
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

/// A dump that a module asks for.
#[derive(Clone, Copy, Debug)]
pub struct DumpRequest<'a> {
    /// `MINIDUMP_TYPE`, unchecked.
    pub flags: u32,
    /// What happened, by the module's word; `None` = no exception.
    pub order: Option<DumpOrder>,
    /// A regular file in the module's folder, open for writing.
    pub file: &'a File,
}

/// Makes a dump of the crashed process, or says by an HRESULT why not. The second argument is called now and then.
pub type WriteDump<'a> = &'a dyn Fn(&DumpRequest<'_>, &mut dyn FnMut()) -> Result<(), Hresult>;

/// The crash that modules are asked about.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds the caller's closure")]
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
    /// What loading and each callback may take; [`crate::limits::DEFAULT_DEADLINE_PER_CALL`].
    pub deadline_per_call: Duration,
    /// FALSE for events that the process survives.
    pub is_fatal: bool,
    /// Where the modules' folders are made, and their files are left; on the file system of the report. `None`: they may
    /// write nothing.
    pub folder: Option<&'a Path>,
    /// Who makes the dumps that modules ask for; `None`: nobody.
    pub write_dump: Option<WriteDump<'a>>,
}

/// What came of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModulesAsked {
    /// One for each request, in order.
    pub outcomes: Vec<ModuleOutcome>,
    /// What should be known besides: confinement that the kernel refused, answers that were cut, requests made.
    pub notes: Vec<SoftError>,
    /// Files that modules wrote, by their names in [`ModuleRun::folder`].
    pub files: Vec<AttachedFile>,
    /// A module has asked to end the process, with this exit code: for whoever holds a process that would survive.
    pub exit_code: Option<u32>,
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
                let answer = ask(run, request, level, position, progress);
                let sentence = |note| format!("Module {}: {note}.", request.path);
                let notes = answer.notes.into_iter().map(|n| SoftError::new(Stage::Modules, sentence(n)));
                asked.notes.extend(notes);
                asked.files.extend(answer.files);
                asked.exit_code = answer.exit_code.or(asked.exit_code);
                answer.verdict
            }
        };
        is_claimed |= matches!(verdict, ModuleVerdict::Claimed { .. });
        asked.outcomes.push(ModuleOutcome { path: request.path.clone(), level: request.level, verdict });
    }
    asked
}

/// What one module came to.
struct Answer {
    verdict: ModuleVerdict,
    notes: Vec<String>,
    files: Vec<AttachedFile>,
    exit_code: Option<u32>,
}

impl Answer {
    fn not_asked(verdict: ModuleVerdict) -> Self {
        Self { verdict, notes: Vec::new(), files: Vec::new(), exit_code: None }
    }
}

/// Asks one module in a host of its own, which is gone when this returns.
fn ask(
    run: &ModuleRun<'_>,
    request: &ModuleRequest,
    level: ModuleLevel,
    position: usize,
    progress: &mut dyn FnMut(),
) -> Answer {
    if !request.path.starts_with('/') || request.path.contains('\0') {
        return Answer::not_asked(not_loaded("its path is not a full path".to_owned()));
    }
    let mut notes = Vec::new();
    let folder = run.folder.and_then(|parent| {
        let made = ModuleFolder::make(parent, position, run.uid, run.gid);
        made.map_err(|error| notes.push(format!("it had no folder to write to: {error}"))).ok()
    });
    let job = job_for(run, request, level == ModuleLevel::System, folder.is_some());
    let deadline = Instant::now() + run.deadline_per_call;
    let mut host = match HostProcess::start(run, &job, folder.as_ref()) {
        Ok(host) => host,
        Err(error) => return Answer::not_asked(not_loaded(error.to_string())),
    };
    let mut conversation = Conversation::new(job.may_claim);
    let mut asked = Asked::default();
    let verdict =
        converse(run, &mut host, folder.as_ref(), deadline, &mut conversation, &mut asked, progress);
    drop(host);
    notes.extend(conversation.into_notes());
    notes.extend(sentences(asked));
    let (files, left_out) = folder.as_ref().map(ModuleFolder::collect).unwrap_or_default();
    notes.extend(left_out);
    Answer { verdict, notes, files, exit_code: asked.exit_code }
}

/// Listens and serves until there is a verdict.
fn converse(
    run: &ModuleRun<'_>,
    host: &mut HostProcess,
    folder: Option<&ModuleFolder>,
    mut deadline: Instant,
    conversation: &mut Conversation,
    asked: &mut Asked,
    progress: &mut dyn FnMut(),
) -> ModuleVerdict {
    let mut requests = 0;
    loop {
        progress();
        match host.next_event(deadline) {
            HostEvent::Nothing => {
                if folder.is_some_and(ModuleFolder::is_overfull) {
                    break ModuleVerdict::Invalid { reason: "it wrote more than it may".to_owned() };
                }
            }
            HostEvent::Packet(packet) => {
                let calls_begun = conversation.calls_begun();
                if let Some(verdict) = conversation.accept_packet(&packet) {
                    break verdict;
                }
                if conversation.calls_begun() > calls_begun {
                    deadline = Instant::now() + run.deadline_per_call;
                }
            }
            HostEvent::Request(packet) => {
                requests += 1;
                if requests > MAX_REQUESTS {
                    break ModuleVerdict::Invalid { reason: "it made too many requests".to_owned() };
                }
                let Some(socket) = host.request_socket() else { continue };
                let begun = Instant::now();
                requests::serve(run, folder, packet, asked, socket, progress);
                // What we do for it is not its own time.
                deadline += begun.elapsed();
            }
            HostEvent::Malformed(error) => {
                break ModuleVerdict::Invalid { reason: format!("its host broke the protocol: {error}") };
            }
            HostEvent::Ended(end) => break conversation.ended(end),
        }
    }
}

/// What a module asked for besides, as ends of sentences.
fn sentences(asked: Asked) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(code) = asked.exit_code {
        notes.push(format!(
            "it asked to terminate the process with code 0x{code:X}, which ends by its own signal after the report"
        ));
    }
    if asked.refused_descriptors > 0 {
        notes.push(format!("it was refused {} handles of the process", asked.refused_descriptors));
    }
    if asked.dumps > 0 {
        notes.push(format!("{} dumps were made for it", asked.dumps));
    }
    notes
}

fn job_for(run: &ModuleRun<'_>, request: &ModuleRequest, may_claim: bool, has_folder: bool) -> Job {
    Job {
        path: request.path.clone(),
        context: request.context,
        has_folder,
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
        cpu_seconds: (run.deadline_per_call.as_secs() + 1) * u64::from(MAX_CALLS),
    }
}

fn not_loaded(reason: String) -> ModuleVerdict {
    ModuleVerdict::NotLoaded { reason }
}
