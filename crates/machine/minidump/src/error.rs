//! Why a dump could not be written, and what `GetLastError` says then.

use std::io;

use wer_abi::Hresult;
use wer_copy::{CopyError, Range};

use crate::callbacks::io_status;
use crate::callbacks::session::UNREADABLE;
use crate::options::InvalidFlags;

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
    /// The caller wanted no more of it.
    #[error("the dump was cancelled")]
    Cancelled,
    /// Memory could not be read, and the caller or the dump's type wanted no dump without it.
    #[error("memory from {:#x} to {:#x} could not be read, and the dump was not wanted without it", range.start, range.end)]
    Unreadable {
        /// The memory.
        range: Range,
        /// The `HRESULT`, the caller's where it gave one.
        status: i32,
    },
    /// The flags cannot be had.
    #[error(transparent)]
    InvalidFlags(#[from] InvalidFlags),
    /// A callback's answer cannot be true.
    #[error("the answer of {callback} cannot be used: {what}")]
    Callback {
        /// Its name in `minidumpapiset.h`.
        callback: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The caller could not finish the file that it wrote.
    #[error("the caller's IoFinishCallback failed with {:#010x}", *status as u32)]
    NotFinished {
        /// What it answered.
        status: i32,
    },
}

impl DumpError {
    /// What `GetLastError` says after a failed `MiniDumpWriteDump`.
    #[must_use]
    pub fn hresult(&self) -> i32 {
        match self {
            Self::NoSpace { .. } => Hresult::from_win32(ERROR_DISK_FULL).0,
            Self::Write(error) => io_status(error).unwrap_or(Hresult::from_win32(ERROR_WRITE_FAULT).0),
            Self::StreamsTooLarge { .. } => Hresult::from_win32(ERROR_FILE_TOO_LARGE).0,
            Self::Cancelled => Hresult::from_win32(ERROR_CANCELLED).0,
            Self::Unreadable { status, .. } | Self::NotFinished { status } => *status,
            Self::InvalidFlags(error) => error.hresult(),
            Self::Callback { .. } => Hresult::E_INVALIDARG.0,
        }
    }

    pub(crate) fn lie(callback: &'static str, what: String) -> Self {
        Self::Callback { callback, what }
    }
}

const ERROR_WRITE_FAULT: u32 = 29;
const ERROR_DISK_FULL: u32 = 112;
const ERROR_FILE_TOO_LARGE: u32 = 223;
const ERROR_CANCELLED: u32 = 1223;

impl From<CopyError> for DumpError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::NoSpace { needed_bytes } => Self::NoSpace { needed_bytes },
            CopyError::Write(error) => Self::Write(error),
            CopyError::Cancelled => Self::Cancelled,
            CopyError::Unreadable { range } => Self::Unreadable { range, status: UNREADABLE.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_the_documented_hresult() {
        let of = |error: DumpError| error.hresult() as u32;
        assert_eq!(of(DumpError::Cancelled), 0x8007_04C7);
        assert_eq!(of(CopyError::Cancelled.into()), 0x8007_04C7);
        assert_eq!(of(DumpError::NoSpace { needed_bytes: 1 }), 0x8007_0070);
        assert_eq!(of(DumpError::Write(io::ErrorKind::BrokenPipe.into())), 0x8007_001D);
        assert_eq!(of(DumpError::StreamsTooLarge { bytes: 2, limit_bytes: 1 }), 0x8007_00DF);
        assert_eq!(of(CopyError::Unreadable { range: Range::new(1, 2) }.into()), 0x8007_012B);
        assert_eq!(of(InvalidFlags::UnusedStream.into()), 0x8007_0057);
        assert_eq!(of(DumpError::lie("MemoryCallback", String::new())), 0x8007_0057);
        assert_eq!(of(DumpError::NotFinished { status: -5 }), -5_i32 as u32);
    }
}
