//! Places for slow connections, so many for each source: who opens a thousand and lets them trickle keeps a few of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::pace::Pace;

/// Who has how many. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct SlowPlaces(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl SlowPlaces {
    /// A place, if this source, and all together, have one left.
    pub(super) fn enter(&self, source: IpAddr, pace: &Pace) -> Option<SlowPlace> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&source).copied().unwrap_or_default();
        if own >= pace.max_slow_per_source || all >= pace.max_slow() {
            return None;
        }
        taken.insert(source, own + 1);
        Some(SlowPlace { places: self.clone(), source })
    }
}

/// A place, until dropped.
#[derive(Debug)]
pub(super) struct SlowPlace {
    places: SlowPlaces,
    source: IpAddr,
}

impl Drop for SlowPlace {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.source);
            }
        }
    }
}
