//! Sending a report: whether, what, and the two levels of MS-CER2.
//!
//! It stands behind the store. [`decide`] says from settings and a person's choice what may go; [`send`] speaks to the
//! server and answers with a value that the joiner records. It must never write into the store, never send more than the
//! decision allows, and never do what a server asks beyond taking a cab: the server is as untrusted as the crash.
//! What goes at which consent: `docs/formats/store.md`, "What is sent".

#![forbid(unsafe_code)]

mod asks;
mod cabinet;
mod contents;
mod decision;
mod folder;
mod http;
mod level1;
pub mod limits;
mod pieces;
mod printable;
mod probe;
mod retry_after;
mod send;
mod server;
mod submission;

pub use contents::{SentBefore, cab_contents};
pub use decision::{DataScope, Decision, decide};
pub use probe::{ProbeError, probe};
pub use send::{UploadInput, send, send_asking, send_within};
pub use server::{Server, Timeouts};
pub use submission::{Attempt, Fate, Keep, Rules, Submission, SubmitPlan, plan_submit};
