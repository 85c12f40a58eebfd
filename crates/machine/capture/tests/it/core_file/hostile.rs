//! Cores that are cut, enormous, or made to harm.

use proptest::prelude::*;
use wer_capture::{CoreFileError, limits::MAX_CORE_THREADS};

use super::synth::{Synth, small};
use super::{complaints, read_bytes};

#[test]
fn more_segments_than_the_header_can_count() {
    const COUNT: u64 = 70_000;
    let mut core = Synth::new().thread(1, 6, 0x10_0000, 0x10_0000).count_in_section();
    for index in 0..COUNT {
        core = core.load(0x10_0000 + index * 0x2000, 0x1000, 6, &index.to_le_bytes());
    }
    let mut bytes = core.finish();
    let capture = read_bytes(&bytes).expect("a core");
    assert_eq!(capture.snapshot.regions.len() as u64, COUNT);
    let last = 0x10_0000 + (COUNT - 1) * 0x2000;
    assert_eq!(capture.memory().read_u64(last), Some(COUNT - 1));

    let section =
        usize::try_from(u64::from_le_bytes(*bytes[40..].first_chunk().expect("a header"))).expect("small");
    bytes[section + 44..section + 48].copy_from_slice(&u32::MAX.to_le_bytes());
    let more = read_bytes(&bytes).expect("a core");
    assert!(complaints(&more).iter().any(|text| text.contains("only the first")), "{:?}", complaints(&more));
    bytes[40..48].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(read_bytes(&bytes), Err(CoreFileError::Damaged { .. })));
}

#[test]
fn a_core_that_is_cut_gives_what_it_has() {
    let bytes = small().finish();
    for length in (64 + 56..bytes.len()).step_by(97) {
        match read_bytes(&bytes[..length]) {
            Ok(capture) => assert!(
                complaints(&capture).iter().any(|text| text.contains("cut") || text.contains("ends within")),
                "{length}: {:?}",
                complaints(&capture)
            ),
            Err(error) => panic!("{length}: {error}"),
        }
    }
    let cut = read_bytes(&bytes[..bytes.len() - 0x1800]).expect("a core");
    assert_eq!(cut.snapshot.threads.len(), 2);
    let mut buffer = [0; 0x1000];
    assert_eq!(cut.memory().read(0x7000_0000, &mut buffer), 0x800);
    assert!(!cut.snapshot.regions[1].marks.not_dumped, "it is missing, not left out");
    assert!(complaints(&cut).iter().any(|text| text.contains("6144 bytes of the memory of 2 segments")));
}

#[test]
fn a_hundred_thousand_threads_are_read_to_the_limit() {
    let mut core = Synth::new();
    for tid in 1..=100_000 {
        core = core.thread(tid, 11, 0x1000, 0x2000);
    }
    let capture = read_bytes(&core.load(0x1000, 0x1000, 5, b"x").finish()).expect("a core");
    assert_eq!(capture.snapshot.threads.len(), MAX_CORE_THREADS);
    assert!(complaints(&capture).iter().any(|text| text.contains("threads of the core are kept")));
}

#[test]
fn a_million_files_and_no_memory() {
    let files: Vec<_> =
        (0..200_000u64).map(|index| (index * 0x3000, index * 0x3000 + 0x1000, index, "/f")).collect();
    let capture = read_bytes(
        &Synth::new().thread(1, 11, 0, 0).files(&files).load(0x1000, 0x10_0000_0000, 6, b"").finish(),
    )
    .expect("a core");
    assert!(capture.snapshot.regions.len() >= 200_000);
    assert!(capture.snapshot.regions.is_sorted_by(|one, next| one.end <= next.start));
}

#[test]
fn sizes_that_pass_the_end_of_everything() {
    let core = Synth::new()
        .thread(1, 11, 0, 0)
        .files(&[(0, u64::MAX, u64::MAX, "/a"), (5, 4, 0, "/b"), (0x5000, 0x6000, 0, "/c")])
        .load(u64::MAX - 0xfff, 0x1000, 6, &[1; 64])
        .load(u64::MAX - 0x1fff, 0x1000, 6, &[1; 64])
        .load(0x1000, u64::MAX - 0x1000, 6, &[2; 64])
        .load(0x1000, 0x1000, 6, &[3; 64]);
    let capture = read_bytes(&core.finish()).expect("a core");
    assert!(!complaints(&capture).is_empty());
    let mut buffer = [0; 128];
    for region in &capture.snapshot.regions {
        let _ = capture.memory().read(region.start, &mut buffer);
        let _ = capture.memory().read(region.end - 1, &mut buffer);
    }
}

/// A loader's list that leads back to itself, and an auxiliary vector that points anywhere.
#[test]
fn lists_that_never_end() {
    let mut memory = vec![0u8; 0x3000];
    let mut put = |at: usize, value: u64| memory[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(0, u64::from(2u32) | 6 << 32);
    put(16, 0x1_0100);
    put(40, 0x20);
    put(0x100, 21);
    put(0x108, 0x1_0200);
    put(0x200, 1);
    put(0x208, 0x1_0300);
    put(0x308, 0x1_0ff0);
    put(0x318, 0x1_0300);
    let auxv: Vec<u8> = [3u64, 0x1_0000, 5, 1, 25, 0x1_2000, 31, u64::MAX - 3, 33, 0x1_0000, 16, u64::MAX]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let core = Synth::new().thread(1, 6, 0, 0).note("CORE", 6, &auxv).load(0x1_0000, 0x3000, 6, &memory);
    let capture = read_bytes(&core.finish()).expect("a core");
    assert!(capture.snapshot.modules.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_core_makes_it_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..24),
        near_the_head in any::<bool>(),
    ) {
        let mut bytes = small().note("CORE", 6, &[1; 160]).finish();
        let reach = if near_the_head { 64 + 4 * 56 + 600 } else { bytes.len() };
        for (index, value) in changes {
            let at = index.index(reach);
            bytes[at] = value;
        }
        if let Ok(capture) = read_bytes(&bytes) {
            let snapshot = &capture.snapshot;
            prop_assert!(snapshot.regions.is_sorted_by(|one, next| one.end <= next.start));
            prop_assert!(snapshot.threads.len() <= bytes.len() / 336);
            let mut buffer = [0; 64];
            for region in snapshot.regions.iter().take(64) {
                prop_assert!(region.start < region.end);
                let _ = capture.memory().read(region.start, &mut buffer);
                let _ = capture.memory().untouched(region.start & !0xfff, 1 << 20);
            }
        }
    }
}
