//! What products have spent of the limits that were set for them, of all processes together: what the store said last, and
//! what this process has counted since. Pure but for the lock: the clock is given.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use watson_db::spent::{Period, SpentKey};

use crate::limits::MAX_LEDGER_PRODUCTS;

/// What products have spent.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<SpentKey, Spent>>);

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    /// What the store knew when it was asked last.
    told: i64,
    /// What it does not know yet.
    counted: i64,
}

/// A product's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProductLimits {
    /// Dumps in a minute.
    pub per_minute: Option<i64>,
    /// Dumps in a day.
    pub per_day: Option<i64>,
}

impl ProductLimits {
    fn each(self, product: i64, now_ms: i64) -> impl Iterator<Item = (SpentKey, i64)> {
        let limits = [(Period::Minute, self.per_minute), (Period::Day, self.per_day)];
        limits.into_iter().filter_map(move |(period, limit)| {
            Some((SpentKey { product, period, number: period.of(now_ms) }, limit?))
        })
    }
}

impl Ledger {
    /// Takes one dump's place of every limit that the product has; false where one of them is spent, which takes nothing.
    #[must_use]
    pub fn take(&self, product: i64, limits: ProductLimits, now_ms: i64) -> bool {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(key, limit): (SpentKey, i64)| {
            table.get(&key).map_or(0, |spent| spent.told.saturating_add(spent.counted)) < limit
        };
        if !limits.each(product, now_ms).all(left) {
            return false;
        }
        for (key, _) in limits.each(product, now_ms) {
            table.entry(key).or_default().counted += 1;
        }
        true
    }

    /// Gives a place back that was taken at `now_ms`: nothing was kept for it.
    pub fn give_back(&self, product: i64, limits: ProductLimits, now_ms: i64) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in limits.each(product, now_ms) {
            if let Some(spent) = table.get_mut(&key) {
                spent.counted -= 1;
            }
        }
    }

    /// What the store is to be told, and asked about: everything of the periods of now, and what was counted before.
    #[must_use]
    pub fn to_tell(&self, now_ms: i64) -> Vec<(SpentKey, i64)> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_now = |key: &SpentKey| key.number >= key.period.of(now_ms);
        table.retain(|key, spent| is_now(key) || spent.counted != 0);
        if table.len() > MAX_LEDGER_PRODUCTS {
            // Only what is not known elsewhere must not be forgotten.
            table.retain(|_, spent| spent.counted != 0);
        }
        table.iter().map(|(key, spent)| (*key, spent.counted)).collect()
    }

    /// The store was told `told`, and knows `known` now.
    pub fn told(&self, told: &[(SpentKey, i64)], known: &[(SpentKey, i64)]) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, counted) in told {
            if let Some(spent) = table.get_mut(key) {
                spent.counted -= counted;
            }
        }
        for (key, count) in known {
            table.entry(*key).or_default().told = *count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    const DAILY: ProductLimits = ProductLimits { per_minute: None, per_day: Some(10) };

    fn taken(ledger: &Ledger, limits: ProductLimits, number: usize, now_ms: i64) -> usize {
        (0..number).filter(|_| ledger.take(1, limits, now_ms)).count()
    }

    #[test]
    fn a_day_has_its_limit_and_another_its_own() {
        let ledger = Ledger::default();
        assert_eq!(taken(&ledger, DAILY, 25, 0), 10);
        assert_eq!(taken(&ledger, DAILY, 25, DAY_MS - 1), 0);
        assert_eq!(taken(&ledger, DAILY, 25, DAY_MS), 10);
        assert!(ledger.take(2, DAILY, 0), "another product");
        let both = ProductLimits { per_minute: Some(4), per_day: Some(6) };
        let ledger = Ledger::default();
        assert_eq!(taken(&ledger, both, 25, 0), 4);
        assert_eq!(taken(&ledger, both, 25, 60_000), 2, "what the minute refuses costs the day nothing");
        assert_eq!(taken(&ledger, ProductLimits::default(), 25, 0), 25, "no limit");
    }

    #[test]
    fn what_nothing_was_kept_for_is_given_back() {
        let ledger = Ledger::default();
        assert_eq!(taken(&ledger, DAILY, 10, 0), 10);
        ledger.give_back(1, DAILY, 0);
        assert_eq!(taken(&ledger, DAILY, 10, 5), 1);
    }

    #[test]
    fn several_ledgers_share_by_what_the_store_adds_up() {
        let (one, other) = (Ledger::default(), Ledger::default());
        let mut store: HashMap<SpentKey, i64> = HashMap::new();
        let mut exchange = |ledger: &Ledger, now_ms| {
            let tell = ledger.to_tell(now_ms);
            // Meanwhile another is taken.
            let _ = ledger.take(1, DAILY, now_ms);
            for (key, count) in &tell {
                *store.entry(*key).or_default() += count;
            }
            let known: Vec<_> = tell.iter().map(|(key, _)| (*key, store[key])).collect();
            ledger.told(&tell, &known);
        };
        assert_eq!((taken(&one, DAILY, 3, 0), taken(&other, DAILY, 4, 0)), (3, 4));
        exchange(&one, 0);
        exchange(&other, 0);
        // 3 + 1 and 4 + 1; the first has not heard of the other's yet.
        assert_eq!(taken(&other, DAILY, 9, 0), 10 - 3 - 5);
        exchange(&one, 0);
        exchange(&other, 0);
        exchange(&one, 0);
        assert_eq!(taken(&one, DAILY, 9, 0), 0);
        exchange(&one, DAY_MS);
        assert!(one.to_tell(DAY_MS).iter().all(|(key, _)| key.number == 1), "yesterday is forgotten");
    }
}
