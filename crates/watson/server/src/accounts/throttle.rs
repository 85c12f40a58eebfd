//! Failed logins make the next one wait, per account and per address, longer each time. The table is bounded: an attacker
//! who fills it throws out the entries that matter least. The decisions are pure; the clock is given.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::limits::{FREE_LOGIN_FAILURES, MAX_LOGIN_WAIT_MS, MAX_LOGINS_REMEMBERED};

/// Who has failed lately.
#[derive(Debug)]
pub struct Throttle<K>(Mutex<HashMap<K, Failures>>);

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    until_ms: i64,
}

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    /// Milliseconds that `key` has to wait; 0 = it may try.
    pub fn wait_ms(&self, key: &K, now_ms: i64) -> i64 {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(key).map_or(0, |failures| (failures.until_ms - now_ms).max(0))
    }

    /// It failed.
    pub fn failed(&self, key: &K, now_ms: i64) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_LOGINS_REMEMBERED && !map.contains_key(key) {
            map.retain(|_, failures| failures.until_ms > now_ms);
            if map.len() >= MAX_LOGINS_REMEMBERED
                && let Some(least) = map.iter().min_by_key(|(_, failures)| failures.until_ms)
            {
                let least = least.0.clone();
                map.remove(&least);
            }
        }
        let failures = map.entry(key.clone()).or_default();
        // Whoever has waited out the longest wait begins anew.
        if failures.until_ms + MAX_LOGIN_WAIT_MS < now_ms {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.until_ms = now_ms + delay_ms(failures.count);
    }

    /// It was right.
    pub fn succeeded(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// None for the first failures, then 1 s, 2 s, 4 s and so on.
fn delay_ms(count: u32) -> i64 {
    match count.checked_sub(FREE_LOGIN_FAILURES + 1) {
        None => 0,
        Some(doublings) => 1000_i64.checked_shl(doublings.min(30)).unwrap_or(i64::MAX).min(MAX_LOGIN_WAIT_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_a_limit() {
        let throttle = Throttle::default();
        let mut now = 1_000_000;
        for _ in 0..FREE_LOGIN_FAILURES {
            throttle.failed(&"a", now);
        }
        assert_eq!(throttle.wait_ms(&"a", now), 0);
        throttle.failed(&"a", now);
        assert_eq!(throttle.wait_ms(&"a", now), 1000);
        assert_eq!(throttle.wait_ms(&"a", now + 1000), 0);
        assert_eq!(throttle.wait_ms(&"b", now), 0);
        for _ in 0..40 {
            throttle.failed(&"a", now);
        }
        assert_eq!(throttle.wait_ms(&"a", now), MAX_LOGIN_WAIT_MS);
        now += 2 * MAX_LOGIN_WAIT_MS + 1;
        throttle.failed(&"a", now);
        assert_eq!(throttle.wait_ms(&"a", now), 0, "it begins anew");
        throttle.failed(&"a", now);
        throttle.succeeded(&"a");
        assert_eq!(throttle.wait_ms(&"a", now), 0);
    }

    #[test]
    fn a_flood_of_names_does_not_grow_the_table() {
        let throttle = Throttle::default();
        for _ in 0..FREE_LOGIN_FAILURES + 8 {
            throttle.failed(&0, 0);
        }
        for name in 1..2 * MAX_LOGINS_REMEMBERED {
            throttle.failed(&name, 0);
        }
        // Those who have to wait are not forgotten by themselves.
        for name in 1..MAX_LOGINS_REMEMBERED + 50 {
            for _ in 0..=FREE_LOGIN_FAILURES {
                throttle.failed(&name, 0);
            }
        }
        assert!(throttle.0.lock().unwrap().len() <= MAX_LOGINS_REMEMBERED);
        assert!(throttle.wait_ms(&0, 0) > 0, "who waits longest is not forgotten");
    }
}
