//! What each start of `werfault` does: takes over the descriptors it was given, reports, lets go of whoever waits, and
//! sends. When there is no report it leaves a line in the log that says which process was not reported and why.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};
use wer_abi::handoff::{REPLY_FD, REQUEST_FD};
use wer_abi::store_requests::SOCKET_FD;
use wer_capture::{KernelCrash, socket};
use wer_model::ReportId;
use wer_settings::Locations;
use wer_snapshot::CaptureSource;
use wer_sys::inherited;

use super::arguments::KernelArguments;
use super::in_application::Handoff;
use super::kernel::{self, KernelOutcome};
use crate::fail_spot::{self, Spot};
use crate::hang::requests;
use crate::limits::{LAST_LINE_DEADLINE, STORE_REQUEST_DEADLINE};
use crate::restart::not_restarted;
use crate::store_requests::{Stores, serve};
use crate::watchdog::{EXIT_HUNG, Watchdog};
use crate::{Context, Reported, Submission, events, privilege, request, submit_report, submit_with};

/// Names another folder for the machine's store, in `--store` only.
const MACHINE_STORE: &str = "WER_MACHINE_STORE_DIR";

/// `--crash`.
///
/// # Errors
/// There is no report; the log says why. For a process with borrowed rights only standard error does: where the log is,
/// says the environment, and that belongs to somebody with fewer rights.
pub fn crash() -> Result<()> {
    let own_limits = raise_limits();
    let take = |number| inherited::take(number).context("werfault --crash is started by a crashing process");
    let handoff = take(REQUEST_FD).and_then(|request| Ok(Handoff::new(request, take(REPLY_FD)?)));
    fail_spot::reach(Spot::BeforeCapture);
    if privilege::are_ours_borrowed() || handoff.as_ref().is_ok_and(Handoff::is_privileged) {
        let sentence =
            "a process that runs with more rights than its user is reported by the kernel's way only";
        eprintln!("werfault: {sentence}");
        bail!(sentence);
    }
    let context = Arc::new(embedded_context()?);
    let watchdog = watch(&context);
    let mut restart = None;
    let outcome = handoff.and_then(|handoff| handoff.report(&context, &watchdog, &mut restart));
    drop(watchdog);
    if let Some(restart) = restart {
        match restart.run(&own_limits) {
            Ok(pid) => tracing::info!(pid, "the crashed program was started again"),
            Err(reason) => not_restarted(&reason),
        }
    }
    finish(&context, outcome.map(Some))
}

/// `--kernel`.
///
/// # Errors
/// There is no report; the log says why.
pub fn kernel(base: Option<&Path>, arguments: &KernelArguments) -> Result<()> {
    let context = Arc::new(system_context(base)?);
    let watchdog = watch(&context);
    let crash = KernelCrash {
        pid: arguments.pid,
        tid: arguments.tid,
        signal: arguments.signal,
        dumpable: arguments.dumpable,
        pidfd: arguments.pidfd.and_then(inherited::take),
        source: CaptureSource::KernelPipe,
    };
    fail_spot::reach(Spot::BeforeCapture);
    let outcome = kernel::report(crash, &mut io::stdin().lock(), &context, &watchdog);
    drop(watchdog);
    finish_kernel(&context, outcome)
}

/// `--kernel-socket`.
///
/// # Errors
/// There is no report; the log says why.
pub fn kernel_socket(base: Option<&Path>) -> Result<()> {
    let context = Arc::new(system_context(base)?);
    let watchdog = watch(&context);
    let outcome = connection().and_then(|connection| {
        let mut core = socket::accept(connection).context("the kernel's coredump socket failed")?;
        let crash = core.crash().context("the kernel's pidfd cannot be copied")?;
        fail_spot::reach(Spot::BeforeCapture);
        kernel::report(crash, &mut core, &context, &watchdog)
    });
    drop(watchdog);
    finish_kernel(&context, outcome)
}

/// `--hang`.
///
/// # Errors
/// The program that asked is not there any more, or there is no report; the log says why.
pub fn hang() -> Result<()> {
    let socket = inherited::take(SOCKET_FD).context("werfault --hang is started by libwer")?;
    let _watchdog = Watchdog::start(STORE_REQUEST_DEADLINE, || std::process::exit(EXIT_HUNG));
    let_go_of_process();
    if privilege::are_ours_borrowed() {
        return requests::serve(socket, None);
    }
    let context = embedded_context()?;
    let served = requests::serve(socket, Some(&context));
    finish(&context, served.map(|()| None))
}

/// `--submit ID`.
///
/// # Errors
/// There is no such report, or it could not be sent.
pub fn submit(id: &str) -> Result<()> {
    let context = embedded_context()?;
    let id: ReportId = id.parse()?;
    submit_report(&context, id, wer_model::ConsentChoice::NotAsked)?;
    Ok(())
}

/// `--store`.
///
/// # Errors
/// The program that asked is not there any more.
pub fn store() -> Result<()> {
    let socket = inherited::take(SOCKET_FD).context("werfault --store is started by libwer")?;
    let _watchdog = Watchdog::start(STORE_REQUEST_DEADLINE, || std::process::exit(EXIT_HUNG));
    let places = || {
        if privilege::are_ours_borrowed() {
            return None;
        }
        let mut locations = Locations::system(None);
        let machine_store = std::env::var_os(MACHINE_STORE).map(PathBuf::from);
        if let Some(root) = machine_store.filter(|root| root.is_absolute()) {
            locations.store_root = root;
        }
        Some(Stores { user: embedded_context().ok()?, machine: Context::for_locations(locations) })
    };
    serve(socket, &places)?;
    Ok(())
}

/// `--request`.
///
/// # Errors
/// The program that asked is not there any more, or the report that it does not wait for was not stored.
pub fn request() -> Result<()> {
    raise_limits();
    let socket = inherited::take(SOCKET_FD).context("werfault --request is started by libwer")?;
    let _watchdog = Watchdog::start(STORE_REQUEST_DEADLINE, || std::process::exit(EXIT_HUNG));
    request::serve(socket, &|| {
        if privilege::are_ours_borrowed() {
            return None;
        }
        embedded_context().ok()
    })
}

fn connection() -> Result<UnixStream> {
    let connection = io::stdin().as_fd().try_clone_to_owned().context("standard input is no connection")?;
    Ok(UnixStream::from(connection))
}

/// The limits of a program that crashed are ours too, and may be what it crashed of. What they were.
fn raise_limits() -> Vec<(Resource, Rlimit)> {
    let resources = [Resource::Fsize, Resource::Nofile, Resource::As, Resource::Data, Resource::Cpu];
    let limits = resources.map(|resource| (resource, getrlimit(resource)));
    for (resource, limit) in limits {
        let raised = Rlimit { current: limit.maximum, ..limit };
        if let Err(error) = setrlimit(resource, raised) {
            tracing::warn!(%error, ?resource, "a limit could not be raised");
        }
    }
    limits.into()
}

/// Ends this run, with a line in the log, when it has not got on for as long as a process may be held.
fn watch(context: &Arc<Context>) -> Watchdog {
    let context = Arc::clone(context);
    let limit = Duration::from_millis(u64::from(context.settings.hold_ms()));
    Watchdog::start(limit, move || {
        let line = thread::spawn(move || {
            let message = "A crash was not reported: the work on it did not get on for as long as a process may be \
                           held (HoldMilliseconds), and was ended.";
            events::failure(&context, message);
        });
        // The log may be what hangs.
        let end = std::time::Instant::now() + LAST_LINE_DEADLINE;
        while !line.is_finished() && std::time::Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        std::process::exit(EXIT_HUNG);
    })
}

/// The kernel holds the process as long as we hold its pipe or connection, a shell waits for the end of what the process
/// could write to, and its working folder may be about to be unmounted. Sending may take minutes: nobody shall wait for
/// that.
fn let_go_of_process() {
    let let_go = File::options().read(true).write(true).open("/dev/null").and_then(|null| {
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)?;
        std::env::set_current_dir("/")
    });
    if let Err(error) = let_go {
        tracing::warn!(%error, "the process's streams and folder could not be let go");
    }
}

fn finish_kernel(context: &Context, outcome: Result<KernelOutcome>) -> Result<()> {
    finish(
        context,
        outcome.map(|outcome| match outcome {
            KernelOutcome::Reported(reported) => Some(*reported),
            KernelOutcome::AlreadyReported(_) | KernelOutcome::NotWanted => None,
        }),
    )
}

/// Sends what was stored, if consent allows, or logs why there is nothing.
fn finish(context: &Context, outcome: Result<Option<Reported>>) -> Result<()> {
    match outcome {
        Ok(None) => Ok(()),
        Ok(Some(reported)) => {
            let_go_of_process();
            if let Err(error) = submit_with(context, reported.id, Submission::first()) {
                events::failure(context, &format!("Report {} was kept but not sent: {error}.", reported.id));
            }
            Ok(())
        }
        Err(error) => {
            events::failure(context, &events::sentence(&error));
            Err(error)
        }
    }
}

fn embedded_context() -> Result<Context> {
    let environment = |name: &str| std::env::var_os(name);
    Ok(Context::embedded(&environment, getuid().as_raw(), own_executable()?))
}

fn system_context(base: Option<&Path>) -> Result<Context> {
    Ok(Context::system(base, own_executable()?))
}

fn own_executable() -> Result<PathBuf> {
    std::env::current_exe().context("werfault's own path cannot be read from /proc/self/exe")
}
