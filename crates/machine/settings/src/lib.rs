//! Settings: the registry values of Windows Error Reporting, by their Windows names, in three TOML files.
//!
//! It stands beside the pipeline: the joining binaries load it once and hand plain values to the stages. Reading is
//! total: a file that is missing, unreadable or wrong costs a warning and never a report. It must never decide what
//! happens to a report, and it writes settings only where a person or a program asks for it ([`edit`]). Names, ranges and defaults: `docs/settings.md`.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod edit;
pub mod explain;
mod layer;
pub mod limits;
pub mod local_dumps;
pub mod locations;
mod of_user;
mod places;
pub mod programs;
mod read;
pub mod registry;
pub mod settings;
pub mod warning;
pub mod watch;

pub use catalogue::FileLevel;
pub use explain::Explanation;
pub use local_dumps::{LocalDump, LocalDumpType};
pub use locations::Locations;
pub use programs::{AeDebug, HelperModule};
pub use read::text as read_file;
pub use settings::{CorporateServer, FileLimits, Settings};
pub use warning::{Place, SettingsWarning};
pub use watch::SettingsWatch;
