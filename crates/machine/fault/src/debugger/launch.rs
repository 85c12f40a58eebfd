//! Starts a debugger: on a process that waits for it, or on what is stored of one that does not.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open};
use wer_abi::Handle;
use wer_capture::Capture;
use wer_sys::Credentials;

use super::command_line::CommandLine;
use super::files::Files;
use super::{signal, standing, wish_for};
use crate::limits::{DEBUGGER_DEADLINE, DEBUGGER_PROGRESS_INTERVAL, STANDING_DEADLINE};
use crate::{Context, Reported, events};

/// Starts the debugger of a crash whose process waits in its own handler, and waits for it: until it ends, or sets its
/// event, which says that it has attached and wants to see the signal again when the process returns from its handler.
/// Whatever becomes of the debugger, the process runs on afterwards.
pub(crate) fn attach(
    capture: &Capture,
    context: &Context,
    reported: &Reported,
    user: &Credentials,
    progress: &mut dyn FnMut(),
) {
    let Some(wish) = wish_for(context, &reported.report) else { return };
    let pid = capture.snapshot.process.pid;
    if !wish.automatic {
        return events::failure(context, &unasked(&wish.command, pid));
    }
    let outcome = CommandLine::parse(&wish.command).map_err(|error| error.to_string()).and_then(|line| {
        if !standing::wait(pid, STANDING_DEADLINE) {
            tracing::debug!("process {pid} does not stand yet");
        }
        let debugger = Attached::start(&line, reported, pid, user)?;
        debugger.wait(capture.pidfd(), DEBUGGER_DEADLINE, progress)
    });
    match outcome {
        Ok(Wait::Event | Wait::Ended | Wait::TargetEnded) => {}
        Ok(Wait::Deadline) => {
            let message = format!(
                "The debugger of process {pid} did not end within {} s; the process was let go.",
                DEBUGGER_DEADLINE.as_secs()
            );
            events::failure(context, &message);
        }
        Err(reason) => events::failure(context, &not_started(&wish.command, pid, &reason)),
    }
    if let Some(pidfd) = capture.pidfd() {
        signal(pidfd, Signal::CONT);
    }
}

/// Starts the debugger of a crash whose process cannot be attached to, on the dump that is stored of it or on a core made
/// of that dump. Nobody waits for it.
pub(crate) fn open_stored(context: &Context, reported: &Reported, user: &Credentials) {
    let Some(wish) = wish_for(context, &reported.report) else { return };
    let pid = reported.report.pid;
    if !wish.automatic {
        return events::failure(context, &unasked(&wish.command, pid));
    }
    if let Err(reason) = start_on_file(&wish.command, reported, user) {
        events::failure(context, &not_started(&wish.command, pid, &reason));
    }
}

fn start_on_file(command: &str, reported: &Reported, user: &Credentials) -> Result<(), String> {
    let line = CommandLine::parse(command).map_err(|error| error.to_string())?;
    if !line.wants_file() {
        let what = if line.attaches() {
            "it would attach to a process whose core the kernel writes"
        } else {
            "it names nothing to look at"
        };
        return Err(format!("{what}; with {{dump}} or {{core}} in its command line it gets a file"));
    }
    let files = Files::of(&line, reported, user)?;
    let words = line.fill(&files.values(0, 0));
    let mut command = command_of(line.program(), &words, user);
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").process_group(0);
    command.spawn().map(drop).map_err(|error| error.to_string())
}

fn unasked(command: &str, pid: u32) -> String {
    format!(
        "A debugger is wanted for process {pid}, but not without asking, and there was nobody to ask. Its command line: \
         {command}"
    )
}

fn not_started(command: &str, pid: u32, reason: &str) -> String {
    format!("The debugger of process {pid} was not started: {reason}. Its command line: {command}")
}

/// A debugger's command, with the rights of the crashed user: where we have more, they are given up, all groups included.
fn command_of(program: &str, words: &[String], user: &Credentials) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    if geteuid().is_root() && user.uid != 0 {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// How the wait for a debugger ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// It set its event.
    Event,
    /// It ended.
    Ended,
    /// The process ended.
    TargetEnded,
    /// It took too long.
    Deadline,
}

/// A debugger that may attach.
struct Attached {
    debugger: Child,
    pidfd: OwnedFd,
    event: OwnedFd,
}

impl Attached {
    fn start(line: &CommandLine, reported: &Reported, pid: u32, user: &Credentials) -> Result<Self, String> {
        let files = Files::of(line, reported, user)?;
        let event = eventfd(0, EventfdFlags::CLOEXEC).map_err(|error| error.to_string())?;
        // The one descriptor that the debugger gets; it is the only program that is started meanwhile.
        rustix::io::fcntl_setfd(&event, FdFlags::empty()).map_err(|error| error.to_string())?;
        let number = u16::try_from(event.as_raw_fd()).map_err(|error| error.to_string())?;
        let words = line.fill(&files.values(pid, Handle::event(number).0));
        let debugger = command_of(line.program(), &words, user).spawn().map_err(|error| error.to_string())?;
        rustix::io::fcntl_setfd(&event, FdFlags::CLOEXEC).map_err(|error| error.to_string())?;
        let pidfd = pidfd_open(Pid::from_child(&debugger), PidfdFlags::empty());
        Ok(Self { pidfd: pidfd.map_err(|error| error.to_string())?, debugger, event })
    }

    fn wait(
        mut self,
        target: Option<BorrowedFd<'_>>,
        limit: Duration,
        progress: &mut dyn FnMut(),
    ) -> Result<Wait, String> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            progress();
            let mut sources = vec![
                PollFd::from_borrowed_fd(self.event.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN),
            ];
            sources.extend(target.map(|target| PollFd::from_borrowed_fd(target, PollFlags::IN)));
            let timeout = Timespec::try_from(DEBUGGER_PROGRESS_INTERVAL).ok();
            // An interrupted wait is an empty one.
            let _ = poll(&mut sources, timeout.as_ref());
            let is_ready =
                |index: usize| sources.get(index).is_some_and(|source| !source.revents().is_empty());
            if is_ready(0) {
                return Ok(Wait::Event);
            }
            if is_ready(1) {
                let status = self.debugger.wait().map_err(|error| error.to_string())?;
                tracing::info!(%status, "the debugger has ended");
                return Ok(Wait::Ended);
            }
            if is_ready(2) {
                return Ok(Wait::TargetEnded);
            }
        }
        Ok(Wait::Deadline)
    }
}
