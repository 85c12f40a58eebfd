//! The machine's limit of mappings per process, raised: one borrower at a time on the whole machine, and what was there
//! before is restored when the guard goes, on panic too.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result, ensure};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};

const LIMIT: &str = "/proc/sys/vm/max_map_count";
/// Whoever changes the limit in a test holds this.
const LOCK: &str = "/tmp/wer-max-map-count.lock";

/// The raised limit.
#[derive(Debug)]
pub struct MaxMapCount {
    before: u64,
    /// Held until the limit is as it was.
    _lock: File,
}

impl MaxMapCount {
    /// Allows at least this many mappings; waits while somebody else has raised the limit.
    ///
    /// # Errors
    /// We are not root, or the kernel refuses.
    pub fn at_least(count: u64) -> Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = rustix::fs::open(LOCK, flags, Mode::from_raw_mode(0o600)).context(LOCK)?;
        let lock = File::from(lock);
        let own = rustix::process::geteuid().as_raw();
        ensure!(lock.metadata()?.uid() == own, "{LOCK} is another user's; remove it");
        flock(&lock, FlockOperation::LockExclusive).context(LOCK)?;
        let before = fs::read_to_string(LIMIT).context(LIMIT)?.trim().parse().context(LIMIT)?;
        let guard = Self { before, _lock: lock };
        if before < count {
            fs::write(LIMIT, count.to_string()).with_context(|| format!("{LIMIT} does not take {count}"))?;
        }
        Ok(guard)
    }
}

impl Drop for MaxMapCount {
    fn drop(&mut self) {
        if let Err(error) = fs::write(LIMIT, self.before.to_string()) {
            eprintln!("{LIMIT} was {} and cannot be restored: {error}", self.before);
        }
    }
}
