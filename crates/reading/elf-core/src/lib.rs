//! An ELF core file made back from a minidump, so that gdb, and everything else that knows cores, opens it.
//!
//! It stands behind `wer-dump`, which reads the dump; `docs/formats/core-files.md` says what becomes what. [`plan`] decides
//! from the dump's streams alone what the core will hold, [`CorePlan::write`] moves the memory, piece by piece, so that
//! the largest dump needs little of ours; zeros become holes. The ELF header is written last: a core that was interrupted
//! does not look like one. A dump is outside data; nothing in it may make this crate panic or write without bound.

#![forbid(unsafe_code)]

mod error;
mod layout;
pub mod limits;
mod mappings;
mod notes;
mod plan;
mod registers;
mod segments;
mod source;
mod write;

pub use error::ElfCoreError;
pub use plan::{CorePlan, plan};
pub use source::ReadAt;
