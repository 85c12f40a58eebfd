//! The crash handler: from a fatal signal to `werfault`, and on to the death that the process would have died anyway.
//!
//! [`attach`] prepares everything while the process is healthy: where `werfault` is, its environment, two small stacks,
//! the dispositions to go back to. After a crash only [`handler`] and what it calls in `syscalls` runs.

mod altstack;
mod ask_werfault;
mod attach;
mod handler;
mod hang_request;
mod prepared;
mod recovery;
mod syscalls;
mod uncaught_exception;
pub mod watchdog;
mod werfault_path;

pub use altstack::thread_attach;
pub use ask_werfault::{ask_werfault, ask_werfault_to_trace};
pub use attach::{AttachOptions, attach};
pub use hang_request::report_hang;
