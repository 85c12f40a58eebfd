//! Heartbeats: numbers in static memory, so that a signal handler may count one up, and a handle that is made up or ended
//! is refused without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// Watchdogs of a process at the same time.
pub const MAX_WATCHDOGS: usize = 64;
/// Marks numbers of ours: no address of x86-64 user space begins so.
const MARK: u64 = 0x5748 << 48;
/// Bits of a handle below its generation.
const PLACE_BITS: u32 = 8;

struct Slot {
    /// The handle of whoever has it; 0 = free.
    owner: AtomicU64,
    beats: AtomicU64,
}

static SLOTS: [Slot; MAX_WATCHDOGS] =
    [const { Slot { owner: AtomicU64::new(0), beats: AtomicU64::new(0) } }; MAX_WATCHDOGS];
/// Never the same handle twice; 40 bits of it count.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// A heartbeat that is somebody's until dropped.
#[derive(Debug)]
pub(super) struct Beats(u64);

impl Beats {
    /// `None` when [`MAX_WATCHDOGS`] are in use.
    pub(super) fn take() -> Option<Self> {
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed) & 0xFF_FFFF_FFFF;
        SLOTS.iter().zip(0_u64..).find_map(|(slot, place)| {
            let handle = MARK | generation << PLACE_BITS | place;
            let taken = slot.owner.compare_exchange(0, handle, Ordering::AcqRel, Ordering::Relaxed);
            taken.ok().map(|_| Self(handle))
        })
    }

    /// Its number.
    pub(super) const fn handle(&self) -> u64 {
        self.0
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        if let Some(slot) = slot(self.0) {
            slot.owner.store(0, Ordering::Release);
        }
    }
}

/// The slot of a handle that is in use.
fn slot(handle: u64) -> Option<&'static Slot> {
    let slot = SLOTS.get((handle & ((1 << PLACE_BITS) - 1)) as usize)?;
    (handle != 0 && slot.owner.load(Ordering::Acquire) == handle).then_some(slot)
}

/// How many heartbeats there were.
pub(super) fn count(handle: u64) -> u64 {
    slot(handle).map_or(0, |slot| slot.beats.load(Ordering::Relaxed))
}

/// Counts one heartbeat; whether there is such a watchdog. Two loads and an addition: for signal handlers too.
pub(super) fn beat(handle: u64) -> bool {
    slot(handle).map(|slot| slot.beats.fetch_add(1, Ordering::Relaxed)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_counts_while_somebody_has_it() {
        let one = Beats::take().expect("a slot");
        let handle = one.handle();
        let before = count(handle);
        assert!(beat(handle));
        assert_eq!(count(handle), before + 1);
        drop(one);
        let other = Beats::take().expect("a slot");
        assert!(!beat(handle) && handle != other.handle());
        for made_up in [0, 1, u64::MAX, MARK, other.handle() ^ 1, other.handle() ^ 1 << 20] {
            assert!(!beat(made_up), "{made_up:#x}");
        }
    }
}
