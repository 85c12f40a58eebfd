//! How much a bucket may ask for, and of whom. Pure; the numbers are settings, or a data policy's.

use serde::{Deserialize, Serialize};

/// The settings' policy, for every bucket that has none of its own: it stops by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Cabs wanted per bucket.
    pub cabs_per_bucket: u32,
    /// How many of them with process memory.
    pub memory_dumps_per_bucket: u32,
    /// Useless cabs after which a bucket asks for no more.
    pub max_spoiled_per_bucket: u32,
    /// Cabs of one machine per bucket.
    pub cabs_per_machine: u32,
    /// Dumps per bucket that are kept of those that come unasked.
    pub dumps_per_bucket: u32,
    /// Milliseconds after which a cab that was asked for and never came is asked from another machine.
    pub lease_ms: i64,
    /// The same for a machine that works off a queue.
    pub queued_lease_ms: i64,
    /// Days back in which an event time counts, and a repeat is known as one.
    pub window_days: i64,
    /// Labels that one source may bring in an hour; the hits of others are counted under one label for all.
    pub new_labels_per_source: u32,
    /// The same for all sources of a tenant.
    pub new_labels_per_tenant: u32,
    /// Machines of one source that are counted in an hour.
    pub machines_per_source: u32,
}

impl Policy {
    /// Default of `cabs_per_bucket`.
    pub const DEFAULT_CABS: u32 = 3;
    /// Default of `memory_dumps_per_bucket`.
    pub const DEFAULT_MEMORY_DUMPS: u32 = 1;
    /// Default of `max_spoiled_per_bucket`.
    pub const DEFAULT_MAX_SPOILED: u32 = 10;
    /// Default of `cabs_per_machine`.
    pub const DEFAULT_CABS_PER_MACHINE: u32 = 1;
    /// Default of `dumps_per_bucket`.
    pub const DEFAULT_DUMPS: u32 = 100;
    /// Default of `lease_ms`: one hour.
    pub const DEFAULT_LEASE_MS: i64 = 60 * 60 * 1000;
    /// Default of `queued_lease_ms`: seven days.
    pub const DEFAULT_QUEUED_LEASE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
    /// Default of `window_days`.
    pub const DEFAULT_WINDOW_DAYS: i64 = 35;
    /// Default of `new_labels_per_source`.
    pub const DEFAULT_NEW_LABELS_PER_SOURCE: u32 = 5_000;
    /// Default of `new_labels_per_tenant`.
    pub const DEFAULT_NEW_LABELS_PER_TENANT: u32 = 200_000;
    /// Default of `machines_per_source`.
    pub const DEFAULT_MACHINES_PER_SOURCE: u32 = 20_000;

    /// How long a machine has for its cab. A crash that is reported later than the usual lease comes off a queue.
    #[must_use]
    pub fn lease_ms_for(&self, event_ms: Option<i64>, now_ms: i64) -> i64 {
        let queued = event_ms.is_some_and(|event_ms| now_ms.saturating_sub(event_ms) > self.lease_ms);
        if queued { self.queued_lease_ms } else { self.lease_ms }
    }

    /// What it asks for.
    #[must_use]
    pub fn quota(&self) -> Quota {
        Quota {
            wanted: self.cabs_per_bucket,
            memory_dumps: self.memory_dumps_per_bucket,
            max_spoiled: self.max_spoiled_per_bucket,
            per_machine: self.cabs_per_machine,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cabs_per_bucket: Self::DEFAULT_CABS,
            memory_dumps_per_bucket: Self::DEFAULT_MEMORY_DUMPS,
            max_spoiled_per_bucket: Self::DEFAULT_MAX_SPOILED,
            cabs_per_machine: Self::DEFAULT_CABS_PER_MACHINE,
            dumps_per_bucket: Self::DEFAULT_DUMPS,
            lease_ms: Self::DEFAULT_LEASE_MS,
            queued_lease_ms: Self::DEFAULT_QUEUED_LEASE_MS,
            window_days: Self::DEFAULT_WINDOW_DAYS,
            new_labels_per_source: Self::DEFAULT_NEW_LABELS_PER_SOURCE,
            new_labels_per_tenant: Self::DEFAULT_NEW_LABELS_PER_TENANT,
            machines_per_source: Self::DEFAULT_MACHINES_PER_SOURCE,
        }
    }
}

/// How many cabs are wanted of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Cabs.
    pub wanted: u32,
    /// How many of them with process memory.
    pub memory_dumps: u32,
    /// Useless cabs after which no more are asked for.
    pub max_spoiled: u32,
    /// Cabs of one machine.
    pub per_machine: u32,
}

impl Quota {
    /// Whether there is a free place.
    #[must_use]
    pub fn has_room(&self, taken: Taken) -> bool {
        taken.cabs < self.wanted && taken.spoiled < self.max_spoiled
    }

    /// What to ask the machine for whose report has just come.
    #[must_use]
    pub fn wish(&self, taken: Taken) -> Option<Wish> {
        let wish = Wish { memory_dump: taken.memory_dumps < self.memory_dumps };
        self.has_room(taken).then_some(wish)
    }
}

/// What a cab should hold beside the dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    /// The dump's type, as its name in `MINIDUMP_TYPE` or ours ("mini", "heap", "full"); empty = the machine's choice.
    pub dump_type: String,
    /// Files, by path (`GetFile`).
    pub files: Vec<String>,
    /// Files whose version is wanted (`GetFileVersion`).
    pub file_versions: Vec<String>,
    /// Registry keys or settings (`RegKey`).
    pub keys: Vec<String>,
    /// Queries (`WQL`).
    pub queries: Vec<String>,
}

/// What a bucket has, or has asked for and may still get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Cabs: here, or asked for within the lease.
    pub cabs: u32,
    /// Those with process memory.
    pub memory_dumps: u32,
    /// Cabs that were useless.
    pub spoiled: u32,
}

/// One cab is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// With process memory.
    pub memory_dump: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gives_memory_the_next_two_a_cab_and_then_none() {
        let quota = Policy::default().quota();
        let wish = |cabs, memory_dumps, spoiled| quota.wish(Taken { cabs, memory_dumps, spoiled });
        assert_eq!(wish(0, 0, 0), Some(Wish { memory_dump: true }));
        assert_eq!(wish(1, 1, 0), Some(Wish { memory_dump: false }));
        assert_eq!(wish(2, 1, 3), Some(Wish { memory_dump: false }));
        assert_eq!(wish(3, 1, 0), None);
        assert_eq!(wish(1, 0, 0), Some(Wish { memory_dump: true }));
        assert_eq!(wish(0, 0, 10), None);
    }

    #[test]
    fn a_queue_has_a_week() {
        let policy = Policy::default();
        assert_eq!(policy.lease_ms_for(None, 10_000_000), Policy::DEFAULT_LEASE_MS);
        assert_eq!(policy.lease_ms_for(Some(9_999_000), 10_000_000), Policy::DEFAULT_LEASE_MS);
        assert_eq!(policy.lease_ms_for(Some(0), 10_000_000), Policy::DEFAULT_QUEUED_LEASE_MS);
    }
}
