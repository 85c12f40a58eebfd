//! What `watson serve` is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use watson_db::{Places, Policy};
use watson_intake::{IntakeLimits, limits};

/// Serve reports and pages.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:1273")]
    pub listen: SocketAddr,
    /// Folder that everything is kept in; made where missing, readable by nobody else.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// PostgreSQL to keep rows in (`postgres://USER@HOST/NAME`), instead of SQLite in the data folder. Any number of
    /// processes may share it, each with a data folder of its own.
    #[arg(long, value_name = "URL", requires = "blobs", env = "WATSON_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder for cabs, dumps and symbols, instead of the data folder; processes that share a database share it.
    #[arg(long, value_name = "DIR")]
    pub blobs: Option<PathBuf>,
    /// Show the pages to everybody who can reach the address (loopback addresses only, for tests).
    #[arg(long)]
    pub no_token: bool,
    /// Write the chosen address to this file once requests are served.
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,
    /// Look for functions and lines in programs below this folder too, beside the system's own; may be given again.
    #[arg(long = "symbol-root", value_name = "DIR")]
    pub symbol_roots: Vec<PathBuf>,
    /// Cabs that each bucket asks for.
    #[arg(long, value_name = "N", default_value_t = Policy::DEFAULT_CABS)]
    pub cabs_per_bucket: u32,
    /// How many of them with process memory.
    #[arg(long, value_name = "N", default_value_t = Policy::DEFAULT_MEMORY_DUMPS)]
    pub memory_dumps_per_bucket: u32,
    /// Cabs that a bucket asks of one machine.
    #[arg(long, value_name = "N", default_value_t = Policy::DEFAULT_CABS_PER_MACHINE)]
    pub cabs_per_machine: u32,
    /// Seconds after which a cab that was asked for and never came is asked from another machine.
    #[arg(long, value_name = "SECONDS", default_value_t = Policy::DEFAULT_LEASE_MS / 1000)]
    pub lease_seconds: i64,
    /// Largest cab, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = limits::DEFAULT_MAX_CAB_BYTES)]
    pub max_cab_bytes: u64,
}

impl ServeOptions {
    /// How much buckets ask for.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            cabs_per_bucket: self.cabs_per_bucket,
            memory_dumps_per_bucket: self.memory_dumps_per_bucket,
            cabs_per_machine: self.cabs_per_machine,
            lease_ms: self.lease_seconds.clamp(1, i64::MAX / 2000) * 1000,
            ..Policy::default()
        }
    }

    /// Where rows and blobs are kept.
    #[must_use]
    pub fn places(&self) -> Places {
        Places { database: self.database.clone(), blobs: self.blobs.clone() }
    }

    /// What machines may send.
    #[must_use]
    pub fn intake_limits(&self) -> IntakeLimits {
        IntakeLimits { max_cab_bytes: self.max_cab_bytes, ..IntakeLimits::default() }
    }
}
