//! Writes minidumps of Linux processes: the stage between a captured process and its report.
//!
//! A dump is made in two phases, so that the process is stopped only for copying:
//!
//! 1. [`plan`] decides which memory is wanted. It reads a bounded number of bytes (the loader's list of libraries).
//! 2. [`DumpPlan::copy`] reads that memory: up to [`limits::IN_MEMORY_MAX_BYTES`] into memory, more straight to its place
//!    in the file. **After it, nothing reads the process**, and whoever stopped it can let it go.
//! 3. [`CopiedDump::write`] writes streams, directory and, last of all, the header: a file without its signature is
//!    what an interrupted write leaves, never one that only looks whole.
//!
//! ```text
//! header 32 | directory | streams, strings, contexts, memory list | memory
//! ```
//!
//! Only 64-bit memory lists can point beyond 4 GiB, so everything else comes before the memory. Layouts are those of
//! `minidumpapiset.h` (little endian, packed to 4 bytes) with Breakpad's conventions for Linux; `docs/minidump.md` says
//! what each dump type holds, `docs/formats/private-streams.md` what our own streams do.
//!
//! This crate knows no operating system call but writing to the file it is given, and must never trust a size, a
//! pointer or a string that comes from the process.

#![forbid(unsafe_code)]

pub mod check;
pub mod flags;
pub mod limits;

mod context;
mod copy;
mod dso;
mod error;
mod layout;
mod options;
mod plan;
mod range;
mod soft_errors;
mod streams;
mod write;

pub use copy::CopiedDump;
pub use error::DumpError;
pub use options::DumpOptions;
pub use plan::{DumpPlan, plan, plan_registered};
pub use write::DumpSummary;
