//! What a child is asked to do. Written by the server, so it is trusted; nothing in it comes from a report.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wer_symbols::SymbolConfig;

use crate::limits::{ADDRESS_SPACE_BYTES, CPU_SECONDS, MAX_UNPACKED_BYTES, WALL_CLOCK_MS};

/// What is analysed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A cab as a client sent it.
    Cab(PathBuf),
    /// A minidump alone.
    Dump(PathBuf),
}

/// What one analysis may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Milliseconds from start to answer.
    pub wall_clock_ms: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
    /// Bytes of address space; files that are mapped count.
    pub address_space_bytes: u64,
    /// Bytes that a cab may unpack to.
    pub unpacked_bytes: u64,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            wall_clock_ms: WALL_CLOCK_MS,
            cpu_seconds: CPU_SECONDS,
            address_space_bytes: ADDRESS_SPACE_BYTES,
            unpacked_bytes: MAX_UNPACKED_BYTES,
        }
    }
}

/// One analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisJob {
    /// What is analysed.
    pub source: Source,
    /// Existing folder in which a folder for this analysis is made; it is removed afterwards.
    pub work_dir: PathBuf,
    /// Folders below which ELF files of this machine are used; empty = those of the system's own programs and
    /// libraries.
    pub local_roots: Vec<PathBuf>,
    /// Folders of uploaded Breakpad symbol files.
    pub breakpad_dirs: Vec<PathBuf>,
    /// Use ELF files of this machine.
    pub read_local: bool,
    /// What it may use.
    pub limits: JobLimits,
}

impl AnalysisJob {
    /// A job that uses the system's own files and nothing uploaded.
    #[must_use]
    pub fn new(source: Source, work_dir: PathBuf) -> Self {
        Self {
            source,
            work_dir,
            local_roots: Vec::new(),
            breakpad_dirs: Vec::new(),
            read_local: true,
            limits: JobLimits::default(),
        }
    }

    /// Where the child looks for symbols: never anywhere.
    pub(crate) fn symbols(&self) -> SymbolConfig {
        let local_roots = match self.local_roots.is_empty() {
            true => SymbolConfig::system_roots(),
            false => self.local_roots.clone(),
        };
        SymbolConfig { local_roots, breakpad_dirs: self.breakpad_dirs.clone(), read_local: self.read_local }
    }
}
