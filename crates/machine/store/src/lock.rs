//! The store's lock: steps that change a report's state happen one at a time. It is a `flock`, so it ends with its
//! holder, however that ends.

use std::fs::File;
use std::thread;
use std::time::Instant;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::StoreError;
use crate::directory::Directory;
use crate::limits::{LOCK_POLL, LOCK_WAIT};

/// The lock's file in the store's root.
pub(crate) const LOCK_FILE: &str = ".lock";

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the descriptor")] File);

impl Lock {
    /// Waits for the lock, at most [`LOCK_WAIT`]: a stopped process must not hold up a crash.
    pub(crate) fn take(root: &Directory) -> Result<Self, StoreError> {
        let file = root.open_or_new_file(LOCK_FILE, OFlags::RDWR)?;
        let give_up = Instant::now() + LOCK_WAIT;
        while !try_lock(&file).map_err(StoreError::io("lock", root.join(LOCK_FILE)))? {
            if Instant::now() >= give_up {
                return Err(StoreError::Busy { path: root.path().to_path_buf() });
            }
            thread::sleep(LOCK_POLL);
        }
        Ok(Self(file))
    }
}

/// Takes a file's or folder's lock; false when somebody holds it.
pub(crate) fn try_lock(file: impl std::os::fd::AsFd) -> rustix::io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error),
    }
}
