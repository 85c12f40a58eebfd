//! Cabs that lie about names, sizes and numbers.

use std::fs;

use proptest::prelude::*;
use watson_analysis::{CabError, CabLimits, UnpackedCab, unpack_cab};

use crate::fixture::cab;

/// Unpacks into a folder inside another, and checks that nothing appeared outside.
fn unpack(bytes: &[u8], limits: &CabLimits) -> Result<UnpackedCab, CabError> {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let result = unpack_cab(bytes, &inner, limits);
    assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    if let Ok(cab) = &result {
        for file in &cab.files {
            assert_eq!(fs::metadata(&file.path).unwrap().len(), file.size_bytes);
            assert_eq!(file.path.parent(), Some(inner.as_path()));
        }
    }
    result
}

#[test]
fn members_come_out_whole() {
    let large = vec![7_u8; 200_000];
    let unpacked =
        unpack(&cab(&[("a.txt", b"hello"), ("b.bin", &large), ("empty", b"")]), &CabLimits::default());
    let unpacked = unpacked.unwrap();
    let sizes: Vec<_> = unpacked.files.iter().map(|file| (file.name.as_str(), file.size_bytes)).collect();
    assert_eq!(sizes, [("a.txt", 5), ("b.bin", 200_000), ("empty", 0)]);
    assert_eq!(unpacked.notes, [""; 0]);
}

#[test]
fn names_that_are_paths_are_left_out() {
    let bytes = cab(&[("../x", b"1"), ("/tmp/x", b"2"), ("a\\..\\b", b"3"), ("good", b"4"), ("GOOD", b"5")]);
    let unpacked = unpack(&bytes, &CabLimits::default()).unwrap();
    assert_eq!(unpacked.files.len(), 1);
    assert_eq!(unpacked.notes.len(), 4);
}

#[test]
fn bombs_are_left_out() {
    let zeros = vec![0_u8; 2 << 20];
    let bytes = cab(&[("bomb", &zeros), ("small", b"x")]);
    let limits = CabLimits { member_bytes: 1 << 20, ..CabLimits::default() };
    let unpacked = unpack(&bytes, &limits).unwrap();
    assert_eq!(unpacked.files.len(), 1);
    assert!(unpacked.notes[0].starts_with("bomb was left out"), "{:?}", unpacked.notes);

    let many: Vec<(String, &[u8])> = (0..20).map(|n| (format!("f{n}"), &zeros[..1 << 20])).collect();
    let members: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let limits = CabLimits { total_bytes: 5 << 20, ..CabLimits::default() };
    let unpacked = unpack(&cab(&members), &limits).unwrap();
    assert_eq!(unpacked.files.len(), 5);

    let limits = CabLimits { members: 19, ..CabLimits::default() };
    assert!(matches!(unpack(&cab(&members), &limits), Err(CabError::TooManyMembers { .. })));
}

#[test]
fn declared_sizes_and_offsets_that_lie() {
    let whole = cab(&[("a", b"hello"), ("b", b"world")]);
    // The size, the offset and the folder of the first entry, which lies behind header and folder.
    for at in 36..72 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = unpack(&bytes, &CabLimits::default());
        }
    }
    for length in 0..whole.len() {
        if let Ok(unpacked) = unpack(&whole[..length], &CabLimits::default()) {
            assert_eq!(unpacked.files.len() + unpacked.notes.len(), 2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), head in any::<bool>()) {
        if head && bytes.len() > 36 {
            bytes[..4].copy_from_slice(b"MSCF");
            bytes[25] = 1;
            bytes[24] = 3;
            bytes[30..32].fill(0);
        }
        let _ = unpack(&bytes, &CabLimits::default());
    }
}
