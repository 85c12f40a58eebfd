//! What a dump takes on disk, and how little of ours.

use std::os::unix::fs::MetadataExt;

use wer_copy::{CopyJob, Ignore, Output, copy};

use crate::model::{BASE, Caller, PAGE, Page, Process, dump, head, read_back, wanted};

/// 16 MiB, alternating.
fn alternating(pages: [Page; 2]) -> Process {
    Process::new((0..4096).map(|index| pages[index % 2]).collect())
}

fn blocks_bytes(process: &Process) -> (u64, u64) {
    let wanted = wanted(&[process.all()]);
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes: 2 * PAGE };
    let file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut caller = Caller::new(process, false);
    let (_, _, size) = dump(&job, process, &mut Output::file(&file), &mut caller, &head(64)).unwrap();
    file.sync_all().unwrap();
    (file.metadata().unwrap().blocks() * 512, size)
}

#[test]
fn zero_pages_take_no_space() {
    for zeros in [Page::Zero, Page::Untouched] {
        let (blocks, size) = blocks_bytes(&alternating([Page::Full, zeros]));
        assert!(size > 16 << 20);
        // Half of 16 MiB, and what the file system needs for so many pieces.
        assert!(blocks < (8 << 20) + (1 << 20), "{blocks} bytes of {size}");
    }
    let (blocks, _) = blocks_bytes(&alternating([Page::Untouched, Page::Untouched]));
    assert!(blocks <= 4 * PAGE, "{blocks} bytes of zeros");
}

#[test]
fn odd_ranges_do_not_spoil_the_holes_of_whole_pages() {
    let process = alternating([Page::Full, Page::Zero]);
    let mut ranges = process.all();
    ranges.start += PAGE;
    let odd = wer_copy::Range::new(BASE + 3, BASE + 77);
    let wanted = wanted(&[odd, ranges]);
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes: 2 * PAGE };
    let file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut caller = Caller::new(&process, false);
    dump(&job, &process, &mut Output::file(&file), &mut caller, &head(64)).unwrap();
    file.sync_all().unwrap();
    let blocks = file.metadata().unwrap().blocks() * 512;
    assert!(blocks < (8 << 20) + (1 << 20), "{blocks} bytes");
}

#[test]
fn untouched_pages_are_not_read() {
    let process = Process::new(vec![Page::Untouched; 4096]);
    process.reads_left.set(0);
    let wanted = wanted(&[process.all()]);
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes: PAGE };
    let file = tempfile::tempfile().unwrap();
    let copied = copy(&job, &process, &mut Output::file(&file), &mut Ignore).unwrap();
    assert_eq!((copied.bytes, copied.missing.bytes), (16 << 20, 0));
}

#[test]
fn untouched_memory_compresses_to_little() {
    let process = Process::new(vec![Page::Untouched; 1 << 18]);
    let wanted = wanted(&[process.all()]);
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes: PAGE };
    let file = tempfile::tempfile().unwrap();
    let mut caller = Caller::new(&process, false);
    let (_, _, size) =
        dump(&job, &process, &mut Output::compressed(&file, 3), &mut caller, &head(64)).unwrap();
    assert_eq!(size, (1 << 30) + PAGE);
    assert!(read_back(&file).len() < 128 << 10);
}
