//! `MiniDumpWriteDump` as a safe Rust API: joins the capture of a process, the moving of its memory, and the writer of
//! minidumps. The command line uses it, and `libwerdbghelp.so` is its C surface. See `docs/dbghelp.md`.
//!
//! ```no_run
//! use wer_dbghelp::{MinidumpBuilder, Target};
//!
//! let summary = MinidumpBuilder::new(Target::Pid(4711)).comment("slow since noon").write_path("slow.dmp".as_ref())?;
//! for error in &summary.soft_errors {
//!     eprintln!("{}", error.message);
//! }
//! # Ok::<(), wer_dbghelp::MinidumpError>(())
//! ```
//!
//! It must never leave a file that looks whole and is not, leave a process stopped, or leave a child, a zombie or a
//! SIGCHLD in the process that calls it.

mod builder;
mod error;
mod exception;
pub mod limits;
mod make;
mod own;
mod place;
mod summary;
mod turn;

pub use builder::{MinidumpBuilder, Target};
pub use error::MinidumpError;
pub use exception::ExceptionInformation;
pub use summary::Summary;
pub use wer_copy::{Continue, WriteAt};
pub use wer_minidump::callbacks;
pub use wer_minidump::{CustomOptions, DumpOptions, UserStream};
