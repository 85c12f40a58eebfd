//! `[collection]`: what buckets ask for that have no policy of their own.

use serde::{Deserialize, Serialize};
use watson_db::Policy;

use crate::settings::trust::is_name;
use crate::settings::{BadValue, Section};

/// Longest lease: longer ones would keep places of a quota from machines that are there.
const MAX_LEASE_SECONDS: i64 = 90 * 24 * 60 * 60;

/// Longest window: what is known again costs a row each.
const MAX_WINDOW_DAYS: i64 = 366;

/// What buckets ask for that have no policy of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectionSettings {
    /// Cabs that a bucket asks for.
    pub cabs_per_bucket: u32,
    /// How many of them with process memory.
    pub memory_dumps_per_bucket: u32,
    /// Cabs that a bucket asks of one machine.
    pub cabs_per_machine: u32,
    /// Dumps of a bucket that are kept of those that come unasked.
    pub dumps_per_bucket: u32,
    /// Seconds after which a cab that was asked for and never came is asked from another machine.
    pub lease_seconds: i64,
    /// The same for a machine that works off a queue.
    pub queued_lease_seconds: i64,
    /// Days back in which an event time counts exactly, and in which a crash that is told again is known.
    pub window_days: i64,
    /// The only hosts to which URLs of solutions may lead; one that begins with a dot stands for all names that end so.
    /// Empty = any.
    pub solution_hosts: Vec<String>,
}

impl Default for CollectionSettings {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            cabs_per_bucket: policy.cabs_per_bucket,
            memory_dumps_per_bucket: policy.memory_dumps_per_bucket,
            cabs_per_machine: policy.cabs_per_machine,
            dumps_per_bucket: policy.dumps_per_bucket,
            lease_seconds: policy.lease_ms / 1000,
            queued_lease_seconds: policy.queued_lease_ms / 1000,
            window_days: policy.window_days,
            solution_hosts: Vec::new(),
        }
    }
}

impl CollectionSettings {
    /// For the store.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            cabs_per_bucket: self.cabs_per_bucket,
            memory_dumps_per_bucket: self.memory_dumps_per_bucket,
            cabs_per_machine: self.cabs_per_machine,
            dumps_per_bucket: self.dumps_per_bucket,
            lease_ms: self.lease_seconds.saturating_mul(1000),
            queued_lease_ms: self.queued_lease_seconds.saturating_mul(1000),
            window_days: self.window_days,
            ..Policy::default()
        }
    }
}

impl Section for CollectionSettings {
    fn check(&self) -> Result<(), BadValue> {
        for (key, value) in
            [("lease_seconds", self.lease_seconds), ("queued_lease_seconds", self.queued_lease_seconds)]
        {
            if !(1..=MAX_LEASE_SECONDS).contains(&value) {
                return Err(BadValue::new(key, format!("must be 1 to {MAX_LEASE_SECONDS}, and is {value}")));
            }
        }
        if !(1..=MAX_WINDOW_DAYS).contains(&self.window_days) {
            let why = format!("must be 1 to {MAX_WINDOW_DAYS}, and is {}", self.window_days);
            return Err(BadValue::new("window_days", why));
        }
        let is_none = |host: &&String| !is_name(host.strip_prefix('.').unwrap_or(host));
        if let Some(bad) = self.solution_hosts.iter().find(is_none) {
            return Err(BadValue::new("solution_hosts", format!("holds \"{bad}\", which is no host's name")));
        }
        Ok(())
    }
}
