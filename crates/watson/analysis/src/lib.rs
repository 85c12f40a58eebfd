//! The analysis of one cab or dump in a process of its own.
//!
//! A cab and everything in it was made by somebody else's machine, and the parsers for it are large. So the server never
//! reads one: [`analyze_in_child`] starts `watson analyze --child`, hands it a job on its standard input, and checks
//! the answer like any other hostile input. [`child_main`] is that child: it gives up every right that it does not need
//! (`confine`), unpacks, unwinds, and writes one JSON document. Nothing here knows HTTP or the database.

#![forbid(unsafe_code)]

mod answer;
mod cab_file;
mod check;
mod child;
mod confine;
mod error;
mod job;
pub mod limits;
mod parent;
mod read;
mod report_wer;

pub use answer::{AnalysisAnswer, BlockAnswer, FileAnswer, ReportFields};
pub use cab_file::{CabError, CabLimits, UnpackedCab, UnpackedFile, unpack_cab};
pub use child::child_main;
pub use error::AnalysisError;
pub use job::{AnalysisJob, JobLimits, Source};
pub use parent::analyze_in_child;
pub use report_wer::parse_report_wer;
