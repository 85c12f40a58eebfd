//! The report: from a snapshot and what its modules answered to the values of `Report.wer`, and to its bytes.
//!
//! It stands between capture, modules and dumps on one side and the store and the upload on the other. Everything here
//! is a pure function: no clock, no file, no environment. It must never decide whether something is kept or sent.
//!
//! - [`build_report`]: event type, parameters, metadata, modules, what is missing.
//! - [`build_hang_report`]: the same of a hang.
//! - [`build_generic_report`]: a report that a program made itself.
//! - [`report_wer`]: `Report.wer`, written and read.
//! - [`internal_metadata`][]: `WERInternalMetadata.xml`.
//! - [`folder_name`]: the report's folder in the store.
//! - [`event_record`], [`crash_record`], [`hang_record`]: the event log's records.

#![forbid(unsafe_code)]

mod build;
mod event;
pub mod filetime;
mod folder_name;
mod generic;
mod hang;
pub mod internal_metadata;
pub mod limits;
pub mod report_wer;
mod signature;
mod utf16;

pub use build::{ReportInputs, build_report};
pub use event::{crash_record, event_record, hang_record, report_status};
pub use folder_name::{folder_name, signature_hash};
pub use generic::{GenericFacts, build_generic_report};
pub use hang::{HangFacts, build_hang_report};
pub use signature::FAST_FAIL_STACK_COOKIE_CHECK_FAILURE;
