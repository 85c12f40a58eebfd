//! The reserve: requests of clients that never send again, kept on disk as they came while the server cannot take them,
//! and taken later, in order, by [`replay`].
//!
//! One file each, `spool/<number>.request`: written under another name, synced, renamed, the folder synced; only then is
//! the client answered. A request leaves the reserve when it has been taken; a stop in between has it taken twice, which
//! counts once ([`crate::idempotency`]). Bytes and requests are bounded.

pub mod entry;
pub(crate) mod put_by;
pub(crate) mod replay;
pub(crate) mod tee;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::spool::entry::EntryHead;

/// Ends of the files' names: whole, being written, given up.
const WHOLE: &str = "request";
const PART: &str = "part";
const SET_ASIDE: &str = "failed";

/// The reserve.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    max_entries: usize,
    index: Mutex<Index>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Index {
    /// Numbers and bytes of whole requests.
    entries: BTreeMap<u64, u64>,
    next: u64,
    /// Of all files, those being written too.
    bytes: u64,
    writing: usize,
}

impl Spool {
    /// Opens or creates the reserve; what an earlier process had not finished writing goes.
    ///
    /// # Errors
    /// The folder cannot be made, read or cleaned.
    pub fn open(folder: &Path, max_bytes: u64, max_entries: usize) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut index = Index { next: 1, ..Index::default() };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            match (number, ending) {
                (Some(number), WHOLE | SET_ASIDE) => {
                    let bytes = fs::metadata(&path)?.len();
                    index.bytes += bytes;
                    index.next = index.next.max(number + 1);
                    if ending == WHOLE {
                        index.entries.insert(number, bytes);
                    }
                }
                (_, PART) => fs::remove_file(&path)?,
                _ => {}
            }
        }
        let arrived = Notify::new();
        Ok(Self { folder: folder.to_owned(), max_bytes, max_entries, index: Mutex::new(index), arrived })
    }

    /// Requests that wait, and bytes that the reserve has.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        let index = self.index();
        (index.entries.len(), index.bytes)
    }

    /// Whether another request may begin.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let index = self.index();
        index.entries.len() + index.writing < self.max_entries && index.bytes < self.max_bytes
    }

    /// Begins a request.
    ///
    /// # Errors
    /// No room ([`ErrorKind::QuotaExceeded`]), or the disk's own.
    pub(crate) fn begin(self: &Arc<Self>, head: &EntryHead) -> io::Result<SpoolWriter> {
        if !self.has_room() {
            return Err(full());
        }
        let name = random_name()?;
        let path = self.folder.join(format!("{name}.{PART}"));
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        self.index().writing += 1;
        let mut writer = SpoolWriter { spool: Arc::clone(self), file, path, bytes: 0, whole: false };
        writer.write(&head.to_bytes()?)?;
        Ok(writer)
    }

    /// The oldest request: its number and its file.
    pub(crate) fn oldest(&self) -> Option<(u64, PathBuf)> {
        let number = *self.index().entries.first_key_value()?.0;
        Some((number, self.path(number, WHOLE)))
    }

    /// A request has been taken.
    pub(crate) fn remove(&self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.path(number, WHOLE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut index = self.index();
        if let Some(bytes) = index.entries.remove(&number) {
            index.bytes = index.bytes.saturating_sub(bytes);
        }
        Ok(())
    }

    /// A request cannot be taken though everything else can: it stays on disk for a person, and holds nobody up.
    pub(crate) fn set_aside(&self, number: u64) -> io::Result<()> {
        fs::rename(self.path(number, WHOLE), self.path(number, SET_ASIDE))?;
        self.index().entries.remove(&number);
        Ok(())
    }

    /// Ends when there may be something new.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    fn path(&self, number: u64, ending: &str) -> PathBuf {
        self.folder.join(format!("{number:020}.{ending}"))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request being written. Dropped before [`SpoolWriter::commit`], it leaves nothing behind. Its calls block.
#[derive(Debug)]
pub(crate) struct SpoolWriter {
    spool: Arc<Spool>,
    file: File,
    path: PathBuf,
    bytes: u64,
    whole: bool,
}

impl SpoolWriter {
    /// Adds bytes, as far as there is room.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = bytes.len() as u64;
        {
            let mut index = self.spool.index();
            if index.bytes.saturating_add(count) > self.spool.max_bytes {
                return Err(full());
            }
            index.bytes += count;
        }
        self.bytes += count;
        self.file.write_all(bytes)
    }

    /// Brings the request to disk, behind all that are there.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let mut index = self.spool.index();
        let number = index.next;
        fs::rename(&self.path, self.spool.path(number, WHOLE))?;
        index.next += 1;
        index.writing = index.writing.saturating_sub(1);
        index.entries.insert(number, self.bytes);
        drop(index);
        self.whole = true;
        File::open(&self.spool.folder)?.sync_all()?;
        self.spool.arrived.notify_one();
        Ok(())
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        if self.whole {
            return;
        }
        let _ = fs::remove_file(&self.path);
        let mut index = self.spool.index();
        index.writing = index.writing.saturating_sub(1);
        index.bytes = index.bytes.saturating_sub(self.bytes);
    }
}

fn full() -> io::Error {
    io::Error::new(ErrorKind::QuotaExceeded, "the reserve is full")
}

/// 32 hex digits that nobody can guess.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
#[path = "spool/tests.rs"]
mod tests;
