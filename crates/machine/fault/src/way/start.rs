//! What each start of `werfault` does: takes over the descriptors it was given, reports, and when there is no report
//! leaves a line in the log that says which process was not reported and why.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::process::getuid;
use wer_abi::handoff::{REPLY_FD, REQUEST_FD};
use wer_capture::{KernelCrash, socket};
use wer_model::ReportId;
use wer_snapshot::CaptureSource;
use wer_sys::inherited;

use super::arguments::KernelArguments;
use super::in_application;
use super::kernel::{self, KernelOutcome};
use crate::{Context, Reported, events, submit_report};

/// `--crash`.
///
/// # Errors
/// There is no report; the log says why.
pub fn crash() -> Result<()> {
    let context = embedded_context()?;
    let take = |number| inherited::take(number).context("werfault --crash is started by a crashing process");
    let outcome = take(REQUEST_FD)
        .and_then(|request| Ok((request, take(REPLY_FD)?)))
        .and_then(|(request, reply)| in_application::report(request, reply, &context));
    finish(&context, outcome.map(Some))
}

/// `--kernel`.
///
/// # Errors
/// There is no report; the log says why.
pub fn kernel(base: Option<&Path>, arguments: &KernelArguments) -> Result<()> {
    let context = system_context(base)?;
    let crash = KernelCrash {
        pid: arguments.pid,
        tid: arguments.tid,
        signal: arguments.signal,
        dumpable: arguments.dumpable,
        pidfd: arguments.pidfd.and_then(inherited::take),
        source: CaptureSource::KernelPipe,
    };
    let outcome = kernel::report(crash, &mut io::stdin().lock(), &context);
    close_stdin()?;
    finish_kernel(&context, outcome)
}

/// `--kernel-socket`.
///
/// # Errors
/// There is no report; the log says why.
pub fn kernel_socket(base: Option<&Path>) -> Result<()> {
    let context = system_context(base)?;
    let outcome = connection().and_then(|connection| {
        let mut core = socket::accept(connection).context("the kernel's coredump socket failed")?;
        let crash = core.crash().context("the kernel's pidfd cannot be copied")?;
        kernel::report(crash, &mut core, &context)
    });
    finish_kernel(&context, outcome)
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

/// Lets the kernel, and with it the crashed process, go: it waits as long as anybody may read the core.
fn close_stdin() -> Result<()> {
    let nothing = File::open("/dev/null").context("/dev/null cannot be opened")?;
    rustix::stdio::dup2_stdin(&nothing).context("standard input cannot be closed")
}

/// The connection on standard input, which is closed in its favour.
fn connection() -> Result<UnixStream> {
    let connection = io::stdin().as_fd().try_clone_to_owned().context("standard input is no connection")?;
    close_stdin()?;
    Ok(UnixStream::from(connection))
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
            if let Err(error) = submit_report(context, reported.id, wer_model::ConsentChoice::NotAsked) {
                events::failure(context, &format!("Report {} was kept but not sent: {error}.", reported.id));
            }
            Ok(())
        }
        Err(error) => {
            events::failure(context, &format!("{error:#}"));
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
