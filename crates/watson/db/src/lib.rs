//! watson's memory: SQLite or PostgreSQL for rows, a folder for blobs and symbols. The intake writes hits, cabs and dumps
//! through it, the worker takes analysis jobs from it, the pages read it. Nothing here knows HTTP or what a dump means.
//!
//! Its operations are whole ones: each is one transaction, or none. A call that returns `Ok` after a write means that rows
//! are committed (synced) and blobs are on disk (fsync, rename, fsync of the folder) before them.
//!
//! 1. `record_crash`, `record_hits`: level 1. Counts a crash once and takes a place in the quota where one is free.
//! 2. `cab_ticket`, `commit_cab`: level 2, for a place that was taken.
//! 3. `take_dump`: hit, place and data at once, for the dialects that ask nothing first.
//! 4. `lease_jobs`, `finish_job`, `fail_job`: what came is analysed; what is useless gives its place back.

#![forbid(unsafe_code)]

pub mod account;
pub mod api_token;
mod ask;
pub mod audit;
pub mod backup;
pub mod blob;
pub mod cab;
pub mod chunk;
mod closed;
pub mod collection;
pub mod commits;
mod count;
pub mod data_dir;
pub mod debug_file;
pub mod disk_kind;
pub mod dump;
pub mod erase;
pub mod error;
pub mod export;
pub mod flood;
pub mod fsck;
mod group;
pub mod hit;
pub mod job;
pub mod key;
pub mod last_run;
mod lease;
mod level1_body;
pub mod limits;
pub mod listing;
pub mod machine;
pub mod operations;
pub mod order_check;
pub mod orders;
mod pause;
pub mod policy;
pub mod privacy;
pub mod product;
pub mod pseudonym;
pub mod query;
pub mod reading;
mod record;
mod remove;
mod report;
pub mod retention;
pub mod rollup;
pub mod rule;
pub mod secret;
mod sketch;
pub mod solution;
mod solution_url;
pub mod spent;
mod sql;
pub mod store;
pub mod symbol;
mod taken;
pub mod time;
pub mod upload;

pub use account::{Account, Role};
pub use api_token::{ApiToken, NewApiToken};
pub use audit::{Act, AuditBreak, AuditHead, AuditRow, AuditVerdict};
pub use blob::{
    BadBlobsAt, BlobFile, BlobRef, BlobWriter, BlobsAt, NAMED_BY, Released, S3Credentials, S3Settings, Swept,
};
pub use cab::{CabOutcome, CabTicket};
pub use collection::{DataPolicy, DataPolicyRow, LeaseCounts};
pub use data_dir::DataDir;
pub use debug_file::{DebugFile, DebugFileFilter, DebugFileKind, DebugFileRow};
pub use dump::{DumpAnswer, DumpUpload, QuotaOutcome, UploadedFile};
pub use erase::{Erased, Tombstone};
pub use error::DbError;
pub use export::MachineExport;
pub use fsck::{Finding, Flaw, FsckOptions, FsckReport};
pub use hit::{CabWish, Collect, Crash, DEFAULT_TENANT, HitAnswer, Solution};
pub use job::{AnalysisJobRow, JobFailure};
pub use key::{IdempotencyKey, KeyKind};
pub use last_run::LastRun;
pub use level1_body::Level1Body;
pub use machine::{MachineApplication, MachineFilter, MachineRow};
pub use orders::Scope;
pub use policy::{Policy, Quota, Wants};
pub use privacy::{PrivacyRules, Treatment};
pub use product::{Dialect, KeyState, NewProduct, Product, ProductBook, ProductKey};
pub use pseudonym::Pseudonyms;
pub use query::{BucketRow, Counts, ReportRow};
pub use reading::{ReadFile, Reading, RegisteredBlock};
pub use retention::{Budget, Keep, KeepScope, Kept, Retention, RetentionRule, Retired};
pub use rollup::{DistinctMachines, RolledUp};
pub use rule::Rule;
pub use secret::{NewSecret, SecretHash, secret_hash};
pub use solution::{Regression, SolutionRow};
pub use store::{Places, Store};
pub use symbol::{SymbolFolder, SymbolName, SymbolOutcome};
pub use upload::{Sha1Text, SymbolUpload};
