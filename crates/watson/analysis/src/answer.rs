//! What a child answers; the schema is documented in `docs/formats/analysis.md`.

use serde::{Deserialize, Serialize};
use wer_model::{Analysis, LastWords, Parameter};
use wer_signature::SignatureV1;

/// The version of the schema.
pub(crate) const ANSWER_VERSION: u32 = 1;

/// One analysed cab or dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalysisAnswer {
    /// Version of this schema: 1.
    pub version: u32,
    /// What the dump says; `None` = there was none that could be read, and the notes say why.
    pub analysis: Option<Analysis>,
    /// Signature of the crashed thread's stack.
    pub signature: Option<SignatureV1>,
    /// Function that the crash is blamed on.
    pub top_function: Option<String>,
    /// Memory that the application had registered.
    pub registered_blocks: Vec<BlockAnswer>,
    /// The application's own metadata.
    pub metadata: Vec<Parameter>,
    /// What the process said.
    pub last_words: Option<LastWords>,
    /// What `Report.wer` says; `None` = there was none.
    pub report: Option<ReportFields>,
    /// Files of the cab, in its order.
    pub files: Vec<FileAnswer>,
    /// Sentences: what modules did, what is missing, what was left out.
    pub notes: Vec<String>,
}

/// A registered memory block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockAnswer {
    /// Address in the process.
    pub address: u64,
    /// Bytes that were registered.
    pub size_bytes: u64,
    /// The bytes that are here, in lower-case hex; perhaps fewer.
    pub hex: String,
}

/// A file of the cab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAnswer {
    /// Its name: one component, printable ASCII.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u64,
}

/// What a `Report.wer` says, of Windows or ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportFields {
    /// `EventType=`.
    pub event_type: String,
    /// `ReportIdentifier=`, as it stands there.
    pub report_id: String,
    /// `AppName=`.
    pub application_name: String,
    /// `AppPath=`.
    pub application_path: String,
    /// `EventTime=`: 100 ns since 1601-01-01 UTC.
    pub event_time_filetime: Option<u64>,
    /// `Linux.CaptureSource=`; empty for Windows' reports.
    pub capture_source: String,
    /// `Sig[n]`: P1 to P10.
    pub parameters: Vec<Parameter>,
    /// `DynamicSig[n]`.
    pub dynamic_parameters: Vec<Parameter>,
    /// `Metadata[n]`.
    pub metadata: Vec<Parameter>,
    /// `LastWords`.
    pub last_words: Option<LastWords>,
    /// `LoadedModule[n]`.
    pub loaded_modules: Vec<String>,
    /// Sentences about `Module[n]` and `SoftError[n]`.
    pub notes: Vec<String>,
}
