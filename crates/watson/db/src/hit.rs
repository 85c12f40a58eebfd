//! A crash as the intake tells it, and what it is answered.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use wer_model::Signature;

use crate::key::{IdempotencyKey, RowKey};
use crate::level1_body::Level1Body;
use crate::policy::{Policy, Wants};
use crate::pseudonym::{MACHINE_BYTES, Pseudonyms};
use crate::time::{DAY_MS, day_of};

/// The tenant of whoever names none.
pub const DEFAULT_TENANT: i64 = 1;

/// A crash as a report told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Whose it is: a row of `tenant`.
    pub tenant: i64,
    /// Where it came from, as far as that is known.
    pub source: Option<IpAddr>,
    /// What makes it one crash.
    pub key: IdempotencyKey,
    /// When it happened, by the machine's clock, in milliseconds since 1970: the same in every repeat. `None`: the
    /// report does not say; such a crash counts on the day that it came.
    pub event_ms: Option<i64>,
    /// What it is filed under.
    pub signature: Signature,
    /// The machine's name or id; empty = unknown, or not to be kept.
    pub machine: String,
    /// What the machine is known by where its name is not kept ([`Pseudonyms::machine`]); `None` = by `machine`.
    pub machine_hash: Option<[u8; MACHINE_BYTES]>,
    /// What may be asked of it and kept.
    pub collect: Collect,
    /// Its operating system, as it says.
    pub os: String,
    /// The product of the key that came with it, under which its data is filed; empty = there was none.
    pub product: String,
    /// The application's name; empty = unknown.
    pub application: String,
    /// The application's version; empty = unknown.
    pub application_version: String,
    /// The application's path; empty = unknown.
    pub application_path: String,
    /// What senders of one network have in common; empty = unknown, or this machine.
    pub network: Vec<u8>,
    /// The level 1 body; empty = there is none.
    pub body: Level1Body,
}

impl Default for Crash {
    fn default() -> Self {
        Self {
            tenant: DEFAULT_TENANT,
            source: None,
            key: IdempotencyKey::default(),
            event_ms: None,
            signature: Signature { event_type: String::new(), parameters: Vec::new() },
            machine: String::new(),
            machine_hash: None,
            collect: Collect::All,
            os: String::new(),
            product: String::new(),
            application: String::new(),
            application_version: String::new(),
            application_path: String::new(),
            network: Vec::new(),
            body: Level1Body::default(),
        }
    }
}

/// What may be asked of a machine and kept of what it sends, beside the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collect {
    /// What data policies want.
    #[default]
    All,
    /// No process memory is asked for.
    NoMemory,
    /// No cab is asked for, and no dump kept that comes unasked.
    Nothing,
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitAnswer {
    /// The bucket's number: positive, 31 bits, for ever.
    pub bucket: i64,
    /// False where this crash had been reported before.
    pub counted: bool,
    /// Its event time lies outside the window: kept, and never part of an exact count.
    pub late: bool,
    /// The cab that is wanted.
    pub wish: Option<CabWish>,
    /// What is known to help.
    pub solution: Option<Solution>,
}

/// A cab is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CabWish {
    /// Unguessable: 32 hex digits.
    pub token: String,
    /// With process memory.
    pub memory_dump: bool,
    /// What else it should hold.
    pub wants: Wants,
}

/// What the next machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// Its row.
    pub id: i64,
    /// Where to read more; may be empty.
    pub url: String,
    /// What to do; may be empty.
    pub text: String,
    /// The version that has the fix.
    pub fixed_in: Option<String>,
}

/// A crash with what follows from it alone.
#[derive(Clone, Debug)]
pub(crate) struct Hit<'a> {
    pub(crate) crash: &'a Crash,
    pub(crate) row: RowKey,
    pub(crate) machine: Vec<u8>,
    pub(crate) late: bool,
    /// The day on which it counts: the event's, or, where that is unknown or unbelievable, today.
    pub(crate) day: i64,
}

impl<'a> Hit<'a> {
    pub(crate) fn new(crash: &'a Crash, policy: &Policy, names: &Pseudonyms, now_ms: i64) -> Self {
        let late = crash.event_ms.is_some_and(|event_ms| is_late(event_ms, policy.window_days, now_ms));
        let counts_at = crash.event_ms.filter(|_| !late).unwrap_or(now_ms);
        Self {
            crash,
            row: RowKey::new(names, crash.tenant, crash.key, crash.event_ms),
            machine: match crash.machine_hash {
                Some(hash) => hash.to_vec(),
                None if crash.machine.is_empty() => Vec::new(),
                None => names.machine(crash.tenant, &crash.machine).to_vec(),
            },
            late,
            day: day_of(counts_at),
        }
    }
}

/// Whether an event time lies outside the window: more than `window_days` before today, or more than a day ahead.
fn is_late(event_ms: i64, window_days: i64, now_ms: i64) -> bool {
    day_of(event_ms) < day_of(now_ms) - window_days || event_ms > now_ms.saturating_add(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lying_clock_is_late_and_a_slow_client_is_not() {
        let now = 20_000 * DAY_MS + 5;
        let late = |event_ms| is_late(event_ms, 35, now);
        assert!(!late(now) && !late(now - 35 * DAY_MS) && !late(now + DAY_MS));
        assert!(late(now - 36 * DAY_MS) && late(now + DAY_MS + 1));
        assert!(late(-11_644_473_600_000) && late(i64::MAX) && late(i64::MIN));
    }

    #[test]
    fn a_hit_counts_on_its_own_day_and_an_undated_one_today() {
        let now = 20_000 * DAY_MS + 5;
        let day = |event_ms| {
            let crash = Crash { event_ms, ..Crash::default() };
            let hit = Hit::new(&crash, &Policy::default(), &Pseudonyms::new(b"k").unwrap(), now);
            (hit.day, hit.late)
        };
        assert_eq!(day(Some(now - DAY_MS)), (19_999, false));
        assert_eq!(day(None), (20_000, false));
        assert_eq!(day(Some(0)), (20_000, true));
    }
}
