//! Running programs: how they ended, and guards that end what a test has started.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::wait::wait_for;

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its pid while it lived.
    pub pid: u32,
    /// What its parent's `wait` saw.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// For messages.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} (standard output: {:?}, standard error: {:?})", self.status, self.stdout, self.stderr)
    }
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started, or did not end within `limit` (it is killed then).
pub fn run(command: &mut Command, limit: Duration) -> Result<Ended> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut guard = Guard::new(command.spawn().with_context(|| format!("{what} cannot be started"))?);
    let readers = guard.read_output();
    let status = wait_for(&format!("the end of {what}"), limit, || Ok(guard.child.try_wait()?))?;
    let [stdout, stderr] = readers.map(|reader| reader.join().unwrap_or_default());
    Ok(Ended { pid: guard.child.id(), status, stdout, stderr })
}

/// A child that is ended and reaped when the guard goes, on panic too.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Guards a child.
    #[must_use]
    pub fn new(child: Child) -> Self {
        Self { child }
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn read_output(&mut self) -> [std::thread::JoinHandle<String>; 2] {
        let stdout = self.child.stdout.take();
        let stderr = self.child.stderr.take();
        [std::thread::spawn(move || text(stdout)), std::thread::spawn(move || text(stderr))]
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let ended = self.child.kill().and_then(|()| self.child.wait());
            if let Err(error) = ended {
                eprintln!("process {} could not be ended: {error}", self.child.id());
            }
        }
    }
}

fn text(source: Option<impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut source) = source
        && let Err(error) = source.read_to_end(&mut bytes)
    {
        return format!("(unreadable: {error})");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
