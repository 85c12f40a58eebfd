//! What a minidump holds, stream by stream, as a tree of named values for people and programs (`docs/inspect.md`).
//!
//! Beside the pipeline: it reads dumps of this system, of Windows, of Breakpad and of Crashpad alike, straight from
//! their bytes and with no struct of the writer, so that what it shows is what is there. It never judges a dump (that is
//! `wer-check`), never follows anything but offsets within the file, and no byte of a dump may make it panic or spend
//! memory beyond [`limits`]. What cannot be read is a value that says so.

#![forbid(unsafe_code)]

mod budget;
mod bytes;
mod context;
mod file;
mod inspector;
mod json;
pub mod limits;
mod memory;
mod names;
mod record;
mod streams;
mod text;
mod time;
mod value;

pub use inspector::{Entry, InspectError, Inspector, Options};
pub use memory::hexdump;
pub use names::stream_name;
pub use text::render;
pub use value::{Field, Value};
