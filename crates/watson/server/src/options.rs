//! What `watson serve` is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use watson_db::Policy;
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
            lease_ms: self.lease_seconds.clamp(1, i64::MAX / 2000) * 1000,
            ..Policy::default()
        }
    }

    /// What machines may send.
    #[must_use]
    pub fn intake_limits(&self) -> IntakeLimits {
        IntakeLimits { max_cab_bytes: self.max_cab_bytes, ..IntakeLimits::default() }
    }
}
