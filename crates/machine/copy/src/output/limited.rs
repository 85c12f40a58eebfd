//! Writing to a file within the process's own limit (`RLIMIT_FSIZE`). One byte beyond it the kernel sends SIGXFSZ, which
//! ends a process that did not expect it; here it is an error like a full disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::process::{Resource, getrlimit};

/// Writes all of `bytes` at `offset`.
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    within_limit(offset.saturating_add(bytes.len() as u64))?;
    file.write_all_at(bytes, offset)
}

/// Gives the file a length.
pub(super) fn set_len(file: &File, length: u64) -> io::Result<()> {
    within_limit(length)?;
    file.set_len(length)
}

/// Whether the file may become so long.
pub(super) fn within_limit(length: u64) -> io::Result<()> {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if length > limit => {
            Err(io::Error::from_raw_os_error(rustix::io::Errno::FBIG.raw_os_error()))
        }
        _ => Ok(()),
    }
}
