//! What the snapshot holds is what the process held.

use wer_snapshot::{MemoryReader, Region, RegionKind};

use super::*;

/// Compares page by page; returns how many pages both could read.
fn compare(regions: &[Region], one: &dyn MemoryReader, other: &dyn MemoryReader) -> usize {
    let (mut same, mut page, mut peer) = (0, [0; 4096], [0; 4096]);
    for region in regions.iter().filter(|region| region.kind != RegionKind::Kernel) {
        for address in (region.start..region.end).step_by(4096) {
            let counts = (one.read(address, &mut page), other.read(address, &mut peer));
            assert_eq!(counts.0, counts.1, "{address:#x} of {region:?}");
            assert!(page[..counts.0] == peer[..counts.1], "{address:#x} of {region:?}");
            same += usize::from(counts.0 == 4096);
        }
    }
    same
}

fn check_memory(program: &Program) {
    let copied = snapshot(program);
    let stopped = live(program.pid()).expect("a capture");
    assert_eq!(copied.snapshot.regions, stopped.snapshot.regions);
    let pages = compare(&stopped.snapshot.regions, copied.memory(), stopped.memory());
    assert!(pages > 10_000, "{pages}");
}

#[test]
fn every_page_is_as_it_was() {
    let mut program = start(&["memory"]);
    waits(&program);
    check_memory(&program);
    // What was overwritten below a stack pointer is in place again.
    check_memory(&program);
    is_untouched(&program);
    program.ping();
}

#[test]
fn shared_memory_beyond_the_limit_is_read_later_and_named() {
    let mut program = start(&["memory", "300"]);
    waits(&program);
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::ForkSnapshot);
    let [error] = &capture.snapshot.soft_errors[..] else { panic!("{:?}", capture.snapshot.soft_errors) };
    assert!(error.message.contains("300 MiB") && error.message.contains("newer"), "{}", error.message);
    let large =
        capture.snapshot.regions.iter().find(|region| region.size() == 300 << 20).expect("it is mapped");
    assert_ne!(capture.memory().read_u64(large.start), Some(0));
    drop(capture);
    program.ping();
}

#[test]
fn shared_memory_that_changes_afterwards_is_as_it_was() {
    let mut program = start(&["memory"]);
    waits(&program);
    let capture = snapshot(&program);
    let shared =
        capture.snapshot.regions.iter().filter(|region| region.protection.shared).collect::<Vec<_>>();
    assert!(shared.len() >= 2);
    let process = Process::open(program.pid()).expect("it lives").memory(true).expect("it lives");
    for region in shared.iter().filter(|region| region.protection.write) {
        let before = capture.memory().read_u64(region.start).expect("it was copied");
        process.write_all(region.start, &(!before).to_le_bytes()).expect("it is writable");
        assert_eq!(process.read_u64(region.start), Some(!before));
        assert_eq!(capture.memory().read_u64(region.start), Some(before));
    }
    program.ping();
}
