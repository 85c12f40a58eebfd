//! What a process said before it died, and what went wrong while we looked at it.

use serde::{Deserialize, Serialize};

/// Where last words come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastWordsSource {
    /// glibc's `__abort_msg`: assertions, heap corruption, stack smashing.
    GlibcAbortMessage,
    /// A Rust panic's message and place.
    RustPanic,
    /// The type and `what()` of an uncaught C++ exception.
    CppException,
    /// `WerSetLastWords()`.
    Application,
}

/// What a process said before it died; at most 4 KiB, user data for consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    /// Who kept them.
    pub source: LastWordsSource,
    /// The words.
    pub text: String,
}

/// The stage in which something was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the registration block.
    Registration,
    /// Capturing the process.
    Capture,
    /// Asking its modules.
    Modules,
    /// Writing a dump.
    Dump,
    /// Making the report.
    Report,
    /// Keeping it.
    Store,
    /// Sending it.
    Upload,
}

/// Something that could not be had; the report is written without it and says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftError {
    /// Where.
    pub stage: Stage,
    /// A whole sentence: what is missing, and why.
    pub message: String,
}

impl SoftError {
    /// A soft error of `stage`.
    pub fn new(stage: Stage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into() }
    }
}
