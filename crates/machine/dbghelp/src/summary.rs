//! What was written.

use serde::{Deserialize, Serialize};
use wer_minidump::DumpSummary;
use wer_model::SoftError;
use wer_snapshot::ProcessSnapshot;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The process.
    pub pid: u32,
    /// How it was captured: `live`, `fork_snapshot` or `own_process`.
    pub capture_source: String,
    /// Size of the dump, uncompressed.
    pub bytes: u64,
    /// Streams.
    pub streams: u64,
    /// Threads.
    pub threads: u64,
    /// Modules.
    pub modules: u64,
    /// Bytes of the process's memory.
    pub memory_bytes: u64,
    /// What is missing.
    pub soft_errors: Vec<SoftError>,
}

impl Summary {
    pub(crate) fn of(snapshot: &ProcessSnapshot, written: DumpSummary) -> Self {
        let soft_errors = snapshot.soft_errors.iter().cloned().chain(written.soft_errors).collect();
        Self {
            pid: snapshot.process.pid,
            capture_source: snapshot.source.name().to_owned(),
            bytes: written.bytes,
            streams: written.streams as u64,
            threads: written.threads as u64,
            modules: written.modules as u64,
            memory_bytes: written.memory_bytes,
            soft_errors,
        }
    }
}
