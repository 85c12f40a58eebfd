//! The file that is changed: read by the reader's rules, replaced by one rename, one writer at a time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use wer_sys::atomic_file::write_atomically;

use super::EditError;
use crate::limits::{LOCK_POLL, LOCK_WAIT, MAX_FILE_BYTES};
use crate::read;

/// Settings are read by the reporter under every user, and hold no secret.
const MODE: u32 = 0o644;

/// The file's text; nothing where there is no file.
pub(super) fn read(file: &Path) -> Result<String, EditError> {
    let read = read::text(file);
    let text = read.map_err(|reason| EditError::Unreadable { file: file.to_path_buf(), reason })?;
    Ok(text.unwrap_or_default())
}

/// The file, while no other writer changes it: its folder is locked, because the file itself is replaced.
#[derive(Debug)]
pub(super) struct Locked {
    file: PathBuf,
    _folder: File,
}

impl Locked {
    /// Makes the folder if it is missing, and waits for other writers.
    pub(super) fn take(file: &Path) -> Result<Self, EditError> {
        let failed = |source: io::Error| EditError::Io { file: file.to_path_buf(), source };
        let folder = file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(failed)?;
        let folder = File::open(folder).map_err(failed)?;
        let give_up = Instant::now() + LOCK_WAIT;
        loop {
            match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { file: file.to_path_buf(), _folder: folder }),
                Err(Errno::WOULDBLOCK) if Instant::now() < give_up => thread::sleep(LOCK_POLL),
                Err(Errno::WOULDBLOCK) => return Err(EditError::Busy(file.to_path_buf())),
                Err(error) => return Err(failed(error.into())),
            }
        }
    }

    /// Puts a new text in place of the old one.
    pub(super) fn replace(&self, text: &str) -> Result<(), EditError> {
        let failed = |source: io::Error| EditError::Io { file: self.file.clone(), source };
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(failed(io::Error::other(format!("it would have more than {MAX_FILE_BYTES} bytes"))));
        }
        write_atomically(&self.file, MODE, text.as_bytes()).map_err(failed)
    }
}
