//! Why there is no answer.

use std::path::PathBuf;
use std::process::ExitStatus;

/// An analysis that gave nothing. The texts go to the report's page.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The folder for the analysis could not be made.
    #[error("no folder for the analysis could be made in {}: {source}", work_dir.display())]
    WorkDir {
        /// Where.
        work_dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The child could not be started or talked to.
    #[error("the analysing process ({}) could not be started or asked: {source}", exe.display())]
    Child {
        /// The program.
        exe: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It did not answer in time and was ended.
    #[error("the analysis took longer than {limit_ms} ms and was ended")]
    TimedOut {
        /// The limit.
        limit_ms: u64,
    },
    /// It ended without an answer.
    #[error("the analysing process ended without an answer ({0})")]
    Ended(ExitStatus),
    /// Its answer was too long.
    #[error("the analysing process wrote more than {limit_bytes} bytes and was ended")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// Its answer is not what an answer may be.
    #[error("the analysing process gave no valid answer: {0}")]
    Invalid(String),
    /// It says that there is nothing to analyse.
    #[error("{0}")]
    Refused(String),
}
