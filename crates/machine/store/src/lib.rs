//! The store: reports as folders on disk, each in exactly one state, and the event log.
//!
//! It stands between report and upload. It keeps bytes and never looks into them: the joiner renders and parses
//! `Report.wer`, so this crate and `wer-report` do not know each other. A folder's name ends in its report's id, and that
//! is all that the store reads from names. It must never follow a link, and never trust a name that came out of a report.
//!
//! The life of a report, and the call that makes each step:
//!
//! 1. [`Store::begin`]: a folder in `Temp`, which the joiner fills.
//! 2. [`Staging::commit`]: flushed, then one rename into `ReportQueue` (or `ReportArchive`).
//! 3. [`Store::update`]: a new `Report.wer` in place of the old one.
//! 4. [`Store::archive`]: one rename into `ReportArchive`.
//! 5. [`Store::delete`], or [`Store::enforce_quota`] for the oldest.
//!
//! Power loss at any point leaves the state before or after a step. `docs/formats/store.md` describes the folders.

#![forbid(unsafe_code)]

mod directory;
mod error;
pub mod event_log;
mod fail_point;
pub mod journal;
mod keys;
#[cfg(test)]
mod killed_writers;
pub mod limits;
mod lock;
mod sent_cabs;
mod staging;
mod store;
mod stored;
mod sweep;

pub use error::StoreError;
pub use event_log::{EventLog, FailureRecord, Follower, LogEntries, LogEntry};
pub use sent_cabs::SentCab;
pub use staging::Staging;
pub use store::{ArchivePolicy, Store};
pub use stored::{StoredFile, StoredReport};
