//! Reading the log while others write it: each line once, whole, in order, through rotations.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use super::{EventLog, LOG, LogEntries};
use crate::StoreError;
use crate::directory::Directory;
use crate::limits::MAX_EVENT_LINE_BYTES;

/// Reads what is there, then what comes.
#[derive(Debug)]
pub struct Follower {
    root: Directory,
    names: Vec<String>,
    /// The log that is being read, and where the next line begins. A rotation renames it; the open file stays the same.
    current: Option<(File, u64)>,
}

impl Follower {
    /// Begins before the oldest entry.
    pub(super) fn at_start(log: &EventLog) -> Result<Self, StoreError> {
        Ok(Self { root: Directory::open(log.root.path())?, names: log.names().collect(), current: None })
    }

    /// The entries that came since the last call; at the first one, all.
    ///
    /// # Errors
    /// A log that is there cannot be read.
    pub fn read_new(&mut self) -> Result<LogEntries, StoreError> {
        let mut all = LogEntries::default();
        // The row of logs is looked at before the open one is read to its end: a writer that rotates between the two has
        // then written its last line before that end.
        loop {
            let mut newer = self.newer()?;
            if let Some((file, offset_bytes)) = &mut self.current {
                let is_over = !newer.is_empty();
                *offset_bytes = read_lines(file, *offset_bytes, is_over, &mut all)
                    .map_err(StoreError::io("read", self.root.join(LOG)))?;
            }
            match newer.pop_front() {
                Some(file) => self.current = Some((file, 0)),
                None => return Ok(all),
            }
        }
    }

    /// The logs after the one that is being read, oldest first, opened at one time.
    fn newer(&self) -> Result<VecDeque<File>, StoreError> {
        let inode_of = |file: &File| file.metadata().map(|metadata| metadata.ino());
        let failed = || StoreError::io("look at", self.root.join(LOG));
        let own = match &self.current {
            Some((file, _)) => Some(inode_of(file).map_err(failed())?),
            None => None,
        };
        // From the newest to the oldest, as a rotation moves them: one that is moved on meanwhile is seen twice, and none
        // is missed.
        let (mut files, mut inodes) = (VecDeque::new(), Vec::new());
        for name in self.names.iter().rev() {
            let file = match self.root.open_file(name) {
                Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    continue;
                }
                opened => opened?,
            };
            let inode = inode_of(&file).map_err(failed())?;
            if Some(inode) == own {
                break;
            }
            if !inodes.contains(&inode) {
                inodes.push(inode);
                files.push_front(file);
            }
        }
        Ok(files)
    }

    /// Waits until the store's root changes in a way that may mean a new entry, and calls `entries` with what came; ends
    /// when it answers false.
    ///
    /// # Errors
    /// The log cannot be read, or the system has no watch to give.
    pub fn follow(&mut self, mut entries: impl FnMut(LogEntries) -> bool) -> Result<(), StoreError> {
        let watch = self.watch()?;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        loop {
            if !entries(self.read_new()?) {
                return Ok(());
            }
            // One read takes all that has happened so far, or waits.
            match inotify::Reader::new(&watch, &mut buffer).next() {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(StoreError::io("watch", self.root.path())(error)),
            }
        }
    }

    fn watch(&self) -> Result<OwnedFd, StoreError> {
        let failed = || StoreError::io("watch", self.root.path());
        let watch = inotify::init(CreateFlags::CLOEXEC).map_err(failed())?;
        let flags = WatchFlags::MODIFY | WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::ONLYDIR;
        inotify::add_watch(&watch, self.root.path(), flags).map_err(failed())?;
        Ok(watch)
    }
}

/// Reads whole lines from an offset and returns where the next one begins. A last line without an end is being written,
/// or was torn by power loss; where the log `is_over`, it counts as torn.
fn read_lines(
    file: &mut File,
    start_bytes: u64,
    is_over: bool,
    all: &mut LogEntries,
) -> std::io::Result<u64> {
    file.seek(SeekFrom::Start(start_bytes))?;
    let mut reader = BufReader::new(file);
    let mut next_bytes = start_bytes;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.by_ref().take(MAX_EVENT_LINE_BYTES).read_until(b'\n', &mut line)? as u64;
        let is_whole = line.ends_with(b"\n");
        if length == 0 || (!is_whole && length < MAX_EVENT_LINE_BYTES && !is_over) {
            return Ok(next_bytes);
        }
        next_bytes += length;
        match serde_json::from_slice(&line) {
            Ok(entry) => all.entries.push(entry),
            Err(_) => all.skipped += 1,
        }
    }
}
