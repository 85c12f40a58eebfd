//! A disk: its tree, its power, and what a test tells it to do wrong.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::Errno;

use crate::tree::{Content, Tree};

/// Syncs that a disk can be told to ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// `fsync` and `fdatasync` of files.
    Files,
    /// `fsync` of folders.
    Folders,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tree: Tree,
    has_power: bool,
    changes: u64,
    cut_after: Option<u64>,
    ignored: Vec<(Syncs, PathBuf)>,
    free_bytes: Option<u64>,
}

impl Default for Disk {
    fn default() -> Self {
        Self::of(Tree::new())
    }
}

impl Disk {
    fn of(tree: Tree) -> Self {
        let state = State {
            tree,
            has_power: true,
            changes: 0,
            cut_after: None,
            ignored: Vec::new(),
            free_bytes: None,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing is done, and every program gets EIO.
    pub fn cut_power(&self) {
        self.state().has_power = false;
    }

    /// Cuts the power after so many more changes: writes, names and syncs.
    pub fn cut_power_after(&self, changes: u64) {
        let mut state = self.state();
        state.cut_after = Some(state.changes + changes);
    }

    /// Whether it still works.
    #[must_use]
    pub fn has_power(&self) -> bool {
        self.state().has_power
    }

    /// Writes, names and syncs so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Says that syncs of what lies below a path (relative to the root) were done, and does nothing.
    pub fn ignore(&self, syncs: Syncs, below: &Path) {
        self.state().ignored.push((syncs, below.to_owned()));
    }

    /// Room for so many more bytes of files; `None` for any number. Beyond it, writes get ENOSPC.
    pub fn set_free_bytes(&self, bytes: Option<u64>) {
        self.state().free_bytes = bytes;
    }

    /// The disk that a restart finds. Chance decides what else than what was synced is on it; the same seed decides alike.
    #[must_use]
    pub fn restarted(&self, seed: u64) -> Self {
        Self::of(self.state().tree.after_power_loss(&mut fastrand::Rng::with_seed(seed)))
    }
}

impl State {
    /// To be called before anything is looked at.
    pub(crate) fn powered(&mut self) -> Result<&mut Self, Errno> {
        if self.has_power { Ok(self) } else { Err(Errno::EIO) }
    }

    /// To be called before anything is changed.
    pub(crate) fn changing(&mut self) -> Result<&mut Self, Errno> {
        self.powered()?;
        if self.cut_after.is_some_and(|last| self.changes >= last) {
            self.has_power = false;
            return Err(Errno::EIO);
        }
        self.changes += 1;
        Ok(self)
    }

    /// Takes room for bytes that a file is to have at its end.
    fn take(&mut self, file: u64, len: usize) -> Result<(), Errno> {
        let more = len.saturating_sub(self.tree.file(file)?.len()) as u64;
        if let Some(free) = &mut self.free_bytes {
            *free = free.checked_sub(more).ok_or(Errno::ENOSPC)?;
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, file: u64, offset: usize, bytes: &[u8]) -> Result<(), Errno> {
        let end = offset.checked_add(bytes.len()).ok_or(Errno::EFBIG)?;
        self.take(file, end)?;
        self.tree.file(file)?.write(offset, bytes);
        Ok(())
    }

    pub(crate) fn resize(&mut self, file: u64, len: usize) -> Result<(), Errno> {
        self.take(file, len)?;
        self.tree.file(file)?.resize(len);
        Ok(())
    }

    pub(crate) fn sync(&mut self, number: u64) -> Result<(), Errno> {
        let kind = match self.tree.node(number)?.content {
            Content::Folder(_) => Syncs::Folders,
            _ => Syncs::Files,
        };
        let path = self.tree.path(number);
        if self.ignored.iter().any(|(syncs, below)| *syncs == kind && path.starts_with(below)) {
            return Ok(());
        }
        self.tree.sync(number)
    }

    /// Free and used bytes, as `statfs` tells them.
    pub(crate) fn room(&self) -> (u64, u64) {
        (self.free_bytes.unwrap_or(1 << 40), self.tree.used_bytes())
    }
}
