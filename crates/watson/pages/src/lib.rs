//! watson's pages: rendered on the server, no script, one style sheet, everything from outside escaped. Reads
//! `watson-db` only. The JSON twins under `/api` say the same for programs (`docs/watson.md`).

#![forbid(unsafe_code)]

mod api;
mod bucket;
mod buckets;
mod download;
mod hexdump;
pub mod limits;
mod moment;
mod problem;
mod report;
mod report_view;
pub mod router;
mod trend;

pub use problem::not_found;
pub use router::{Pages, router};
