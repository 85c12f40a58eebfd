//! `werfault`: the process that reports another process's crash. It joins the stages; it decides nothing that a
//! stage decides and does nothing that a stage does.
//!
//! - [`way`]: how a crash reaches us (the application's own handler, the kernel's pipe or socket) and how its end is
//!   told back.
//! - [`claim`]: whether this way reports a crash that another way may have begun.
//! - [`pipeline`]: one crash from capture to stored report.
//! - [`restart`]: the recovery callback of a process that was reported, and its program started again.
//! - [`submit`]: one stored report to the server, and what came of it back into the store.
//! - [`store_requests`]: what a program asks of the store and the settings.
//! - [`request`]: a report that a program made itself.
//! - [`watchdog`]: ends work that no longer gets on. [`fail_spot`]: lets tests end it anywhere.
//!
//! Whatever fails in here must neither hang the crashing process beyond its deadline nor lose the report when a
//! smaller one can still be made: failures become soft errors of the report, or, when there is none, a line in
//! the log that says which process was not reported and why.

#![forbid(unsafe_code)]

mod additional_processes;
mod app_local_dump;
pub mod claim;
pub mod context;
mod debugger;
mod dumps;
mod events;
pub mod facts;
pub mod fail_spot;
pub mod hang;
pub mod limits;
mod local_dumps;
mod modules;
pub mod pipeline;
mod privilege;
mod progress;
mod registered_files;
pub mod request;
pub mod restart;
pub mod store_requests;
pub mod submit;
mod user_folder;
pub mod user_places;
mod user_settings;
pub mod watchdog;
pub mod way;

pub use context::Context;
pub use events::{failure as log_failure, hung as log_hang};
pub use facts::crash_facts;
pub use hang::{HangOrder, report_hang};
pub use pipeline::{Reported, report_capture};
pub use submit::{SubmitError, submit_report, submit_with};
pub use wer_upload::Submission;
