//! Slots of the block: taking, publishing, withdrawing, and putting all in order after a holder was lost.
//!
//! An entry exists from the moment its sequence is stored, which is last, until the sequence is set to 0, which is
//! first. A reader at any instant sees whole entries only.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use wer_abi::Hresult;
use wer_abi::registration::{Entry, check_word, kind};

use super::Result;
use super::block::Block;
use super::lock::WriteGuard;
use super::text;

/// The fixed part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Fields {
    pub(super) kind: u32,
    pub(super) address: u64,
    pub(super) size: u32,
    pub(super) flags: u32,
}

impl WriteGuard {
    /// A new entry: slot taken, text written by `write_text`, published.
    ///
    /// # Errors
    /// [`Hresult::WER_E_INSUFFICIENT_BUFFER`] when all 512 are in use.
    pub(super) fn add(&self, fields: Fields, write_text: impl FnOnce(Block, usize)) -> Result<()> {
        let block = self.block();
        let slot = self.take_slot()?;
        let entry = block.entries().get(slot).ok_or(Hresult::WER_E_INVALID_STATE)?;
        write_fields(entry, fields);
        write_text(block, slot);
        self.publish(slot, entry, fields);
        block.index_insert(fields.address, slot);
        let header = block.header();
        add_to(&header.entry_count, 1);
        if let Some(count) = block.count_of(fields.kind) {
            add_to(count, 1);
        }
        Ok(())
    }

    /// Changes an entry in place: it is gone for an instant, and comes back as the newest.
    pub(super) fn replace(&self, slot: usize, fields: Fields, write_text: impl FnOnce(Block, usize)) {
        if let Some(entry) = self.block().entries().get(slot) {
            withdraw(&entry.sequence);
            write_fields(entry, fields);
            write_text(self.block(), slot);
            self.publish(slot, entry, fields);
        }
    }

    /// Removes the entry in `slot`, which the index has at `place`.
    pub(super) fn remove(&self, place: usize, slot: usize) {
        let block = self.block();
        let Some(entry) = block.entries().get(slot) else { return };
        block.index_remove(place);
        withdraw(&entry.sequence);
        add_to(&block.header().entry_count, -1);
        if let Some(count) = block.count_of(entry.kind.load(Ordering::Relaxed)) {
            add_to(count, -1);
        }
        // A wild write to the sequence must not bring back what was withdrawn.
        entry.kind.store(0, Ordering::Relaxed);
        block.push_free(slot);
    }

    /// Gives the next sequence, and the check word, to an entry that is whole.
    fn publish(&self, slot: usize, entry: &Entry, fields: Fields) {
        let sequence = self.next_sequence();
        let Fields { kind, address, size, flags } = fields;
        let numbers = [sequence, u64::from(kind), u64::from(size), address, u64::from(flags)];
        let payload = self.block().payload(slot).filter(|_| has_text(kind));
        let check = payload.map_or_else(
            || check_word(&numbers, &[]),
            |payload| text::with_bytes(payload, |bytes| check_word(&numbers, bytes)),
        );
        entry.check.store(check, Ordering::Relaxed);
        entry.sequence.store(sequence, Ordering::Release);
    }

    /// A sequence that nothing has had.
    pub(super) fn next_sequence(&self) -> u64 {
        let block = self.block();
        let next = &block.header().next_sequence;
        if next.load(Ordering::Relaxed) == 0 {
            // Overwritten: 0 would say that there is nothing.
            block.rebuild();
        }
        let mine = next.load(Ordering::Relaxed);
        next.store(mine.wrapping_add(1), Ordering::Relaxed);
        mine
    }

    /// A free slot. One that is in use says that the stack was overwritten; then all that is derived is made anew.
    fn take_slot(&self) -> Result<usize> {
        let slot = self.pop_free()?;
        let is_free = |slot: usize| {
            self.block().entries().get(slot).is_some_and(|entry| entry.sequence.load(Ordering::Relaxed) == 0)
        };
        if is_free(slot) {
            return Ok(slot);
        }
        self.block().rebuild();
        self.pop_free()
    }

    fn pop_free(&self) -> Result<usize> {
        let block = self.block();
        let count = &block.header().free_count;
        let top = count.load(Ordering::Relaxed).checked_sub(1).ok_or(Hresult::WER_E_INSUFFICIENT_BUFFER)?;
        let slot = block.free_entries().get(top as usize).ok_or(Hresult::WER_E_INVALID_STATE)?;
        let slot = usize::from(slot.load(Ordering::Relaxed));
        count.store(top, Ordering::Relaxed);
        Ok(slot)
    }
}

/// Whether entries of this kind have a text.
const fn has_text(entry_kind: u32) -> bool {
    matches!(entry_kind, kind::FILE | kind::METADATA)
}

impl Block {
    /// The count of entries of a kind that has a limit of its own.
    fn count_of(self, entry_kind: u32) -> Option<&'static AtomicU32> {
        let header = self.header();
        match entry_kind {
            kind::METADATA => Some(&header.metadata_count),
            kind::ADDITIONAL_PROCESS => Some(&header.additional_process_count),
            _ => None,
        }
    }

    fn push_free(self, slot: usize) {
        let count = &self.header().free_count;
        let top = count.load(Ordering::Relaxed);
        if let Some(place) = self.free_entries().get(top as usize) {
            place.store(slot as u16, Ordering::Relaxed);
            count.store(top + 1, Ordering::Relaxed);
        }
    }

    /// Makes everything that is derived from entries and modules anew. For the holder of a lock that was taken over:
    /// what was published counts, what was half done is forgotten.
    pub(super) fn rebuild(self) {
        let header = self.header();
        self.index_clear();
        header.free_count.store(0, Ordering::Relaxed);
        let mut newest = 0;
        let (mut entries, mut metadata, mut processes) = (0, 0, 0);
        for (slot, entry) in self.entries().iter().enumerate().rev() {
            let sequence = entry.sequence.load(Ordering::Relaxed);
            if sequence == 0 {
                self.push_free(slot);
                continue;
            }
            newest = newest.max(sequence);
            entries += 1;
            let entry_kind = entry.kind.load(Ordering::Relaxed);
            metadata += u32::from(entry_kind == kind::METADATA);
            processes += u32::from(entry_kind == kind::ADDITIONAL_PROCESS);
            self.index_insert(entry.address.load(Ordering::Relaxed), slot);
        }
        let mut modules = 0;
        for module in self.modules() {
            let sequence = module.sequence().load(Ordering::Relaxed);
            modules += u32::from(sequence != 0);
            newest = newest.max(sequence);
        }
        header.entry_count.store(entries, Ordering::Relaxed);
        header.metadata_count.store(metadata, Ordering::Relaxed);
        header.additional_process_count.store(processes, Ordering::Relaxed);
        header.module_count.store(modules, Ordering::Relaxed);
        header.next_sequence.fetch_max(newest.saturating_add(1), Ordering::Relaxed);
    }
}

/// From here on the thing does not exist; what is written to it afterwards cannot be seen as part of it.
pub(super) fn withdraw(sequence: &AtomicU64) {
    sequence.store(0, Ordering::Relaxed);
    fence(Ordering::Release);
}

fn write_fields(entry: &Entry, fields: Fields) {
    entry.kind.store(fields.kind, Ordering::Relaxed);
    entry.size.store(fields.size, Ordering::Relaxed);
    entry.address.store(fields.address, Ordering::Relaxed);
    entry.flags.store(fields.flags, Ordering::Relaxed);
}

/// Counts under the lock: no other writer, so no locked instruction.
pub(super) fn add_to(count: &AtomicU32, change: i32) {
    count.store(count.load(Ordering::Relaxed).wrapping_add_signed(change), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::private_block;
    use super::*;

    fn memory(address: u64) -> Fields {
        Fields { kind: kind::MEMORY_BLOCK, address, size: 64, flags: 0 }
    }

    fn add(block: Block, address: u64) -> Result<()> {
        WriteGuard::take_of(block)?.add(memory(address), |_, _| ())
    }

    fn remove(block: Block, address: u64) -> bool {
        let guard = WriteGuard::take_of(block).unwrap();
        let found = block.index_find(kind::MEMORY_BLOCK, address);
        if let Some((place, slot)) = found {
            guard.remove(place, slot);
        }
        found.is_some()
    }

    fn addresses(block: Block) -> Vec<u64> {
        let mut all: Vec<_> = block
            .entries()
            .iter()
            .filter(|entry| entry.sequence.load(Ordering::Relaxed) != 0)
            .map(|entry| (entry.sequence.load(Ordering::Relaxed), entry.address.load(Ordering::Relaxed)))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, address)| address).collect()
    }

    #[test]
    fn the_table_holds_512_and_every_one_is_found_again() {
        let block = private_block();
        for number in 0..512 {
            add(block, 0x1000 + number * 8).unwrap();
        }
        assert_eq!(add(block, 1), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
        assert_eq!(block.header().entry_count.load(Ordering::Relaxed), 512);
        assert_eq!(addresses(block), (0..512).map(|number| 0x1000 + number * 8).collect::<Vec<_>>());
        for number in (0..512).step_by(3) {
            assert!(remove(block, 0x1000 + number * 8));
            assert!(!remove(block, 0x1000 + number * 8));
        }
        for number in 0..512 {
            assert_eq!(remove(block, 0x1000 + number * 8), number % 3 != 0);
        }
        assert_eq!(block.header().free_count.load(Ordering::Relaxed), 512);
        assert!(block.address_index().iter().all(|place| place.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn the_index_agrees_with_a_map_under_random_changes() {
        let block = private_block();
        let mut model = std::collections::BTreeSet::new();
        let mut state = 0x1234_5678_9ABC_DEF1_u64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let address = (state >> 20) % 600 * 4096;
            let known = model.contains(&address);
            assert_eq!(block.index_find(kind::MEMORY_BLOCK, address).is_some(), known);
            if known {
                assert!(remove(block, address));
                model.remove(&address);
            } else if add(block, address).is_ok() {
                model.insert(address);
            }
        }
        assert_eq!(block.header().entry_count.load(Ordering::Relaxed) as usize, model.len());
    }

    #[test]
    fn a_holder_lost_half_way_leaves_no_trace() {
        let block = private_block();
        for number in 1..=10 {
            add(block, number * 4096).unwrap();
        }
        // Lost while it added one entry (slot taken, not published) and removed another (withdrawn, not given back).
        let guard = WriteGuard::take_of(block).unwrap();
        let slot = guard.take_slot().unwrap();
        write_fields(&block.entries()[slot], memory(99));
        let (_, slot) = block.index_find(kind::MEMORY_BLOCK, 3 * 4096).unwrap();
        withdraw(&block.entries()[slot].sequence);
        block.header().next_sequence.store(2, Ordering::Relaxed);
        drop(guard);
        block.header().lock.store(1 << 32 | 1, Ordering::Relaxed);

        add(block, 77).unwrap();
        let mut expected: Vec<u64> = (1..=10).filter(|number| *number != 3).map(|n| n * 4096).collect();
        expected.push(77);
        assert_eq!(addresses(block), expected);
        assert_eq!(block.header().entry_count.load(Ordering::Relaxed), 10);
        assert_eq!(block.header().free_count.load(Ordering::Relaxed), 502);
        assert!(!remove(block, 3 * 4096));
        assert!(remove(block, 4 * 4096));
    }

    #[test]
    fn an_overwritten_stack_and_sequence_are_made_anew() {
        let block = private_block();
        for number in 1..=10 {
            add(block, number * 4096).unwrap();
        }
        let (_, used) = block.index_find(kind::MEMORY_BLOCK, 4096).unwrap();
        for place in block.free_entries() {
            place.store(used as u16, Ordering::Relaxed);
        }
        block.header().next_sequence.store(0, Ordering::Relaxed);
        add(block, 77).unwrap();
        let expected: Vec<u64> = (1..=10).map(|number| number * 4096).chain([77]).collect();
        assert_eq!(addresses(block), expected);
        assert_eq!(block.header().entry_count.load(Ordering::Relaxed), 11);
    }

    #[test]
    fn check_words_hold_for_what_is_published() {
        let block = private_block();
        add(block, 4096).unwrap();
        let (_, slot) = block.index_find(kind::MEMORY_BLOCK, 4096).unwrap();
        let entry = &block.entries()[slot];
        let numbers = [1, u64::from(kind::MEMORY_BLOCK), 64, 4096, 0];
        assert_eq!(entry.check.load(Ordering::Relaxed), check_word(&numbers, &[]));
    }
}
