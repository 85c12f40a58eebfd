//! Bytes made to harm: no panic, and never more than the limit.

use proptest::prelude::*;
use wer_check::{Kind, check, limits::MAX_VIOLATIONS};
use wer_synth::{Section, Synth, put_u32};

use crate::right::ours;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn overwritten_numbers(changes in prop::collection::vec((any::<usize>(), any::<u32>()), 1..10)) {
        let mut bytes = ours();
        for (at, value) in changes {
            let at = at % (bytes.len() / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        prop_assert!(check(&bytes).len() <= MAX_VIOLATIONS);
    }

    #[test]
    fn small_numbers(at in any::<usize>(), value in 0_u32..4_096) {
        let mut bytes = ours();
        let at = at % (bytes.len() / 4) * 4;
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        prop_assert!(check(&bytes).len() <= MAX_VIOLATIONS);
    }

    #[test]
    fn a_cut_dump_is_never_right(length in any::<usize>()) {
        let bytes = ours();
        prop_assert!(!check(&bytes[..length % bytes.len()]).is_empty());
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(check(&[b"MDMP\x93\xA7\0\0\x10\0\0\0\x20\0\0\0".as_slice(), &bytes].concat()).len() <= MAX_VIOLATIONS);
    }
}

/// 50,000 modules with one list of 50,000 annotations, all of which are one text: 2,500 million texts to those who look.
#[test]
fn lists_within_lists_are_looked_at_up_to_a_limit() {
    let mut synth = Synth::new();
    let count = 50_000_u32;
    let text = synth.utf8(&"x".repeat(1 << 19));
    let list = (0..count).fold(Section::new().u32(count), |section, _| section.u32(text));
    let list = synth.add(list, 4);
    let info = synth.add(Section::new().u32(1).u32s(&list.descriptor()).zeros(16), 4);
    let links = (0..count)
        .fold(Section::new().u32(count), |section, index| section.u32(index).u32s(&info.descriptor()));
    let links = synth.add(links, 4);
    synth.stream(0x4350_0001, Section::new().u32(1).zeros(40).u32s(&links.descriptor()));
    let violations = check(&synth.finish());
    assert!(violations.iter().any(|violation| violation.message.contains("more than are looked at")));
}

/// A directory of 200,000 entries that all name one list.
#[test]
fn a_stream_is_looked_at_once() {
    let mut synth = Synth::new();
    let threads = 100_000_u32;
    let list = (0..threads).fold(Section::new().u32(threads), |section, id| section.u32(id).zeros(44));
    let place = synth.stream(3, list);
    let entries = 200_000_u32;
    let directory = (0..entries).fold(Section::new(), |s, _| s.u32(3).u32s(&place.descriptor()));
    let directory = synth.add(directory, 4);
    let mut bytes = synth.finish();
    put_u32(&mut bytes, 8, entries);
    put_u32(&mut bytes, 12, directory.offset);
    assert!(check(&bytes).iter().any(|violation| violation.kind == Kind::Duplicate));
}
