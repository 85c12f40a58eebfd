//! Spikes: a product that suddenly sends many times what is usual has its crashes counted and its dumps not taken, until
//! it is quiet again. What is usual is learnt from the minutes before; a product that has a limit of its own is not looked
//! at here. Each process learns for itself, and forgets when it stops. Pure but for the lock: the clock is given.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::limits::{MAX_SPIKE_PRODUCTS, SPIKE_FACTOR, SPIKE_FLOOR_PER_MINUTE, SPIKE_MEMORY_MINUTES};

/// A product: the tenant, and its row or (where it has none) its name.
pub type ProductKey = (i64, String);

/// What was usual of each product.
#[derive(Debug, Default)]
pub struct Spikes(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    products: HashMap<ProductKey, Usual>,
    /// The minute in which it was looked through last.
    swept: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    minute: i64,
    /// Crashes in this minute.
    count: u64,
    /// Thousandths of crashes in a usual minute.
    usual: u64,
}

impl Spikes {
    /// Counts a crash of a product; whether its data may be taken too.
    #[must_use]
    pub fn admits(&self, product: &ProductKey, now_ms: i64) -> bool {
        let minute = now_ms.div_euclid(60_000);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = product.clone();
        if !table.products.contains_key(&key) && table.products.len() >= MAX_SPIKE_PRODUCTS {
            if table.swept != Some(minute) {
                table.swept = Some(minute);
                table.products.retain(|_, usual| usual.minute >= minute - 1);
            }
            if table.products.len() >= MAX_SPIKE_PRODUCTS {
                // Names are the senders' own words: those for whom there is no place share one.
                key = (product.0, String::new());
            }
        }
        let usual = table.products.entry(key).or_insert(Usual { minute, ..Usual::default() });
        usual.turn(minute);
        usual.count = usual.count.saturating_add(1);
        usual.count <= limit(usual.usual)
    }
}

impl Spikes {
    /// Products that crashed in this minute or before: crashes of this minute, and thousandths of crashes in a usual one.
    pub(crate) fn counted(&self, now_ms: i64) -> Vec<(ProductKey, u64, u64)> {
        let minute = now_ms.div_euclid(60_000);
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = table.products.iter().map(|(key, usual)| {
            let mut usual = *usual;
            usual.turn(minute);
            (key.clone(), usual.count, usual.usual)
        });
        counted.collect()
    }
}

pub(crate) fn limit(usual: u64) -> u64 {
    SPIKE_FLOOR_PER_MINUTE.max(usual.saturating_mul(SPIKE_FACTOR) / 1000)
}

impl Usual {
    /// A minute is over, or many: a moving average, in which a spike counts as its limit at most, so that nobody teaches us
    /// that a flood is usual in a moment.
    fn turn(&mut self, minute: i64) {
        let passed = minute.saturating_sub(self.minute);
        if passed <= 0 {
            return;
        }
        let told = self.count.min(limit(self.usual)).saturating_mul(1000);
        self.usual = (self.usual * (SPIKE_MEMORY_MINUTES - 1) + told) / SPIKE_MEMORY_MINUTES;
        for _ in 1..passed.min(10 * SPIKE_MEMORY_MINUTES as i64) {
            self.usual = self.usual * (SPIKE_MEMORY_MINUTES - 1) / SPIKE_MEMORY_MINUTES;
        }
        self.minute = minute;
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(spikes: &Spikes, name: &str, number: u64, minute: i64) -> u64 {
        let product = (1, name.to_owned());
        (0..number).filter(|_| spikes.admits(&product, minute * 60_000)).count() as u64
    }

    #[test]
    fn what_is_usual_is_learnt_and_a_spike_does_not_teach_at_once() {
        let spikes = Spikes::default();
        assert_eq!(sent(&spikes, "a", SPIKE_FLOOR_PER_MINUTE + 5, 0), SPIKE_FLOOR_PER_MINUTE);
        let usual = SPIKE_FLOOR_PER_MINUTE / 2;
        for minute in 1..1000 {
            assert_eq!(sent(&spikes, "a", usual, minute), usual);
        }
        let flood = sent(&spikes, "a", 1_000 * usual, 1000);
        assert!(flood > 2 * SPIKE_FLOOR_PER_MINUTE && flood <= SPIKE_FACTOR * usual, "{flood}");
        let again = sent(&spikes, "a", 1_000 * usual, 1001);
        assert!(again < 2 * flood, "{again}");
    }

    #[test]
    fn silence_is_forgotten_and_many_names_grow_nothing() {
        let spikes = Spikes::default();
        for minute in 0..100 {
            sent(&spikes, "a", SPIKE_FLOOR_PER_MINUTE, minute);
        }
        assert_eq!(sent(&spikes, "a", 10_000, i64::MAX / 60_000), SPIKE_FLOOR_PER_MINUTE);
        for name in 0..2 * MAX_SPIKE_PRODUCTS {
            let _ = spikes.admits(&(1, name.to_string()), 0);
        }
        assert!(spikes.0.lock().unwrap().products.len() <= MAX_SPIKE_PRODUCTS + 1);
    }
}
