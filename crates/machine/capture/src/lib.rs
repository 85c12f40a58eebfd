//! Capture: from a process that crashes, or is asked for, to one [`wer_snapshot::ProcessSnapshot`].
//!
//! It stands between the registration that an application made and the stages that make a dump and a report of its
//! crash. Four ways lead in ([`in_application()`], [`kernel()`], [`trace::supervise`], [`live()`]), one value comes out: a
//! [`Capture`], which keeps the target stopped until it is released. See `docs/capture.md`.
//!
//! It must never trust a byte of the target, trace a process whose core the kernel is writing, or leave a process
//! stopped that was running before.
#![forbid(unsafe_code)]

mod bytes;
mod capture;
pub mod classify;
pub mod core_notes;
mod elf;
mod error;
mod facts;
mod last_words;
pub mod limits;
mod machine;
mod modules;
mod refusal;
pub mod registration;
mod signal_frame;
pub mod socket;
mod stop;
mod target;
#[cfg(test)]
mod test_memory;
mod thread_pointer;
pub mod trace;
mod way;

pub use capture::Capture;
pub use error::CaptureError;
pub use way::core_file::{
    CoreCapture, CoreFileError, CoreFileOptions, core_file, core_file_with, core_of, is_core_file,
};
pub use way::fork_snapshot::{fork_snapshot, fork_snapshot_by_pidfd};
pub use way::in_application::{PeerCheck, in_application, in_application_with};
pub use way::kernel::{KernelCrash, kernel, kernel_with};
pub use way::live::{core_limit_is_one, live, live_by_pidfd, live_with, registrations};
pub use way::own_process::{AskingThread, own_process};
pub use way::running::running;
