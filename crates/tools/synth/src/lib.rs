//! Minidumps put together field by field, for tests of everything that reads them.
//!
//! Beside the pipeline: it shares no struct, constant or line with `wer-minidump`, `wer-check` or `wer-inspect`, so that a
//! layout that is wrong in one of them is not wrong here too; and it writes whatever a test asks for, right or not. Sections
//! are placed one after another at the alignment that their kind needs; places are known as soon as a section is added.

#![forbid(unsafe_code)]

mod contexts;
mod dump;
mod lists;
mod section;

pub use contexts::{Amd64, amd64_extended, x86};
pub use dump::{Place, Synth, put_u32, stream_at};
pub use lists::{Exception, MemoryInfo, Module, Thread};
pub use section::Section;
