//! The `werfault` processes at work: started one per crash, counted, and ended at their deadline.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use wer_fault::log_failure;

use crate::limits::{MAX_REPORTERS, REPORTER_DEADLINE, REPORTER_POLL};

/// Starts reporters and waits for them.
#[derive(Clone, Debug)]
pub struct Reporters {
    werfault: PathBuf,
    base: Option<PathBuf>,
    running: Arc<(Mutex<usize>, Condvar)>,
}

impl Reporters {
    /// Reporters that run this `werfault`, with settings and store below `base` (`None` = the machine's own).
    #[must_use]
    pub fn new(werfault: PathBuf, base: Option<PathBuf>) -> Self {
        Self { werfault, base, running: Arc::default() }
    }

    /// Gives one crash to a new reporter. Blocks while [`MAX_REPORTERS`] are at work.
    ///
    /// # Errors
    /// `werfault` cannot be started. The connection is closed then, and the kernel lets the process go.
    pub fn start(&self, connection: UnixStream) -> Result<()> {
        self.wait_for_a_place();
        match self.spawn(connection) {
            Ok(child) => {
                let reporters = self.clone();
                thread::spawn(move || {
                    let end = watch(child, Instant::now() + REPORTER_DEADLINE);
                    if let Some(sentence) = end.sentence() {
                        let base = reporters.base.as_deref();
                        log_failure(&wer_fault::Context::system(base, PathBuf::new()), sentence);
                    }
                    reporters.leave();
                });
                Ok(())
            }
            Err(error) => {
                self.leave();
                Err(error)
            }
        }
    }

    fn spawn(&self, connection: UnixStream) -> Result<Child> {
        let mut command = Command::new(&self.werfault);
        command.arg("--kernel-socket").current_dir("/").env_clear();
        if let Some(base) = &self.base {
            command.arg("--base").arg(base);
        }
        command.stdin(Stdio::from(OwnedFd::from(connection)));
        command.spawn().with_context(|| format!("cannot start {}", self.werfault.display()))
    }

    fn wait_for_a_place(&self) {
        let (count, freed) = &*self.running;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count >= MAX_REPORTERS {
            count = freed.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
        *count += 1;
    }

    #[cfg(test)]
    fn wait_for_all(&self) {
        let (count, freed) = &*self.running;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0 {
            count = freed.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leave(&self) {
        let (count, freed) = &*self.running;
        *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}

/// How a reporter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReporterEnd {
    /// By itself; if there is no report, its own line in the log says why.
    BySelf,
    /// By a signal or a panic: nobody has said why there is no report.
    Broken,
    /// At its deadline, by us.
    Deadline,
}

impl ReporterEnd {
    fn of(status: ExitStatus) -> Self {
        /// The status of a Rust program that panicked.
        const PANICKED: i32 = 101;
        match status.code() {
            Some(code) if code != PANICKED => Self::BySelf,
            _ => Self::Broken,
        }
    }

    /// For the log, where the reporter itself left nothing.
    const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::BySelf => None,
            Self::Broken => Some("A crash may be unreported: its reporter ended without a word."),
            Self::Deadline => {
                Some("A crash was not reported: its reporter exceeded its deadline and was ended.")
            }
        }
    }
}

/// Waits for a reporter and ends it at its deadline.
fn watch(mut child: Child, deadline: Instant) -> ReporterEnd {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return ReporterEnd::of(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(REPORTER_POLL),
            Ok(None) => {
                let ended = child.kill().and_then(|()| child.wait());
                if let Err(error) = ended {
                    tracing::error!(reporter.pid = child.id(), %error, "the reporter could not be ended");
                }
                return ReporterEnd::Deadline;
            }
            Err(error) => {
                tracing::error!(reporter.pid = child.id(), %error, "a reporter's end could not be awaited");
                return ReporterEnd::Broken;
            }
        }
    }
}

/// `werfault` beside this executable.
///
/// # Errors
/// The executable's own path cannot be had.
pub fn werfault_beside_us() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the service's own path cannot be read from /proc/self/exe")?;
    Ok(own.parent().unwrap_or(Path::new("/")).join("werfault"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn hanging() -> Child {
        Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat")
    }

    #[test]
    fn a_reporter_that_hangs_is_ended_at_its_deadline() {
        let child = hanging();
        let pid = child.id();
        assert_eq!(watch(child, Instant::now()), ReporterEnd::Deadline);
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "it is reaped");
    }

    #[test]
    fn only_a_reporter_without_a_word_is_spoken_for() {
        let end_of = |script: &str| {
            let child = Command::new("sh").args(["-c", script]).spawn().expect("sh");
            watch(child, Instant::now() + REPORTER_DEADLINE)
        };
        assert_eq!(end_of("exit 0"), ReporterEnd::BySelf);
        assert_eq!(end_of("exit 1"), ReporterEnd::BySelf);
        assert_eq!(end_of("exit 101"), ReporterEnd::Broken);
        assert_eq!(end_of("kill -KILL $$"), ReporterEnd::Broken);
        assert!(ReporterEnd::BySelf.sentence().is_none());
        assert!(ReporterEnd::Broken.sentence().is_some());
    }

    #[test]
    fn a_missing_werfault_takes_no_place() {
        let folder = std::env::temp_dir().join(format!("wersvc-reporters-{}", std::process::id()));
        let reporters = Reporters::new(folder.join("werfault"), Some(folder));
        for _ in 0..=MAX_REPORTERS {
            let (connection, _kernel) = UnixStream::pair().expect("a pair");
            let error = reporters.start(connection).expect_err("there is none").to_string();
            assert!(error.contains("werfault"), "{error}");
        }
    }

    #[test]
    fn a_reporter_that_is_killed_leaves_a_line_and_its_place() {
        let folder = std::env::temp_dir().join(format!("wersvc-killed-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("var/lib/wer")).expect("a folder in the temporary directory");
        let werfault = folder.join("werfault");
        std::fs::write(&werfault, "#!/bin/sh\nkill -KILL $$\n").expect("a script");
        std::fs::set_permissions(&werfault, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        for folder in ["", "var", "var/lib", "var/lib/wer"].map(|below| folder.join(below)) {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).expect("its mode");
        }
        let reporters = Reporters::new(werfault, Some(folder.clone()));
        for _ in 0..=MAX_REPORTERS {
            let (connection, _kernel) = UnixStream::pair().expect("a pair");
            reporters.start(connection).expect("a reporter");
        }
        reporters.wait_for_all();
        let log = std::fs::read_to_string(folder.join("var/lib/wer/events.jsonl")).expect("a log");
        assert_eq!(log.matches("without a word").count(), MAX_REPORTERS + 1, "{log}");
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
