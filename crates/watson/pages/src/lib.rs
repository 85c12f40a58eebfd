//! watson's pages: rendered on the server, no script, one style sheet, everything from outside escaped. Reads
//! `watson-db` only. `watson-api` says the same for programs.

#![forbid(unsafe_code)]

mod bucket;
mod buckets;
mod download;
mod hexdump;
pub mod limits;
mod machines;
mod moment;
mod problem;
mod report;
mod report_view;
pub mod router;
mod trend;

pub use problem::not_found;
pub use router::{Pages, router};
