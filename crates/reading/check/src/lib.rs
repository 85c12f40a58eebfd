//! A strict checker of the form of minidumps: sizes that match counts, everything inside the file, terminated, sorted where
//! that is promised, and nothing on top of anything else (`docs/inspect.md`).
//!
//! Beside the pipeline: every dump of the writer's tests passes it, and `wer inspect --check` shows it to people. It shares no
//! code with the writer or with `wer-inspect`, so that a layout cannot be wrong twice. What the format leaves open but
//! this system's writer promises (alignment, order, one context for exception and thread) is asked of its dumps only; they
//! are known by their WER info stream.
//!
//! Bytes come from anywhere: the checker never panics, and its work and memory are bounded by the file's size.

#![forbid(unsafe_code)]

mod bytes;
mod checker;
mod context;
pub mod limits;
mod streams;
mod strings;
mod violation;

pub use checker::check;
pub use violation::{Kind, Violation};
