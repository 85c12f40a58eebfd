//! `wer-copy`: moves ranges of a process's memory to where a dump keeps them: into our own memory when there is little,
//! else straight to its place in the file, compressed or not, or through a caller's own I/O.
//!
//! The process stands still meanwhile, so this is written for speed: the caller's thread reads into a small ring of
//! buffers while another one writes them. It knows nothing of a dump's format but that its header, written last, is what
//! makes it one: whatever is interrupted before leaves no file with a signature.
//!
//! ```text
//! MemoryReader -> source (the watcher's say, excluded bytes zeroed) -> packer -> ring -> output
//!                                                                  \-> held -------------> output (at the end)
//! ```

#![forbid(unsafe_code)]

mod buffer;
mod copied;
mod copier;
mod error;
mod held;
mod holes;
mod job;
pub mod limits;
mod output;
mod packer;
pub mod range;
mod ring;
mod source;
mod watcher;

pub use copied::{Copied, Missing};
pub use copier::copy;
pub use error::CopyError;
pub use job::{CopyJob, Run, Wanted};
pub use output::{Output, WriteAt};
pub use range::Range;
pub use watcher::{Continue, Ignore, Unreadable, Watcher};
