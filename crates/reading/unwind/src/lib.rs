//! From a dump to stacks with names: every thread is unwound, every frame is named.
//!
//! Third step of reading, after `wer-dump` and `wer-symbols`; `wer-signature` and whoever shows stacks come after it.
//! The walk crosses signal frames and from one stack to another (a handler on its alternate stack), which is why it
//! is done here over all of the dump's memory and not by `minidump-unwind`, whose walker sees one stack at a time and
//! has no limit on its length. Dumps are outside data: nothing here may panic, loop, or grow with what a dump claims.

#![forbid(unsafe_code)]

mod analyze;
mod caller;
pub mod limits;
mod naming;
mod text;
mod walk;
mod walker;

pub use analyze::{UnwindError, analyze, analyze_dump, analyze_file};
pub use text::{escape, render_text};
