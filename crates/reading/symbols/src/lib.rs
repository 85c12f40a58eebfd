//! Names, source lines and call frame information for the modules of a dump: from ELF files on this machine and from
//! uploaded Breakpad symbol files.
//!
//! Second step of reading: `wer-dump` says which modules there are, this crate says what lies at an address in them,
//! and `wer-unwind` walks the stacks with it. Module paths come from the dump, and files may have been made by anybody:
//! both are outside data. A local file counts only if its build id is the dump's. The crate never writes, never uses
//! the network and runs no other program; what goes wrong with one module is a note and costs that module only.

mod bytes;
mod cfi;
mod config;
mod debug_files;
mod elf;
mod expression;
mod identity;
pub mod limits;
mod local;
mod names;
mod provider;
mod symbol_table;
mod unwind_table;
mod uploaded;

pub use cfi::{Recovered, Step};
pub use config::SymbolConfig;
pub use names::demangle;
pub use provider::{InlineCall, LocalAndUploaded, Resolved};

pub use minidump_unwind::{FrameSymbolizer, FrameWalker, SymbolProvider};
