//! Bytes made to harm: no panic, and never more than the limit.

use proptest::prelude::*;
use wer_check::{check, limits::MAX_VIOLATIONS};

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
