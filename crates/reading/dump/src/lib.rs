//! Reading a minidump: threads, modules, exception, memory, and the private streams of this system, as values.
//!
//! First step of everything that asks what a dump means; `wer-symbols` and `wer-unwind` come after it. A dump is
//! outside data: every count and size is checked against [`limits`] before memory is spent on it, and no byte of it
//! may make this crate panic. It never looks at anything but the dump.

mod blocks;
mod check;
mod compressed;
mod dump;
mod error;
mod file;
mod growing;
mod info;
pub mod limits;
mod memory;
mod raw;
mod registers;

pub use blocks::{RegisteredBlock, registered_blocks};
pub use compressed::{UnpackLimits, is_compressed};
pub use dump::{Dump, Exception, Thread};
pub use error::DumpError;
pub use file::DumpFile;
pub use info::WerInfo;
pub use memory::Memory;
pub use raw::{Mapping, RawException, RawThread, auxiliary_vector, mappings, raw_exception, raw_threads};
pub use registers::Registers;

/// The module record of the `minidump` crate, with the trait that names its ids.
pub use minidump::{MinidumpModule, Module};
