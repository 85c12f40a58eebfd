//! How much one source may send: a bucket of tokens per address (IPv4) or network (IPv6 by /64, since one machine has all
//! of it). The table is bounded; while it is full of sources that are busy, new ones share one bucket, so that a flood of
//! addresses costs memory and turns to nobody else. Pure but for the lock: the clock is given.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::limits::{
    DEFAULT_REPORTS_PER_MINUTE, DEFAULT_UPLOADS_PER_MINUTE, MAX_QUOTA_SOURCES, QUOTA_BURST_MINUTES,
    QUOTA_SWEEP_MS,
};

/// What a request costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cost {
    /// A level 1 report, a question.
    Small,
    /// A dump, a cab, a symbol file.
    Upload,
}

/// Requests of each kind that one source may send in a minute; 0 = no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// [`Cost::Small`].
    pub small_per_minute: u32,
    /// [`Cost::Upload`].
    pub uploads_per_minute: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { small_per_minute: DEFAULT_REPORTS_PER_MINUTE, uploads_per_minute: DEFAULT_UPLOADS_PER_MINUTE }
    }
}

/// Buckets of tokens.
#[derive(Debug)]
pub struct Quotas {
    rates: Rates,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    buckets: HashMap<(Network, Cost), Bucket>,
    /// When it was looked through last; a full table must not be looked through for each request of a flood.
    swept_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In parts of a request ([`REQUEST`]): nothing is lost to rounding, however often somebody asks.
    left: u64,
    since_ms: i64,
}

/// Parts of a request: its milliseconds in a minute.
const REQUEST: u64 = 60_000;

/// What counts as one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 4]),
    V6([u8; 8]),
    /// Those for whom there is no place.
    Others,
}

impl Quotas {
    /// Empty ones.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self { rates, table: Mutex::default() }
    }

    /// Takes one request's token. `Some`: there is none; seconds until there is.
    #[must_use]
    pub fn take(&self, source: IpAddr, cost: Cost, now_ms: i64) -> Option<u64> {
        let per_minute = self.rates.per_minute(cost);
        let source = source.to_canonical();
        // This machine's own senders are trusted with as much as it can bear.
        if per_minute == 0 || source.is_loopback() {
            return None;
        }
        let full = per_minute * QUOTA_BURST_MINUTES * REQUEST;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (network(source), cost);
        if !table.buckets.contains_key(&key) && table.buckets.len() >= MAX_QUOTA_SOURCES {
            if table.swept_ms.is_none_or(|swept_ms| now_ms.abs_diff(swept_ms) >= QUOTA_SWEEP_MS) {
                table.sweep(self.rates, now_ms);
            }
            if table.buckets.len() >= MAX_QUOTA_SOURCES {
                key = (Network::Others, cost);
            }
        }
        let bucket = table.buckets.entry(key).or_insert(Bucket { left: full, since_ms: now_ms });
        bucket.left = bucket.refilled(per_minute, now_ms).min(full);
        bucket.since_ms = now_ms;
        if bucket.left >= REQUEST {
            bucket.left -= REQUEST;
            return None;
        }
        Some((REQUEST - bucket.left).div_ceil(per_minute * 1000).max(1))
    }
}

impl Quotas {
    /// The rates in force.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.rates
    }

    /// Thousandths of requests that each source has used and not got back yet.
    pub(crate) fn used(&self, now_ms: i64) -> Vec<(String, Cost, u64)> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let used = table.buckets.iter().map(|((network, cost), bucket)| {
            let per_minute = self.rates.per_minute(*cost);
            let full = per_minute * QUOTA_BURST_MINUTES * REQUEST;
            let used = full.saturating_sub(bucket.refilled(per_minute, now_ms));
            (network.to_string(), *cost, used.saturating_mul(1000) / REQUEST)
        });
        used.collect()
    }
}

impl Rates {
    pub(crate) fn per_minute(self, cost: Cost) -> u64 {
        u64::from(match cost {
            Cost::Small => self.small_per_minute,
            Cost::Upload => self.uploads_per_minute,
        })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::V4(octets) => std::net::Ipv4Addr::from(*octets).fmt(f),
            Self::V6(half) => {
                let mut octets = [0; 16];
                octets.iter_mut().zip(half).for_each(|(octet, byte)| *octet = *byte);
                write!(f, "{}/64", std::net::Ipv6Addr::from(octets))
            }
            Self::Others => f.write_str("others"),
        }
    }
}

impl Table {
    /// Whoever has a full bucket again is as good as new.
    fn sweep(&mut self, rates: Rates, now_ms: i64) {
        self.swept_ms = Some(now_ms);
        self.buckets.retain(|(_, cost), bucket| {
            let per_minute = rates.per_minute(*cost);
            bucket.refilled(per_minute, now_ms) < per_minute * QUOTA_BURST_MINUTES * REQUEST
        });
    }
}

impl Bucket {
    fn refilled(&self, per_minute: u64, now_ms: i64) -> u64 {
        let passed_ms = u64::try_from(now_ms.saturating_sub(self.since_ms)).unwrap_or(0);
        self.left.saturating_add(passed_ms.saturating_mul(per_minute))
    }
}

fn network(ip: IpAddr) -> Network {
    match ip {
        IpAddr::V4(ip) => Network::V4(ip.octets()),
        IpAddr::V6(ip) => {
            let mut half = [0; 8];
            half.copy_from_slice(ip.octets().get(..8).unwrap_or(&[0; 8]));
            Network::V6(half)
        }
    }
}

/// What leases of one sender have in common: /24 of IPv4, /48 of IPv6. Empty = this machine, or unknown.
#[must_use]
pub fn lease_network(ip: IpAddr) -> Vec<u8> {
    let ip = ip.to_canonical();
    match ip {
        _ if ip.is_loopback() || ip.is_unspecified() => Vec::new(),
        IpAddr::V4(ip) => ip.octets().into_iter().take(3).collect(),
        IpAddr::V6(ip) => ip.octets().into_iter().take(6).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { small_per_minute: 60, uploads_per_minute: 6 };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn burst(quotas: &Quotas, source: &str, cost: Cost, now_ms: i64) -> u64 {
        (0..100_000).take_while(|_| quotas.take(ip(source), cost, now_ms).is_none()).count() as u64
    }

    #[test]
    fn a_source_has_a_burst_and_then_its_rate() {
        let quotas = Quotas::new(RATES);
        assert_eq!(burst(&quotas, "203.0.113.1", Cost::Small, 0), 60 * QUOTA_BURST_MINUTES);
        assert_eq!(quotas.take(ip("203.0.113.1"), Cost::Small, 0), Some(1));
        assert_eq!(quotas.take(ip("203.0.113.1"), Cost::Small, 1000), None);
        assert_eq!(quotas.take(ip("203.0.113.1"), Cost::Small, 1000), Some(1));
        assert_eq!(burst(&quotas, "203.0.113.1", Cost::Small, 61_000), 60);
        assert_eq!(burst(&quotas, "203.0.113.1", Cost::Upload, 0), 6 * QUOTA_BURST_MINUTES, "another bucket");
        assert_eq!(quotas.take(ip("203.0.113.1"), Cost::Upload, 0), Some(10));
        // Whoever asks again and again is let in as soon as whoever waits.
        let refused = (1..).take_while(|ms| quotas.take(ip("203.0.113.1"), Cost::Upload, *ms).is_some());
        assert_eq!(refused.count(), 9_999);
        assert_eq!(quotas.take(ip("203.0.113.2"), Cost::Small, 0), None, "another source");
        assert_eq!(
            burst(&quotas, "203.0.113.1", Cost::Small, i64::MAX),
            60 * QUOTA_BURST_MINUTES,
            "never more"
        );
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let quotas = Quotas::new(RATES);
        burst(&quotas, "203.0.113.1", Cost::Small, 1_000_000);
        assert!(quotas.take(ip("203.0.113.1"), Cost::Small, 0).is_some());
        assert!(quotas.take(ip("203.0.113.1"), Cost::Small, i64::MIN).is_some());
    }

    #[test]
    fn a_network_of_one_machine_is_one_source_and_this_machine_is_none() {
        let quotas = Quotas::new(RATES);
        burst(&quotas, "2001:db8::1", Cost::Small, 0);
        assert!(quotas.take(ip("2001:db8::ffff:2"), Cost::Small, 0).is_some());
        assert!(quotas.take(ip("2001:db8:0:1::2"), Cost::Small, 0).is_none());
        burst(&quotas, "::ffff:203.0.113.1", Cost::Small, 0);
        assert!(quotas.take(ip("203.0.113.1"), Cost::Small, 0).is_some());
        assert_eq!(burst(&quotas, "127.0.0.1", Cost::Small, 0), 100_000);
        let none = Quotas::new(Rates { small_per_minute: 0, uploads_per_minute: 0 });
        assert_eq!(burst(&none, "203.0.113.1", Cost::Small, 0), 100_000);
    }

    #[test]
    fn a_flood_of_addresses_neither_grows_the_table_nor_takes_from_known_sources() {
        let quotas = Quotas::new(RATES);
        assert!(quotas.take(ip("203.0.113.1"), Cost::Small, 0).is_none());
        for number in 0..u32::try_from(MAX_QUOTA_SOURCES + 10_000).unwrap() {
            let _ = quotas.take(IpAddr::from((0x0b00_0000 + number).to_be_bytes()), Cost::Small, 0);
        }
        assert!(quotas.table.lock().unwrap().buckets.len() <= MAX_QUOTA_SOURCES + 1);
        assert!(
            quotas.take(ip("198.51.100.1"), Cost::Small, 0).is_some(),
            "the flood has spent the shared bucket"
        );
        assert!(quotas.take(ip("203.0.113.1"), Cost::Small, 0).is_none());
        assert!(quotas.take(ip("198.51.100.1"), Cost::Small, 600_000).is_none(), "and it ends by itself");
    }

    #[test]
    fn what_was_used_comes_back_with_time() {
        let quotas = Quotas::new(RATES);
        for source in ["203.0.113.1", "203.0.113.1", "2001:db8::1"] {
            assert!(quotas.take(ip(source), Cost::Small, 0).is_none());
        }
        let mut used = quotas.used(0);
        used.sort_by_key(|(source, ..)| source.clone());
        let expected = [("2001:db8::/64", 1000), ("203.0.113.1", 2000)];
        assert_eq!(used, expected.map(|(source, used)| (source.to_owned(), Cost::Small, used)));
        assert!(quotas.used(60_000).iter().all(|(.., used)| *used == 0));
    }

    #[test]
    fn leases_know_networks() {
        assert_eq!(lease_network(ip("203.0.113.77")), [203, 0, 113]);
        assert_eq!(lease_network(ip("::ffff:203.0.113.77")), [203, 0, 113]);
        assert_eq!(lease_network(ip("2001:db8:1:2::3")), [0x20, 0x01, 0x0d, 0xb8, 0, 1]);
        assert!(lease_network(ip("127.0.0.1")).is_empty() && lease_network(ip("::1")).is_empty());
    }
}
