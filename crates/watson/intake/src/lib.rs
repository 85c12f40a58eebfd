//! What comes to watson from machines, one file or folder per dialect. Needs no token: whoever can reach the server can
//! report. Every byte is hostile, every body has a limit, every refusal has a reason and is counted.
//!
//! 1. [`route`] tells whose request it is.
//! 2. [`overload`] decides whether there is room for it now.
//! 3. The dialect (`level1`, `cab`, `minidump`, `socorro`, `sentry`, `symbols`) reads it: `payload` gives the body's
//!    pieces, unpacked by [`inflate`]; [`form`] and [`sentry::envelope`] take them apart; `file` brings files to disk.
//! 4. [`idempotency`] names the crash, so that a report that is told twice is one hit; [`dump`] reads what it is filed
//!    under.
//! 5. `watson-db` keeps it; only then is it answered.
//!
//! Never looks inside a cab, and inside a dump only at the few numbers of [`dump`].

#![forbid(unsafe_code)]

pub mod admission;
pub mod annotations;
mod body;
mod cab;
pub mod clock;
pub mod door;
pub mod dump;
mod file;
pub mod form;
pub mod idempotency;
pub mod inflate;
pub mod intake;
mod keep;
pub mod ledger;
mod level1;
pub mod limits;
pub mod metrics;
mod minidump;
pub mod overload;
mod payload;
mod pieces;
pub mod privacy;
pub mod quota;
mod receive;
pub mod refusal;
pub mod route;
pub mod sender;
pub mod sentry;
pub mod sentry_cli;
mod socorro;
pub mod spike;
pub mod spool;
mod symbols;
pub mod transcript;
mod turns;
mod uploads;
pub mod usage;

pub use body::TooSlow;
pub use intake::{Intake, IntakeLimits};
pub use level1::dump_server::DumpServer;
pub use metrics::Metrics;
pub use refusal::Refusal;
pub use route::{Route, route};
pub use sender::Sender;
