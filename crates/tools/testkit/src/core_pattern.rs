//! The machine's `core_pattern`, borrowed: one borrower at a time on the whole machine, and what was there before is
//! restored when the guard goes, on panic too.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::sandbox::Sandbox;

const PATTERN: &str = "/proc/sys/kernel/core_pattern";
const PIPE_LIMIT: &str = "/proc/sys/kernel/core_pipe_limit";
/// Whoever changes the pattern in a test holds this.
const LOCK: &str = "/tmp/wer-core-pattern.lock";
/// The processes whose reporters may run at one time; above 0, the kernel waits for the reporter to finish.
const WAITING_REPORTERS: &str = "16";

/// The borrowed pattern.
#[derive(Debug)]
pub struct CorePattern {
    before: Before,
    lock: File,
}

/// What was there before. It also stands in the lock's file while the pattern is borrowed, so that the next borrower
/// restores the right one where the last was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Before {
    pattern: String,
    pipe_limit: String,
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
        let mut lock = open_lock()?;
        flock(&lock, FlockOperation::LockExclusive).context("the lock on core_pattern cannot be had")?;
        let mut left_over = String::new();
        lock.read_to_string(&mut left_over).with_context(|| format!("{LOCK} cannot be read"))?;
        let before = match Before::parse(&left_over) {
            Some(before) => before,
            None => Before { pattern: read(PATTERN)?, pipe_limit: read(PIPE_LIMIT)? },
        };
        lock.set_len(0)?;
        lock.write_all_at(before.text().as_bytes(), 0)
            .with_context(|| format!("{LOCK} cannot be written"))?;
        let guard = Self { before, lock };
        write(PIPE_LIMIT, WAITING_REPORTERS)?;
        write(PATTERN, pattern)?;
        Ok(guard)
    }

    /// Sets the pattern to the pipe of a sandbox's own `werfault`.
    ///
    /// # Errors
    /// See [`CorePattern::set`].
    pub fn pipe(sandbox: &Sandbox) -> Result<Self> {
        // The kernel takes 128 bytes and no blanks in a path.
        let link = sandbox.path("f");
        if !link.is_symlink() {
            symlink(sandbox.built().binary("werfault"), &link)
                .context("a link to werfault cannot be made")?;
        }
        let base = sandbox.path("");
        Self::set(&format!("|{} --kernel --base {} %P %I %s %d %F", link.display(), base.display()))
    }
}

impl Before {
    fn text(&self) -> String {
        format!("{}\n{}\n", self.pattern, self.pipe_limit)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (pattern, pipe_limit) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        Some(Self { pattern, pipe_limit })
    }
}

impl Drop for CorePattern {
    fn drop(&mut self) {
        let Before { pattern, pipe_limit } = &self.before;
        for (path, text) in [(PATTERN, pattern), (PIPE_LIMIT, pipe_limit)] {
            if let Err(error) = write(path, text) {
                eprintln!("{error:#}; restore it with: echo '{text}' > {path}");
            }
        }
        if let Err(error) = self.lock.set_len(0) {
            eprintln!("{LOCK} cannot be emptied: {error}; remove it");
        }
    }
}

/// Its text becomes a command that the kernel runs as root, so the file must be ours alone.
fn open_lock() -> Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lock = File::from(
        rustix::fs::open(LOCK, flags, Mode::from_raw_mode(0o600))
            .with_context(|| format!("{LOCK} cannot be opened"))?,
    );
    let metadata = lock.metadata()?;
    let own = rustix::process::geteuid().as_raw();
    ensure!(metadata.is_file() && metadata.uid() == own, "{LOCK} is another user's; remove it");
    rustix::fs::fchmod(&lock, Mode::from_raw_mode(0o600)).with_context(|| LOCK.to_owned())?;
    Ok(lock)
}

fn read(path: &str) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    Ok(text.trim_end().to_owned())
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(Path::new(path), text).with_context(|| format!("{path} does not take \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_borrower_left_is_found_again() {
        let before = Before { pattern: "|/usr/share/apport %p".into(), pipe_limit: "10".into() };
        assert_eq!(Before::parse(&before.text()), Some(before));
        assert_eq!(Before::parse(""), None);
    }
}
