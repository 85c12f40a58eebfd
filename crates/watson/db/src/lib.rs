//! watson's memory: SQLite for rows, a folder for blobs and symbols. The intake writes hits and cabs through it, the
//! worker takes analysis jobs from it, the pages read it. Nothing here knows HTTP or what a dump means.
//!
//! A call that returns `Ok` after a write means that rows are committed (WAL, `synchronous = FULL`) and blobs are on
//! disk (fsync, rename, fsync of the folder).

#![forbid(unsafe_code)]

pub mod blob;
pub mod cab;
pub mod data_dir;
pub mod error;
pub mod hit;
pub mod job;
pub mod limits;
pub mod policy;
pub mod query;
pub mod reading;
pub mod store;
pub mod symbol;
pub mod time;

pub use blob::{BlobRef, BlobWriter};
pub use cab::{CabOutcome, CabTicket};
pub use data_dir::DataDir;
pub use error::DbError;
pub use hit::{CabWish, Crash, HitAnswer};
pub use job::{AnalysisJobRow, JobFailure};
pub use policy::Policy;
pub use query::{BucketRow, Counts, ReportRow};
pub use reading::{ReadFile, Reading, RegisteredBlock};
pub use store::Store;
pub use symbol::{SymbolName, SymbolOutcome};
