//! Buckets that had no free place a moment ago, so that not every hit of a bucket that has enough asks the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::MAX_CLOSED_IN_MEMORY;
use crate::time::is_fresh;

/// Label and data policy.
pub(crate) type QuotaKey = (i64, i64);

/// Only a saving: a place that has become free meanwhile is given away a little later.
#[derive(Debug)]
pub(crate) struct Closed {
    /// When that was seen, and when the first place that is only lent comes back.
    seen: Mutex<HashMap<QuotaKey, (i64, i64)>>,
    for_ms: i64,
    /// All of them, for now: nobody is asked who was not asked before.
    paused: AtomicBool,
}

impl Closed {
    /// What it says may be old by `for_ms`.
    pub(crate) fn new(for_ms: i64) -> Self {
        Self { seen: Mutex::default(), for_ms, paused: AtomicBool::new(false) }
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub(crate) fn holds(&self, quota_key: QuotaKey, now_ms: i64) -> bool {
        if self.paused.load(Ordering::Relaxed) {
            return true;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&quota_key)
            .is_some_and(|(since, until)| now_ms < *until && is_fresh(*since, self.for_ms, now_ms))
    }

    /// Only what is committed.
    pub(crate) fn add(&self, keys: Vec<(QuotaKey, i64)>, now_ms: i64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() + keys.len() > MAX_CLOSED_IN_MEMORY {
            seen.clear();
        }
        seen.extend(keys.into_iter().map(|(quota_key, until)| (quota_key, (now_ms, until))));
    }

    pub(crate) fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
