//! Valid dumps with bytes overwritten, cut off or moved: nothing panics, and nothing runs away.

use std::sync::LazyLock;

use proptest::prelude::*;
use wer_inspect::{Inspector, Options, render};

use crate::everything::{linux, windows};

static DUMPS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [linux(), windows()]);

/// Shows everything that can be shown; more text than that would mean that a limit does not hold.
fn look(bytes: &[u8]) {
    for everything in [false, true] {
        let Ok(dump) = Inspector::open(bytes, Options { everything }) else { return };
        let mut text = render(&dump.header()).len();
        for entry in dump.entries() {
            let content = dump.stream(entry);
            text += render(&content).len() + serde_json::to_string(&content).unwrap().len();
        }
        assert!(text < 256 << 20, "{text} characters");
        let memory = dump.memory(0x40_0000, 64);
        assert!(memory.len() <= 64);
    }
}

/// Numbers that make sizes and offsets wrong.
fn evil() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), Just(u32::MAX), Just(0x8000_0000), Just(0x7FFF_FFFF), 0_u32..64, (0_u32..8_192),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn overwritten_numbers(which in 0_usize..2, changes in prop::collection::vec((0_usize..4_096, evil()), 1..12)) {
        let mut bytes = DUMPS[which].clone();
        for (at, value) in changes {
            let at = at * 4 % (bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes[..4].copy_from_slice(b"MDMP");
        look(&bytes);
    }

    #[test]
    fn overwritten_directories(which in 0_usize..2, entry in 0_usize..30, word in 0_usize..3, value in evil()) {
        let mut bytes = DUMPS[which].clone();
        let at = 32 + entry * 12 + word * 4;
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        look(&bytes);
    }

    #[test]
    fn cut_dumps(which in 0_usize..2, length in 0_usize..20_000) {
        let bytes = &DUMPS[which];
        look(&bytes[..length.min(bytes.len())]);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        look(&[b"MDMP\x93\xA7\0\0\x20\0\0\0\x20\0\0\0".as_slice(), &bytes].concat());
    }
}
