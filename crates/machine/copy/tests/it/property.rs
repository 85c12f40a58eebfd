//! Random processes, callers and outputs: every byte is where the runs say, nothing else is, and all outputs agree.

use proptest::prelude::*;
use wer_copy::range::merge;
use wer_copy::{Copied, CopyJob, Output, Range, Wanted};

use crate::model::{BASE, Caller, PAGE, Page, Process, Written, dump, head, read_back};

/// Stretches of pages; holes shorter than those that are crossed in larger steps.
fn pages() -> impl Strategy<Value = Vec<Page>> {
    let stretch = prop_oneof![
        (Just(Page::Missing), 1..12_usize),
        (Just(Page::Untouched), 1..120_usize),
        (Just(Page::Zero), 1..40_usize),
        (Just(Page::Late), 1..4_usize),
        (Just(Page::Full), 1..300_usize),
    ];
    let stretches = prop::collection::vec(stretch, 1..12);
    stretches.prop_map(|all| {
        let mut pages: Vec<Page> = Vec::new();
        for (page, count) in all {
            let is_long_hole = page == Page::Missing && pages.last() == Some(&Page::Missing);
            pages.extend(std::iter::repeat_n(if is_long_hole { Page::Zero } else { page }, count));
        }
        pages
    })
}

/// Disjoint ranges of the process, some of whole pages, in any order.
fn ranges(pages: usize, max: usize) -> impl Strategy<Value = Vec<Range>> {
    let end = pages as u64 * PAGE;
    let range = (0..end, 1..end / 2 + 2, any::<bool>()).prop_map(move |(start, size, whole)| {
        let mask = if whole { !(PAGE - 1) } else { !0 };
        let last = (start + size).min(end);
        let last = if whole { last.next_multiple_of(PAGE).min(end) } else { last };
        Range::new(BASE + (start & mask), BASE + last)
    });
    prop::collection::vec(range, 0..max).prop_map(merge)
}

#[derive(Debug)]
struct Case {
    pages: Vec<Page>,
    wanted: Vec<Wanted>,
    excluded: Vec<Range>,
    rewrites: bool,
    held: bool,
    read_max_bytes: usize,
    head_bytes: usize,
    room_bytes: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let choices = (
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(usize::MAX), 700..70_000_usize],
        32..9000_usize,
        prop_oneof![Just(2 * PAGE), Just(3 * PAGE), Just(300 * PAGE), 9000..20_000_u64],
    );
    (pages(), choices).prop_flat_map(|(pages, (rewrites, held, read_max_bytes, head_bytes, room_bytes))| {
        let count = pages.len();
        let wanted = ranges(count, 8).prop_shuffle();
        let marks = prop::collection::vec(any::<bool>(), 8);
        (Just(pages), wanted, marks, ranges(count, 4)).prop_map(move |(pages, wanted, marks, excluded)| {
            let wanted = wanted.into_iter().zip(marks);
            let wanted = wanted.map(|(range, may_be_untouched)| Wanted { range, may_be_untouched });
            let head_bytes = head_bytes.min(room_bytes as usize);
            Case {
                pages,
                wanted: wanted.collect(),
                excluded,
                rewrites,
                held,
                read_max_bytes,
                head_bytes,
                room_bytes,
            }
        })
    })
}

fn check(case: &Case, process: &Process, copied: &Copied, base: u64, file: &[u8]) {
    let caller = Caller::new(process, case.rewrites);
    let mut end = 0;
    for run in &copied.runs {
        assert_eq!(run.offset, end, "runs lie one after the other");
        end += run.size;
    }
    assert_eq!((end, base + end), (copied.bytes, file.len() as u64));
    let mut expected_bytes = 0;
    let mut missing_bytes = 0;
    for range in case.wanted.iter().map(|wanted| wanted.range) {
        let mut at = range.start;
        while at < range.end {
            let page_end = (at / PAGE + 1) * PAGE;
            let part = Range::new(at, page_end.min(range.end));
            at = part.end;
            let expected: Option<Vec<u8>> =
                (part.start..part.end).map(|address| caller.expected(address, &case.excluded)).collect();
            let Some(expected) = expected else {
                assert_eq!(copied.find(part), None);
                missing_bytes += part.bytes();
                continue;
            };
            let run = copied.find(part).expect("it can be read");
            assert_eq!((run.start, run.size), (part.start, part.bytes()));
            let offset = (base + run.offset) as usize;
            assert!(
                file[offset..offset + expected.len()] == expected[..],
                "other bytes at {:#x}",
                part.start
            );
            expected_bytes += part.bytes();
            let held = copied.bytes_of(part.start, expected.len());
            assert_eq!(held, copied.fixed_base().is_none().then_some(expected));
        }
    }
    assert_eq!((copied.bytes, copied.missing.bytes), (expected_bytes, missing_bytes));
    assert_eq!(copied.missing.count > 0, missing_bytes > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_output_holds_the_same_and_all_of_it(case in cases()) {
        let mut process = Process::new(case.pages.clone());
        process.read_max_bytes = case.read_max_bytes;
        let in_memory_max_bytes = if case.held { u64::MAX } else { 0 };
        let job = CopyJob {
            wanted: &case.wanted,
            excluded: &case.excluded,
            in_memory_max_bytes,
            room_bytes: case.room_bytes,
        };
        let head = head(case.head_bytes);
        let file = tempfile::tempfile().unwrap();
        let mut caller = Caller::new(&process, case.rewrites);
        let (copied, base, size) =
            dump(&job, &process, &mut Output::file(&file), &mut caller, &head).unwrap();
        let plain = read_back(&file);
        prop_assert_eq!(size, plain.len() as u64);
        prop_assert_eq!(&plain[..head.len()], &head[..]);
        prop_assert!(plain[head.len()..base as usize].iter().all(|byte| *byte == 0));
        check(&case, &process, &copied, base, &plain);
        if case.rewrites {
            prop_assert_eq!(process.untouched_asked.get(), 0);
        }

        let mut written = Written::default();
        let mut caller = Caller::new(&process, case.rewrites);
        dump(&job, &process, &mut Output::custom(&mut written), &mut caller, &head).unwrap();
        prop_assert!(written.joined() == plain);
        prop_assert_eq!(written.offsets.last(), Some(&0), "the header comes last");

        let file = tempfile::tempfile().unwrap();
        let mut caller = Caller::new(&process, case.rewrites);
        dump(&job, &process, &mut Output::compressed(&file, 1), &mut caller, &head).unwrap();
        let compressed = read_back(&file);
        prop_assert!(zstd::decode_all(&compressed[..]).unwrap() == plain);
    }
}
