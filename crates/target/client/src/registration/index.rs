//! The index: which slot holds the block that starts at an address, the file of a path, the process of a pid, so that
//! 512 entries are as fast as one. The key of an entry is its `address`, which for texts is a hash of them.
//!
//! Open addressing with linear probing in [`INDEX_SLOTS`] places, at most a quarter full; a removal moves the following
//! numbers up, so no tombstones gather. A place holds slot + 1, 0 = empty. Writers' own, under the lock: readers have
//! the entries.

use core::sync::atomic::Ordering;

use wer_abi::registration::INDEX_SLOTS;

use super::block::Block;

const MASK: usize = INDEX_SLOTS - 1;
const _: () = assert!(INDEX_SLOTS.is_power_of_two());

/// Where the search for an address begins: Fibonacci hashing.
fn home(address: u64) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    (address.wrapping_mul(GOLDEN) >> (64 - INDEX_SLOTS.trailing_zeros())) as usize
}

impl Block {
    fn index_at(self, place: usize) -> Option<usize> {
        let number = self.address_index()[place & MASK].load(Ordering::Relaxed);
        usize::from(number).checked_sub(1)
    }

    fn set_index(self, place: usize, slot: Option<usize>) {
        let number = slot.map_or(0, |slot| slot as u16 + 1);
        self.address_index()[place & MASK].store(number, Ordering::Relaxed);
    }

    /// Place and slot of the entry of this kind and address.
    pub(super) fn index_find(self, entry_kind: u32, address: u64) -> Option<(usize, usize)> {
        self.index_find_where(entry_kind, address, |_| true)
    }

    /// Place and slot of the entry of this kind and key for whose slot `is_it` says yes: texts may share a key.
    pub(super) fn index_find_where(
        self,
        entry_kind: u32,
        address: u64,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        let start = home(address);
        for place in start..start + INDEX_SLOTS {
            let slot = self.index_at(place)?;
            let Some(entry) = self.entries().get(slot) else { continue };
            let same = entry.address.load(Ordering::Relaxed) == address
                && entry.kind.load(Ordering::Relaxed) == entry_kind
                && entry.sequence.load(Ordering::Relaxed) != 0
                && is_it(slot);
            if same {
                return Some((place & MASK, slot));
            }
        }
        None
    }

    /// Adds a slot whose entry starts at `address`.
    pub(super) fn index_insert(self, address: u64, slot: usize) {
        let start = home(address);
        if let Some(place) = (start..start + INDEX_SLOTS).find(|place| self.index_at(*place).is_none()) {
            self.set_index(place, Some(slot));
        }
    }

    /// Empties a place and closes the gap.
    pub(super) fn index_remove(self, place: usize) {
        let mut gap = place;
        for next in place + 1..place + INDEX_SLOTS {
            let Some(slot) = self.index_at(next) else { break };
            let address = self.entries().get(slot).map_or(0, |entry| entry.address.load(Ordering::Relaxed));
            // The number may move up only as far as its home.
            let distance = next.wrapping_sub(home(address)) & MASK;
            if distance >= next - gap {
                self.set_index(gap, Some(slot));
                gap = next;
            }
        }
        self.set_index(gap, None);
    }

    /// Empties the index.
    pub(super) fn index_clear(self) {
        for place in self.address_index() {
            place.store(0, Ordering::Relaxed);
        }
    }
}
