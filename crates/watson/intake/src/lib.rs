//! What comes to watson from machines: MS-CER2 level 1 and 2, and Breakpad symbols. Needs no token: whoever can reach
//! the server can report. Every byte is hostile, every body has a limit, every refusal has a reason and is counted.
//! Parses with `wer-wire`, keeps with `watson-db`; never looks inside a cab.

#![forbid(unsafe_code)]

mod body;
mod cab;
pub mod form;
pub mod inflate;
pub mod intake;
mod level1;
pub mod limits;
pub mod metrics;
pub mod refusal;
pub mod route;
mod symbols;

pub use intake::{Intake, IntakeLimits};
pub use metrics::Metrics;
pub use refusal::Refusal;
pub use route::{Route, route};
