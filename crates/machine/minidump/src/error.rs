//! Why a dump could not be written.

use std::io;

/// Why a dump could not be written. Messages name no path: whoever opened the file adds it.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The disk, or the user's share of it, is full. Nothing of the dump is left.
    #[error(
        "the disk is full: the dump needs about {needed_bytes} bytes; free some space or choose a smaller dump type"
    )]
    NoSpace {
        /// Size that the file would have had.
        needed_bytes: u64,
    },
    /// The file could not be written for another reason.
    #[error("the dump could not be written: {0}")]
    Write(#[source] io::Error),
    /// The process has more threads, mappings or modules than a dump can list.
    #[error("the dump's lists take {bytes} bytes, more than the {limit_bytes} that fit before its memory")]
    StreamsTooLarge {
        /// Bytes of header, directory and streams.
        bytes: u64,
        /// Room for them.
        limit_bytes: u64,
    },
}

impl DumpError {
    /// An error of writing to the file.
    pub(crate) fn of_write(error: io::Error, needed_bytes: u64) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::NoSpace { needed_bytes }
            }
            _ => Self::Write(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        for (errno, full) in [(28, true), (122, true), (27, true), (5, false), (13, false)] {
            let error = DumpError::of_write(io::Error::from_raw_os_error(errno), 4096);
            assert_eq!(matches!(error, DumpError::NoSpace { needed_bytes: 4096 }), full, "errno {errno}");
            assert_eq!(error.to_string().contains("4096 bytes"), full);
        }
    }
}
