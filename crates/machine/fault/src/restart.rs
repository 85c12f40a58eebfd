//! Starts an application again after its crash, if it asked for that (`RegisterApplicationRestart`) and nothing speaks
//! against it. In-application way only: there we are the crashed user's own process, in its session, folder and limits.
//!
//! 1. [`Restart::prepare`], while the process is held: what to start, and whether to.
//! 2. [`Restart::run`], when it was told to die: waits for its death, looks whether it was started again just before,
//!    starts it.
//!
//! What is read comes from the process and gives nobody a right: everything is done with that process's own rights.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::Timespec;
use wer_abi::flags::{RESTART_NO_CRASH, RESTART_NO_HANG};
use wer_capture::Capture;
use wer_snapshot::RestartRegistration;
use wer_sys::Process;

use crate::Context;
use crate::limits::{DEATH_DEADLINE, MAX_COMMAND_LINE_BYTES, MAX_RESTART_ENVIRONMENT_BYTES, RESTART_AFTER};

pub mod command_line;
mod once;
pub(crate) mod recovery;
mod supervised;

use supervised::Surroundings;

/// A process that is to be started again when it is dead.
#[derive(Debug)]
pub struct Restart {
    process: OwnedFd,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    times: PathBuf,
    /// Where it ran, where that is not our own folder.
    folder: Option<PathBuf>,
}

/// What a program may not want to be started again after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// A crash that its own handler told us of: its folder and limits are ours.
    Crash,
    /// A hang that somebody else told us of, and ended.
    Hang,
}

impl After {
    /// The flag that refuses it, and its name.
    const fn refusal(self) -> (u32, &'static str) {
        match self {
            Self::Crash => (RESTART_NO_CRASH, "a crash (RESTART_NO_CRASH)"),
            Self::Hang => (RESTART_NO_HANG, "a hang (RESTART_NO_HANG)"),
        }
    }
}

impl Restart {
    /// What to start again when this process is dead.
    ///
    /// # Errors
    /// Why it is not to be started again, in words that end a sentence.
    pub(crate) fn prepare(
        capture: &Capture,
        wanted: Option<&RestartRegistration>,
        context: &Context,
        after: After,
    ) -> Result<Self, String> {
        let wanted = wanted.ok_or("it did not ask for it")?;
        let info = &capture.snapshot.process;
        let ran = Duration::from_nanos(info.capture_time_unix_ns.saturating_sub(info.start_time_unix_ns));
        may_restart(wanted.flags, after, ran, restart_after())?;
        let process = Process::open(info.pid)
            .ok()
            .filter(|process| process.identity() == capture.identity())
            .ok_or("it is gone already")?;
        let environment = whole(&process, "environ", MAX_RESTART_ENVIRONMENT_BYTES)?;
        let environment = variables(&environment);
        let control_group = process.read("cgroup").unwrap_or_default();
        let parent = Process::open(info.parent_pid).and_then(|parent| parent.stat());
        let surroundings = Surroundings {
            control_group: &String::from_utf8_lossy(&control_group),
            environment: &environment,
            parent_name: &parent.map(|stat| stat.name).unwrap_or_default(),
            namespace_pid: info.namespace_pid,
        };
        if let Some(manager) = supervised::manager(&surroundings) {
            return Err(format!("it runs under {manager}, which starts it again by its own rules"));
        }
        let own = words(&whole(&process, "cmdline", MAX_COMMAND_LINE_BYTES)?);
        let program = program(&process)?;
        let arguments = match &wanted.command_line {
            None => own,
            Some(line) => {
                let name = own.into_iter().next().unwrap_or_else(|| program.clone().into_os_string());
                let line = command_line::split(line).into_iter().map(OsString::from);
                std::iter::once(name).chain(line).collect()
            }
        };
        let process_folder = process;
        let pidfd = capture.pidfd().and_then(|pidfd| pidfd.try_clone_to_owned().ok());
        let process = pidfd.ok_or("its death cannot be waited for on this kernel")?;
        let folder = (after == After::Hang)
            .then(|| rustix::fs::readlinkat(process_folder.directory(), "cwd", Vec::new()).ok())
            .flatten()
            .map(|link| PathBuf::from(OsStr::from_bytes(link.to_bytes())));
        Ok(Self {
            folder,
            process,
            program,
            arguments,
            environment,
            times: context.locations.store_root.join("Restarts"),
        })
    }

    /// Waits for the process's death and starts the program. `limits` are the crashed process's own.
    ///
    /// # Errors
    /// Why it was not started again, in words that end a sentence.
    pub fn run(self, limits: &[(Resource, Rlimit)]) -> Result<u32, String> {
        if !is_dead_in_time(&self.process) {
            return Err("it has not died".into());
        }
        once::claim(&self.times, self.program.as_os_str().as_bytes())?;
        // In a session of its own: it has no terminal, and does not go when the crashed one's session does.
        let _ = rustix::process::setsid();
        let mut command = Command::new(&self.program);
        let mut arguments = self.arguments.iter();
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        command.args(arguments).env_clear().envs(self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(folder) = &self.folder {
            // Signals of whoever ended it are not for it.
            command.current_dir(folder).process_group(0);
        }
        let raised = limits.iter().filter_map(|(resource, limit)| {
            let now = rustix::process::getrlimit(*resource);
            setrlimit(*resource, *limit).ok().map(|()| (*resource, now))
        });
        let raised: Vec<_> = raised.collect();
        let started = command.spawn();
        for (resource, limit) in raised {
            if let Err(error) = setrlimit(resource, limit) {
                tracing::warn!(%error, ?resource, "a limit could not be raised again");
            }
        }
        started
            .map(|child| child.id())
            .map_err(|error| format!("{} cannot be started: {error}", self.program.display()))
    }
}

/// Says why a program is not started again.
pub(crate) fn not_restarted(reason: &str) {
    tracing::info!("the crashed program is not started again: {reason}");
}

/// Whether its own wishes and its age allow it.
fn may_restart(flags: u32, after: After, ran: Duration, least: Duration) -> Result<(), String> {
    let (flag, name) = after.refusal();
    if flags & flag != 0 {
        return Err(format!("it does not want that after {name}"));
    }
    if ran < least {
        return Err(format!("it had run for {} s, less than {} s", ran.as_secs(), least.as_secs()));
    }
    Ok(())
}

/// For how long a program must have run.
#[cfg(not(debug_assertions))]
fn restart_after() -> Duration {
    RESTART_AFTER
}

/// For how long a program must have run; tests wait less.
#[cfg(debug_assertions)]
fn restart_after() -> Duration {
    let wish = std::env::var("WER_TEST_RESTART_AFTER_SECONDS").ok().and_then(|text| text.parse().ok());
    wish.map_or(RESTART_AFTER, Duration::from_secs)
}

/// A file below `/proc/PID`, if it is no longer than `limit`.
fn whole(process: &Process, name: &str, limit: usize) -> Result<Vec<u8>, String> {
    let bytes = process.read_limited(name, limit + 1).map_err(|error| error.to_string())?;
    if bytes.len() > limit { Err(format!("its {name} has more than {limit} bytes")) } else { Ok(bytes) }
}

/// Where its executable is, or what is there now in place of it.
fn program(process: &Process) -> Result<PathBuf, String> {
    let link = rustix::fs::readlinkat(process.directory(), "exe", Vec::new())
        .map_err(|error| format!("its executable is not told: {error}"))?;
    let path = link.to_bytes();
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    Ok(PathBuf::from(OsStr::from_bytes(path)))
}

fn words(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
}

fn variables(bytes: &[u8]) -> Vec<(OsString, OsString)> {
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|variable| {
        let equals = variable.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
        let (name, value) = variable.split_at_checked(equals)?;
        Some((OsString::from_vec(name.to_vec()), OsString::from_vec(value.get(1..)?.to_vec())))
    });
    pairs.collect()
}

/// Whether the process dies while we wait.
fn is_dead_in_time(process: &OwnedFd) -> bool {
    let deadline = Timespec { tv_sec: DEATH_DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&deadline)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn only_what_ran_long_enough_and_wants_it_is_started_again() {
        assert_eq!(may_restart(0, After::Crash, MINUTE, MINUTE), Ok(()));
        assert_eq!(may_restart(0xE, After::Crash, MINUTE, MINUTE), Ok(()));
        assert!(may_restart(0xF, After::Crash, MINUTE, MINUTE).is_err());
        assert_eq!(may_restart(0xD, After::Hang, MINUTE, MINUTE), Ok(()));
        assert!(may_restart(0x2, After::Hang, MINUTE, MINUTE).is_err());
        let young = may_restart(0, After::Hang, MINUTE - Duration::from_nanos(1), MINUTE);
        assert_eq!(young, Err("it had run for 59 s, less than 60 s".into()));
    }

    #[test]
    fn arguments_and_variables_are_taken_byte_by_byte() {
        assert_eq!(words(b"a\0\0b c\0"), ["a", "", "b c"]);
        assert_eq!(words(b"a\0\xff\0"), [OsStr::new("a"), OsStr::from_bytes(b"\xff")]);
        let pairs = variables(b"A=1\0B=\0nothing\0=x\0C=a=b\0");
        let expected = [("A", "1"), ("B", ""), ("C", "a=b")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(pairs, expected);
    }
}
