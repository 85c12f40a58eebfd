//! The nouns of the system as plain values: report, signature, event record, last words, module outcomes, stacks,
//! consent, and what a server answers. Stages hand these to one another; nothing here does I/O.

pub mod consent;
pub mod event;
pub mod label;
pub mod module;
pub mod report;
pub mod stack;
pub mod submit;
pub mod words;

pub use consent::{Consent, ConsentChoice};
pub use event::{CrashRecord, EventRecord, HangRecord};
pub use label::{LABEL_VERSION, label};
pub use module::{ModuleLevel, ModuleOutcome, ModuleVerdict};
pub use report::{
    AttachedFile, DumpSlot, FileKind, Parameter, Report, ReportId, ReportState, ReportType, Signature,
    Statement,
};
pub use stack::{Analysis, AnalysisModule, Frame, FrameTrust, ThreadStack};
pub use submit::{BucketReply, SubmitOutcome, SubmitResult, file_marks, submit_marks};
pub use words::{LastWords, LastWordsSource, SoftError, Stage};
