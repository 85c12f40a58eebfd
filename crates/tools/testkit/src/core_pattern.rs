//! The machine's `core_pattern`, borrowed: one borrower at a time on the whole machine, and what was there before is
//! restored when the guard goes, on panic too.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

const PATTERN: &str = "/proc/sys/kernel/core_pattern";
const PIPE_LIMIT: &str = "/proc/sys/kernel/core_pipe_limit";
/// Whoever changes the pattern in a test holds this.
const LOCK: &str = "/tmp/wer-core-pattern.lock";
/// The processes whose reporters may run at one time; above 0, the kernel waits for the reporter to finish.
const WAITING_REPORTERS: &str = "16";

/// The borrowed pattern.
#[derive(Debug)]
pub struct CorePattern {
    pattern: String,
    pipe_limit: String,
    _lock: File,
}

impl CorePattern {
    /// Why this process may not change the pattern, if it may not.
    #[must_use]
    pub fn why_not() -> Option<String> {
        if !rustix::process::geteuid().is_root() {
            return Some("only root may change core_pattern".into());
        }
        let writable = File::options().write(true).open(PATTERN);
        writable.err().map(|error| format!("{PATTERN} cannot be written: {error}"))
    }

    /// Sets the pattern; waits while somebody else borrows it.
    ///
    /// # Errors
    /// The files cannot be read or written, or the kernel refuses the pattern.
    pub fn set(pattern: &str) -> Result<Self> {
        let lock = File::create(LOCK).with_context(|| format!("{LOCK} cannot be made"))?;
        flock(&lock, FlockOperation::LockExclusive).context("the lock on core_pattern cannot be had")?;
        let guard = Self { pattern: read(PATTERN)?, pipe_limit: read(PIPE_LIMIT)?, _lock: lock };
        write(PIPE_LIMIT, WAITING_REPORTERS)?;
        write(PATTERN, pattern)?;
        Ok(guard)
    }
}

impl Drop for CorePattern {
    fn drop(&mut self) {
        for (path, text) in [(PATTERN, &self.pattern), (PIPE_LIMIT, &self.pipe_limit)] {
            if let Err(error) = write(path, text) {
                eprintln!("{error:#}; restore it with: echo '{text}' > {path}");
            }
        }
    }
}

fn read(path: &str) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    Ok(text.trim_end().to_owned())
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(Path::new(path), text).with_context(|| format!("{path} does not take \"{text}\""))
}
