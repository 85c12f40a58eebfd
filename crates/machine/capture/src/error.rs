//! Why nothing could be captured. What is only missing from a capture is a soft error of its snapshot instead.

use std::io;

use wer_sys::ProcessError;

/// Why a process could not be captured at all.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It ended before anything could be had.
    #[error("process {pid} is gone")]
    TargetGone {
        /// Which.
        pid: u32,
    },
    /// The kernel refuses.
    #[error("process {pid} may not be captured: {what}")]
    NotPermitted {
        /// Which.
        pid: u32,
        /// What was refused, why, and what to do.
        what: String,
    },
    /// It executed another program while it was looked at.
    #[error("process {pid} started another program while it was being captured; capture it again")]
    AnotherProgram {
        /// Which.
        pid: u32,
    },
    /// It has ended and waits for its parent.
    #[error(
        "process {pid} has ended already and only waits for its parent (a zombie); nothing is left to capture"
    )]
    Zombie {
        /// Which.
        pid: u32,
    },
    /// It is a thread of the kernel.
    #[error("process {pid} belongs to the kernel itself; it has no memory of its own to capture")]
    KernelThread {
        /// Which.
        pid: u32,
    },
    /// It is a 32-bit program.
    #[error("process {pid} is a 32-bit program; only x86-64 programs can be captured")]
    ThirtyTwoBit {
        /// Which.
        pid: u32,
    },
    /// It is the process that asks.
    #[error("a process cannot capture itself; let another process do it, e.g. `wer dump {pid}`")]
    OwnProcess {
        /// Which.
        pid: u32,
    },
    /// A file of `/proc` could not be read.
    #[error("{0}")]
    Process(ProcessError),
    /// A crash request says what is not so.
    #[error("the crash request for process {pid} was refused: {reason}")]
    Request {
        /// The process that it names.
        pid: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// The state of the capture could not be written into the process.
    #[error("the registration block of process {pid} could not be written: {reason}")]
    CaptureState {
        /// Which.
        pid: u32,
        /// Why.
        reason: String,
    },
    /// A thread of ours could not be started.
    #[error("no thread could be started to stop process {pid}: {source}")]
    Tracer {
        /// Which.
        pid: u32,
        /// The kernel's error.
        source: io::Error,
    },
    /// The program to supervise could not be run.
    #[error("{program} could not be run: {source}")]
    Run {
        /// The program.
        program: String,
        /// The kernel's error.
        source: io::Error,
    },
    /// The kernel's coredump socket spoke another language.
    #[error("the kernel's coredump socket: {0}")]
    Socket(String),
}

impl From<ProcessError> for CaptureError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Gone { pid } => Self::TargetGone { pid },
            ProcessError::NotPermitted { pid, what } => Self::NotPermitted { pid, what },
            other => Self::Process(other),
        }
    }
}
