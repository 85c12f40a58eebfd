//! Compressed dumps, whole, cut, and made to fill a disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;
use wer_dump::{Dump, DumpError, DumpFile, UnpackLimits};
use wer_synth::Synth;

/// An empty skippable frame, and one with 5 bytes.
const SKIPPABLE: &[u8] =
    &[0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0, 0x5F, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5];

fn dump() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux");
    let mut bytes = vec![0; 3 << 20];
    bytes[1 << 20..][..5].copy_from_slice(b"there");
    synth.memory(&[(0x10_0000, &bytes), (0x80_0000, &noise(100_000))]);
    synth.finish()
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dmp.zst");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn refused(bytes: &[u8], limits: &UnpackLimits) -> DumpError {
    let (_folder, path) = file(bytes);
    DumpFile::open_within(&path, limits).unwrap_err()
}

#[test]
fn frames_and_what_may_be_skipped_are_one_dump() {
    let plain = dump();
    let (head, tail) = plain.split_at(plain.len() / 3);
    for parts in [
        vec![packed(&plain)],
        vec![SKIPPABLE.to_vec(), packed(&plain)],
        vec![packed(head), SKIPPABLE.to_vec(), packed(tail), SKIPPABLE.to_vec()],
    ] {
        let (_folder, path) = file(&parts.concat());
        let opened = DumpFile::open(&path).unwrap();
        assert!(opened.bytes() == plain);
        let read = Dump::read(opened.bytes()).unwrap();
        assert_eq!(read.memory().read(0x20_0000, 5), b"there");
    }
}

#[test]
fn a_large_one_is_unpacked_to_a_file_with_holes() {
    let plain = dump();
    let (folder, path) = file(&packed(&plain));
    let limits = UnpackLimits { memory_bytes: 4_096, ..UnpackLimits::default() };
    let opened = DumpFile::open_within(&path, &limits).unwrap();
    assert!(opened.bytes() == plain);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.dmp.zst"], "the temporary file has no name");
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let start = format!("{:x}-", opened.bytes().as_ptr() as usize);
    let line = maps.lines().find(|line| line.starts_with(&start)).unwrap();
    let range = line.split(' ').next().unwrap();
    let mapped = fs::metadata(format!("/proc/self/map_files/{range}")).unwrap();
    assert_eq!(mapped.len(), plain.len() as u64);
    assert!(mapped.blocks() * 512 < 1 << 20, "{} blocks", mapped.blocks());
}

#[test]
fn one_that_ends_with_a_hole_keeps_its_size() {
    let mut plain = dump();
    plain.resize(plain.len() + (2 << 20), 0);
    let (_folder, path) = file(&packed(&plain));
    let limits = UnpackLimits { memory_bytes: 4_096, ..UnpackLimits::default() };
    assert!(DumpFile::open_within(&path, &limits).unwrap().bytes() == plain);
}

#[test]
fn damage_is_told() {
    let whole = packed(&dump());
    let limits = UnpackLimits::default();
    for length in [5, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length], &limits);
        assert!(matches!(error, DumpError::Compressed { .. }), "{error}");
        assert!(error.to_string().contains("cut"), "{error}");
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xFF;
    damaged[4] ^= 0xFF;
    assert!(matches!(refused(&damaged, &limits), DumpError::Compressed { .. }));
    let error = refused(&[whole, b"MDMP".to_vec()].concat(), &limits);
    assert!(matches!(error, DumpError::Compressed { .. }), "{error}");
}

#[test]
fn bombs_are_refused() {
    let limits =
        UnpackLimits { total_bytes: 64 << 20, ratio: 10, memory_bytes: 1 << 20, ..UnpackLimits::default() };
    // 65 MiB of zeros: too many in all, whatever they take.
    let zeros = packed(&vec![0; 65 << 20]);
    assert!(
        matches!(refused(&zeros, &limits), DumpError::UnpackedTooLarge { limit, .. } if limit == 64 << 20)
    );
    // 80 MiB of one letter: not zero, from a few kilobytes.
    let letters = packed(&vec![b'x'; 80 << 20]);
    let limits = UnpackLimits { total_bytes: 1 << 30, ..limits };
    let error = refused(&letters, &limits);
    assert!(matches!(error, DumpError::UnpackedTooLarge { limit, .. } if limit < 80 << 20), "{error}");
    // Zeros alone may be as many.
    let (_folder, path) = file(&packed(&vec![0; 80 << 20]));
    assert_eq!(DumpFile::open_within(&path, &limits).unwrap().bytes().len(), 80 << 20);
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(28)).unwrap();
    std::io::Write::write_all(&mut encoder, &dump()).unwrap();
    let error = refused(&encoder.finish().unwrap(), &UnpackLimits::default());
    assert!(matches!(error, DumpError::Compressed { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is overwritten, the answer is a reason, or bytes within the limit.
    #[test]
    fn overwritten_bytes(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let mut bytes = packed(&dump());
        for (at, value) in changes {
            let at = 4 + at % (bytes.len() - 4);
            bytes[at] = value;
        }
        let (_folder, path) = file(&bytes);
        let limits = UnpackLimits { total_bytes: 8 << 20, memory_bytes: 1 << 20, ..UnpackLimits::default() };
        if let Ok(opened) = DumpFile::open_within(&path, &limits) {
            prop_assert!(opened.bytes().len() <= 8 << 20);
        }
    }
}
