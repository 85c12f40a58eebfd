//! The `werfault` processes at work: started one per crash, counted, and ended at their deadline.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

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
                    watch(child, Instant::now() + REPORTER_DEADLINE);
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

    fn leave(&self) {
        let (count, freed) = &*self.running;
        *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}

/// Waits for a reporter and ends it at its deadline.
fn watch(mut child: Child, deadline: Instant) {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return,
            Ok(Some(status)) => {
                tracing::warn!(reporter.pid = child.id(), %status, "a reporter failed; its own message says why");
                return;
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(REPORTER_POLL),
            Ok(None) => {
                tracing::error!(reporter.pid = child.id(), "a reporter exceeded its deadline and is ended");
                let ended = child.kill().and_then(|()| child.wait());
                if let Err(error) = ended {
                    tracing::error!(reporter.pid = child.id(), %error, "the reporter could not be ended");
                }
                return;
            }
            Err(error) => {
                tracing::error!(reporter.pid = child.id(), %error, "a reporter's end could not be awaited");
                return;
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
