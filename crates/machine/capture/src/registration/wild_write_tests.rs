//! Blocks that a wild write has changed: what it touched is left out and said, everything else comes back.

use std::ops::Range;

use proptest::prelude::*;
use wer_abi::registration::{
    Entry, MODULE_CHECK_OFFSET, ModuleEntry, PAYLOAD_BYTES, TextPayload, check_word, kind,
};
use wer_snapshot::{Registration, RuntimeExceptionModule};

use super::tests::Block;
use super::*;

/// What is registered, with the bytes that say so.
struct Full {
    block: Block,
    entries: Vec<(Registration, Vec<Range<usize>>)>,
    modules: Vec<(RuntimeExceptionModule, Range<usize>)>,
}

impl Full {
    /// Entries of every kind in many slots, and modules, with check words.
    fn new() -> Self {
        let mut block = Block::new();
        for slot in 0..200 {
            let kind = slot as u32 % 5 + 1;
            block.entry(slot, slot as u64 + 1, kind, 0x1000 * (slot as u64 + 1), 2);
            if let kind::FILE | kind::METADATA = kind {
                block.payload(slot, format!("/slot/{slot}").as_bytes(), b"value");
            }
            block.check_entry(slot);
        }
        for slot in 0..9 {
            block.module(slot, 1000 + slot as u64, slot as u64, b"/usr/lib/handler.so");
        }
        block.put(offset_of!(Header, entry_count), &200_u32.to_le_bytes());
        block.put(offset_of!(Header, module_count), &9_u32.to_le_bytes());
        let read = block.read();
        assert!(read.soft_errors.is_empty(), "{:?}", read.soft_errors);
        let entries = read.registrations.entries.into_iter().map(|entry| {
            let ranges = block.entry_bytes(entry.sequence as usize - 1);
            (entry, ranges)
        });
        let modules = read.registrations.modules.into_iter().map(|module| {
            let start = module_at(module.sequence as usize - 1000);
            let counted = start..start + size_of::<ModuleEntry>();
            (module, counted)
        });
        Self { entries: entries.collect(), modules: modules.collect(), block }
    }
}

fn module_at(slot: usize) -> usize {
    offset_of!(RegistrationBlock, modules) + slot * size_of::<ModuleEntry>()
}

impl Block {
    fn entry_bytes(&self, slot: usize) -> Vec<Range<usize>> {
        let entry = offset_of!(RegistrationBlock, entries) + slot * size_of::<Entry>();
        let payload = offset_of!(RegistrationBlock, payloads) + slot * PAYLOAD_BYTES;
        vec![entry..entry + size_of::<Entry>(), payload..payload + PAYLOAD_BYTES]
    }

    fn check_entry(&mut self, slot: usize) {
        let [entry, payload] = <[_; 2]>::try_from(self.entry_bytes(slot)).expect("two");
        let word = |at: usize| u64::from(u32_at(&self.0, entry.start + at).expect("a word"));
        let long = |at: usize| u64_at(&self.0, entry.start + at).expect("eight bytes");
        let numbers = [
            long(offset_of!(Entry, sequence)),
            word(offset_of!(Entry, kind)),
            word(offset_of!(Entry, size)),
            long(offset_of!(Entry, address)),
            word(offset_of!(Entry, flags)),
        ];
        let length = |at| {
            usize::from(u16::from_le_bytes([self.0[payload.start + at], self.0[payload.start + at + 1]]))
        };
        let text = payload.start + 4..payload.start + 4 + length(0) + length(2);
        let check = check_word(&numbers, &self.0[text]);
        self.put(entry.start + offset_of!(Entry, check), &check.to_le_bytes());
    }

    fn module(&mut self, slot: usize, sequence: u64, context: u64, path: &[u8]) {
        let at = module_at(slot);
        self.put(at, &sequence.to_le_bytes());
        self.put(at + offset_of!(ModuleEntry, context), &context.to_le_bytes());
        let text = at + offset_of!(ModuleEntry, path);
        self.texts(text, path, b"");
        let check = check_word(&[sequence, context], path);
        self.put(text + offset_of!(TextPayload, bytes) + MODULE_CHECK_OFFSET, &check.to_le_bytes());
    }
}

/// The bytes of the header that tell what the block is.
const MAGIC_AND_VERSION: Range<usize> = 0..12;
const SIZE: Range<usize> = 16..24;

#[test]
fn a_header_without_its_marks_still_leads_to_what_is_registered() {
    for at in [0, 8, 16] {
        let Full { mut block, entries, modules } = Full::new();
        block.0[at] ^= 0x40;
        let contents = block.read();
        let expected: Vec<_> = entries.into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(contents.registrations.entries, expected);
        assert_eq!(contents.registrations.modules.len(), modules.len());
        assert!(contents.soft_errors[0].message.contains("its header was overwritten"), "{at}");
    }
}

#[test]
fn an_entry_that_was_wiped_out_is_missed() {
    let Full { mut block, entries, .. } = Full::new();
    let at = entries[7].1[0].clone();
    block.0[at].fill(0);
    let contents = block.read();
    assert_eq!(contents.registrations.entries.len(), entries.len() - 1);
    let said = &contents.soft_errors[0].message;
    assert_eq!(said, "The block counts 200 registered entries and has 199: it was overwritten.");
    // Somebody is writing: then it may be on its way.
    block.put(offset_of!(Header, lock), &[1]);
    assert!(block.read().soft_errors.is_empty());
}

#[test]
fn an_entry_that_is_there_twice_counts_once() {
    let Full { mut block, entries, .. } = Full::new();
    let copied = block.0[entries[0].1[0].clone()].to_vec();
    block.put(entries[5].1[0].start, &copied);
    let contents = block.read();
    assert_eq!(contents.registrations.entries.len(), entries.len() - 1);
    assert!(contents.soft_errors[0].message.contains("is there twice"), "{:?}", contents.soft_errors);
}

#[test]
fn flags_that_are_none_are_left_out() {
    let mut block = Block::new();
    block.put(offset_of!(Header, flags), &0x8000_0001_u32.to_le_bytes());
    let contents = block.read();
    assert_eq!((contents.registrations.flags, contents.soft_errors.len()), (0, 1));
}

fn anywhere() -> impl Strategy<Value = usize> {
    let entries = offset_of!(RegistrationBlock, entries);
    let modules = offset_of!(RegistrationBlock, modules);
    prop_oneof![
        MAGIC_AND_VERSION,
        SIZE,
        24..size_of::<Header>(),
        entries..entries + 200 * size_of::<Entry>(),
        modules..modules + 9 * size_of::<ModuleEntry>(),
        0..size_of::<RegistrationBlock>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Some bytes flip, or a whole stretch is overwritten.
    #[test]
    fn what_was_not_touched_comes_back(
        flips in proptest::collection::vec((anywhere(), 1_u8..=255), 0..24),
        stretch in proptest::option::of((anywhere(), 1_usize..3000, any::<u8>())),
    ) {
        let Full { mut block, entries, modules } = Full::new();
        let before = block.0.clone();
        for (at, bits) in flips {
            block.0[at] ^= bits;
        }
        if let Some((at, length, value)) = stretch {
            let end = (at + length).min(block.0.len());
            block.0[at..end].fill(value);
        }
        let touched = |range: &Range<usize>| block.0[range.clone()] != before[range.clone()];
        let contents = read_bytes(&block.0).expect("what is registered is found");
        let found = &contents.registrations;
        let mut is_any_touched = false;
        for (entry, ranges) in &entries {
            let used = ranges.iter().any(touched);
            is_any_touched |= touched(&ranges[0]);
            prop_assert!(used || found.entries.contains(entry), "{entry:?}");
        }
        for (module, range) in &modules {
            prop_assert!(touched(range) || found.modules.contains(module), "{module:?}");
        }
        for entry in &found.entries {
            prop_assert!(entries.iter().any(|(known, _)| known == entry), "{entry:?} was never registered");
        }
        for module in &found.modules {
            prop_assert!(modules.iter().any(|(known, _)| known == module), "{module:?} was never registered");
        }
        // A lock that looks taken, or other counts: then an entry that is missing may be on its way.
        let counters = offset_of!(Header, lock)..offset_of!(Header, capture);
        if touched(&MAGIC_AND_VERSION) || touched(&SIZE) || is_any_touched && !touched(&counters) {
            prop_assert!(!contents.soft_errors.is_empty());
        }
    }
}
