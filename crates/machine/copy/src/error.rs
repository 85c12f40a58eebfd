//! Why memory could not be copied.

use std::io;

use crate::range::Range;

/// Why memory could not be copied. Messages name no path: whoever opened the output adds it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The disk, or the user's share of it, is full. Nothing of the dump is left.
    #[error(
        "the disk is full: the dump needs about {needed_bytes} bytes; free some space or choose a smaller dump type"
    )]
    NoSpace {
        /// Size that the file would have had, uncompressed.
        needed_bytes: u64,
    },
    /// The output could not be written for another reason.
    #[error("the dump could not be written: {0}")]
    Write(#[source] io::Error),
    /// The watcher wanted no more of it.
    #[error("the dump was cancelled")]
    Cancelled,
    /// Memory could not be read, and the watcher wanted no dump without it.
    #[error("memory from {:#x} to {:#x} could not be read, and the dump was not wanted without it", range.start, range.end)]
    Unreadable {
        /// The memory.
        range: Range,
    },
}

impl CopyError {
    /// An error of writing a file of about this size.
    #[must_use]
    pub fn of_write(error: io::Error, needed_bytes: u64) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { needed_bytes },
            _ => Self::Write(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        for (errno, full) in [(28, true), (122, true), (27, false), (5, false), (13, false), (32, false)] {
            let error = CopyError::of_write(io::Error::from_raw_os_error(errno), 4096);
            assert_eq!(matches!(error, CopyError::NoSpace { needed_bytes: 4096 }), full, "errno {errno}");
            assert_eq!(error.to_string().contains("4096 bytes"), full);
        }
    }
}
