//! Bounds against floods of made-up names: labels and machines that one source, or one tenant, may bring in an hour.
//! Beyond them crashes are still counted, under one label for all that overflows. Kept in memory, by each process for
//! itself; a crash whose source is not known (this machine, or a proxy that names none) is bounded by its tenant alone.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::hit::Crash;
use crate::limits::MAX_FLOOD_KEYS;
use crate::policy::Policy;

/// Milliseconds for which the bounds hold.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Event type of the label that has all hits beyond the bounds.
pub const OVERFLOW_EVENT_TYPE: &str = "watson.overflow";

/// What is counted by hour.
#[derive(Debug)]
struct Hourly<K>(Mutex<(i64, HashMap<K, u32>)>);

impl<K> Default for Hourly<K> {
    fn default() -> Self {
        Self(Mutex::new((0, HashMap::new())))
    }
}

impl<K: Eq + Hash> Hourly<K> {
    /// One more of this key, where fewer than `max` came in this hour.
    fn allows(&self, key: K, max: u32, now_ms: i64) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now_ms.div_euclid(HOUR_MS);
        if state.0 != hour {
            *state = (hour, HashMap::new());
        }
        let is_full = state.1.len() >= MAX_FLOOD_KEYS;
        let count = match state.1.entry(key) {
            Entry::Occupied(count) => count.into_mut(),
            // Whoever has so many addresses has used up what addresses can tell.
            Entry::Vacant(_) if is_full => return false,
            Entry::Vacant(place) => place.insert(0),
        };
        let allowed = *count < max;
        *count = count.saturating_add(u32::from(allowed));
        allowed
    }
}

/// The machines of each source in an hour.
#[derive(Debug, Default)]
struct Machines {
    hour: i64,
    of_sources: HashMap<IpAddr, HashSet<Vec<u8>>>,
    /// Of all sources together: not counted anew for each hit.
    all: usize,
}

/// The bounds of one process.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    labels_of_tenants: Hourly<i64>,
    labels_of_sources: Hourly<IpAddr>,
    machines: Mutex<Machines>,
}

impl Flood {
    /// Whether this crash may bring a label that nobody has brought before.
    pub(crate) fn allows_label(&self, crash: &Crash, policy: &Policy, now_ms: i64) -> bool {
        let of_source = source_of(crash)
            .is_none_or(|source| self.labels_of_sources.allows(source, policy.new_labels_per_source, now_ms));
        of_source && self.labels_of_tenants.allows(crash.tenant, policy.new_labels_per_tenant, now_ms)
    }

    /// Whether a machine of this crash's source is counted as one more.
    pub(crate) fn allows_machine(&self, crash: &Crash, machine: &[u8], policy: &Policy, now_ms: i64) -> bool {
        let Some(source) = source_of(crash) else { return true };
        let mut state = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now_ms.div_euclid(HOUR_MS);
        if state.hour != hour {
            *state = Machines { hour, ..Machines::default() };
        }
        let Machines { of_sources, all, .. } = &mut *state;
        let known = of_sources.get(&source);
        if known.is_some_and(|machines| machines.contains(machine)) {
            return true;
        }
        let own = known.map_or(0, HashSet::len);
        if *all >= MAX_FLOOD_KEYS || own >= policy.machines_per_source as usize {
            return false;
        }
        *all += 1;
        of_sources.entry(source).or_default().insert(machine.to_vec())
    }
}

/// The source as far as it tells people apart: of an IPv6 address its network, of which anybody has as many addresses as
/// there are. Loopback addresses are nobody's.
fn source_of(crash: &Crash) -> Option<IpAddr> {
    match crash.source?.to_canonical() {
        source if source.is_loopback() => None,
        IpAddr::V6(source) => {
            let [a, b, c, d, ..] = source.segments();
            Some(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
        source => Some(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(source: &str) -> Crash {
        Crash { source: Some(source.parse().unwrap()), ..Crash::default() }
    }

    #[test]
    fn a_source_brings_so_many_labels_an_hour_and_a_tenant_too() {
        let flood = Flood::default();
        let policy = Policy { new_labels_per_source: 2, new_labels_per_tenant: 3, ..Policy::default() };
        let allows = |source, now_ms| flood.allows_label(&crash(source), &policy, now_ms);
        assert!(allows("192.0.2.1", 1) && allows("192.0.2.1", 2));
        assert!(!allows("192.0.2.1", 3), "the source has had its labels");
        assert!(allows("192.0.2.2", 4));
        assert!(!allows("192.0.2.3", 5), "the tenant has had its labels");
        assert!(allows("192.0.2.1", HOUR_MS), "another hour");
        // The network, not the address.
        assert!(allows("2001:db8::1", HOUR_MS * 2) && allows("2001:db8::2", HOUR_MS * 2));
        assert!(!allows("2001:db8::3", HOUR_MS * 2));
        // This machine is bounded by the tenant alone.
        assert!([1, 2, 3].iter().all(|_| allows("127.0.0.1", HOUR_MS * 3)));
        assert!(!allows("::1", HOUR_MS * 3));
    }

    #[test]
    fn a_source_brings_so_many_machines() {
        let flood = Flood::default();
        let policy = Policy { machines_per_source: 2, ..Policy::default() };
        let allows = |machine: &[u8]| flood.allows_machine(&crash("192.0.2.1"), machine, &policy, 1);
        assert!(allows(b"a") && allows(b"b"));
        assert!(!allows(b"c"));
        assert!(allows(b"a"), "known ones are counted on");
    }

    #[test]
    fn a_flood_of_sources_and_tenants_grows_no_table() {
        let flood = Flood::default();
        let policy = Policy::default();
        let of = |number: u32| Crash {
            tenant: i64::from(number),
            source: Some(IpAddr::from((0x0b00_0000 + number).to_be_bytes())),
            ..Crash::default()
        };
        let beyond = u32::try_from(MAX_FLOOD_KEYS).unwrap() + 10;
        let labels = (0..beyond).filter(|number| flood.allows_label(&of(*number), &policy, 1)).count();
        assert_eq!(labels, MAX_FLOOD_KEYS);
        let machine = |number: &u32| flood.allows_machine(&of(*number), &number.to_be_bytes(), &policy, 1);
        assert_eq!((0..beyond).filter(machine).count(), MAX_FLOOD_KEYS);
        assert!(flood.allows_label(&of(beyond), &policy, HOUR_MS), "it ends with the hour");
    }
}
