//! Why a core file could not be read at all. What is only missing is a soft error of the snapshot.

use std::io;
use std::path::PathBuf;

/// Why a core file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CoreFileError {
    /// It could not be opened or read.
    #[error("the core file {} cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{} is not a regular file; write the core to a file first", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{} is no core file: {what}", path.display())]
    NotACore {
        /// Which.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// It is the core of a 32-bit program.
    #[error("{} is the core of a 32-bit program; only cores of x86-64 programs can be read", path.display())]
    ThirtyTwoBit {
        /// Which.
        path: PathBuf,
    },
    /// It is the core of a program of another processor.
    #[error("{} is the core of a program for {machine}; only cores of x86-64 programs can be read", path.display())]
    OtherArchitecture {
        /// Which.
        path: PathBuf,
        /// The processor.
        machine: String,
    },
    /// Nothing of it can be used.
    #[error("the core file {} is damaged: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// It could not be unpacked into a temporary file.
    #[error(
        "{} could not be unpacked in {}: {source}; name a folder with more room by TMPDIR",
        path.display(),
        folder.display()
    )]
    Unpack {
        /// Which.
        path: PathBuf,
        /// Where the temporary file is.
        folder: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// Whoever asked wanted no more.
    #[error("reading {} was cancelled", path.display())]
    Cancelled {
        /// Which.
        path: PathBuf,
    },
}
