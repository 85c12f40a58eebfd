//! What is kept of an analysis: the dump's stacks and what the report inside the cab said. Filled by the worker from
//! its child's answer, which is hostile input; read by the pages.

use serde::{Deserialize, Serialize};
use wer_model::{Analysis, LastWords, Parameter};

/// One analysed cab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Id that the machine gave the report.
    pub report_guid: Option<String>,
    /// What the dump says; `None` = no dump in the cab.
    pub analysis: Option<Analysis>,
    /// Server-side signature.
    pub signature: Option<String>,
    /// Function that the crash is blamed on.
    pub top_function: Option<String>,
    /// Signature pairs as `Report.wer` has them.
    pub parameters: Vec<Parameter>,
    /// The application's own metadata.
    pub metadata: Vec<Parameter>,
    /// What the process said.
    pub last_words: Option<LastWords>,
    /// Sentences: what modules did, what is missing.
    pub notes: Vec<String>,
    /// Memory that the application had registered.
    pub registered_blocks: Vec<RegisteredBlock>,
    /// Files of the cab.
    pub files: Vec<ReadFile>,
}

/// A registered memory block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredBlock {
    /// Address in the process.
    pub address: u64,
    /// Bytes that were registered.
    pub size_bytes: u64,
    /// Bytes that are here, in hex; perhaps fewer.
    pub hex: String,
}

/// A file of the cab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// Its name in the cab.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u64,
}
