//! Why there is no dump, for a person and as the HRESULT that `GetLastError` gives.

use std::io;
use std::path::PathBuf;

use wer_abi::Hresult;
use wer_capture::CaptureError;
use wer_minidump::{DumpError, InvalidFlags};

/// Why there is no dump.
#[derive(Debug, thiserror::Error)]
pub enum MinidumpError {
    /// The process could not be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The dump could not be made.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The file exists.
    #[error("{} exists already; remove it, name another file, or allow to overwrite it", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// Only regular files are overwritten.
    #[error("{} is no regular file, so no dump is written there", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The file could not be made, or not be given its name.
    #[error("{} cannot be made: {source}", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// There is nowhere to write to.
    #[error("no file was given, and no callback wants to write the dump itself")]
    NoOutput,
    /// The exception information makes no sense.
    #[error("the exception information cannot be used: {0}")]
    Exception(String),
    /// A callback asked for a dump of the own process while one was being made.
    #[error(
        "a dump of process {pid} is being made by this very thread; a callback cannot ask for another one"
    )]
    Nested {
        /// The process.
        pid: u32,
    },
    /// The child that was to write the dump of its own parent could not be started.
    #[error("a dump of the own process needs a child process, which could not be started: {0}")]
    Child(#[source] io::Error),
    /// That child ended before it had written the dump.
    #[error("the child process that wrote the dump ended too early ({0})")]
    ChildEnded(String),
    /// That child could not do it.
    #[error("{message}")]
    InChild {
        /// What it said.
        message: String,
        /// Its error as an HRESULT.
        hresult: i32,
    },
}

impl From<InvalidFlags> for MinidumpError {
    fn from(error: InvalidFlags) -> Self {
        Self::Dump(error.into())
    }
}

impl MinidumpError {
    /// What `GetLastError` gives after `MiniDumpWriteDump`.
    #[must_use]
    pub fn hresult(&self) -> i32 {
        /// `ERROR_PARTIAL_COPY`.
        const PARTIAL_COPY: u32 = 299;
        match self {
            Self::Capture(error) => match error {
                CaptureError::NotPermitted { .. } => Hresult::E_ACCESSDENIED.0,
                CaptureError::TargetGone { .. } | CaptureError::AnotherProgram { .. } => {
                    Hresult::from_win32(PARTIAL_COPY).0
                }
                CaptureError::Zombie { .. } | CaptureError::KernelThread { .. } => Hresult::E_INVALIDARG.0,
                CaptureError::ThirtyTwoBit { .. } => Hresult::from_win32(50).0,
                _ => Hresult::E_FAIL.0,
            },
            Self::Dump(error) => error.hresult(),
            Self::Exists { .. } => Hresult::from_win32(80).0,
            Self::NotAFile { .. } => Hresult::E_INVALIDARG.0,
            Self::Create { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Hresult::from_win32(3).0,
                io::ErrorKind::PermissionDenied => Hresult::E_ACCESSDENIED.0,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Hresult::from_win32(112).0,
                _ => Hresult::E_FAIL.0,
            },
            Self::NoOutput => Hresult::E_HANDLE.0,
            Self::Exception(_) => Hresult::E_INVALIDARG.0,
            Self::Nested { .. } => Hresult::WER_E_INVALID_STATE.0,
            Self::Child(_) | Self::ChildEnded(_) => Hresult::E_FAIL.0,
            Self::InChild { hresult, .. } => *hresult,
        }
    }

    /// Whether whoever asked for it wanted no more of it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        /// `ERROR_CANCELLED`.
        const CANCELLED: u32 = 1223;
        self.hresult() == Hresult::from_win32(CANCELLED).0
    }
}
