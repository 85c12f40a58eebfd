//! Writes minidumps of Linux processes: the stage between a captured process and its report.
//!
//! A dump is made in two phases, so that the process is stopped only for copying:
//!
//! 1. [`plan_with`] decides which memory is wanted. It reads a bounded number of bytes (the loader's list of libraries,
//!    and what the flags ask for beyond).
//! 2. [`DumpPlan::copy_to`] reads that memory: up to [`limits::IN_MEMORY_MAX_BYTES`] into memory, more straight to its
//!    place in the output. **After it, nothing reads the process**, and whoever stopped it can let it go.
//! 3. [`CopiedDump::write_to`] writes streams, directory and, last of all, the header: a file without its signature is
//!    what an interrupted write leaves, never one that only looks whole.
//!
//! [`plan`], [`DumpPlan::copy`] and [`CopiedDump::write`] are the same without anybody to ask, to a plain file.
//!
//! ```text
//! header 32 | directory | streams, strings, contexts, memory list | memory
//! ```
//!
//! Only 64-bit memory lists can point beyond 4 GiB, so everything else comes before the memory. Layouts are those of
//! `minidumpapiset.h` (little endian, packed to 4 bytes) with Breakpad's conventions for Linux; `docs/minidump.md` says
//! what each flag and type holds, and in which order the [`Callbacks`] are asked; `docs/formats/private-streams.md` what
//! our own streams do.
//!
//! This crate knows no operating system call, and must never trust a size, a pointer or a string that comes from the
//! process, nor an answer of its caller.

#![forbid(unsafe_code)]

pub mod callbacks;
pub mod flags;
pub mod limits;
pub mod options;

mod context;
mod copy;
mod dso;
mod error;
mod filter;
mod layout;
mod plan;
mod soft_errors;
mod streams;
mod write;

pub use callbacks::{
    CallbackInput, CallbackIo, CallbackOutput, Callbacks, ModuleInput, NoCallbacks, OutputValue,
    SharedCallbacks, ThreadInput, VmRegion,
};
pub use copy::CopiedDump;
pub use error::DumpError;
pub use options::{CustomOptions, DumpOptions, InvalidFlags, PreferredModules, UserStream};
pub use plan::{DumpPlan, plan, plan_registered, plan_with};
pub use write::DumpSummary;
