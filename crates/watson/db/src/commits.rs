//! What commits of hits did since the start: how many hits shared one, and how long they took. For metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the sizes that are told apart.
const ENDS: [usize; 6] = [1, 4, 16, 64, 128, 256];

/// Counters.
#[derive(Debug, Default)]
pub struct Commits {
    /// One more than ends.
    sizes: [AtomicU64; ENDS.len() + 1],
    hits: AtomicU64,
    took_us: AtomicU64,
}

impl Commits {
    pub(crate) fn add(&self, hits: usize, took: Duration) {
        let at = ENDS.iter().position(|end| hits <= *end).unwrap_or(ENDS.len());
        if let Some(count) = self.sizes.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.hits.fetch_add(hits as u64, Ordering::Relaxed);
        self.took_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Commits by their size: at most so many hits (`None` = any number), and more than the one before.
    pub fn sizes(&self) -> impl Iterator<Item = (Option<usize>, u64)> {
        let ends = ENDS.iter().map(|end| Some(*end)).chain([None]);
        ends.zip(self.sizes.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Hits of all commits, repeats included.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// What they took, one after the other.
    #[must_use]
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.took_us.load(Ordering::Relaxed))
    }
}
