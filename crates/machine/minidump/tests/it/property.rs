//! Any process at all: the dump is right, and its memory is that of the process.

use proptest::prelude::*;
use wer_minidump::{DumpOptions, plan};
use wer_snapshot::{MemoryReader, ProcessSnapshot, RegionKind};

use crate::fake::{self, FakeMemory, block, byte_at, excluded, region, register, thread};
use crate::raw::dump_with;

/// Gap below, pages, mode, kind, and whether its second page is missing.
type Mapping = (u64, u64, usize, usize, bool);

fn process(
    mappings: &[Mapping],
    threads: &[(u64, u64, bool)],
    blocks: &[(u64, u32, bool)],
) -> (ProcessSnapshot, FakeMemory) {
    let (mut snapshot, _) = fake::crashed();
    let mut memory = FakeMemory::default();
    snapshot.regions.clear();
    let mut at = 0x1_0000;
    for (gap, pages, mode, kind, torn) in mappings {
        at += gap * 4096;
        let end = at + pages * 4096;
        let kind = match kind {
            0 => RegionKind::Anonymous,
            1 => RegionKind::Heap,
            2 => RegionKind::Kernel,
            _ => RegionKind::File { path: "/x".to_owned(), deleted: false },
        };
        snapshot.regions.push(region(at, end, ["rw-p", "r--p", "---p", "rw-s", "r-xp"][*mode], kind));
        memory.fill(at, end);
        if *torn && *pages > 2 {
            memory.remove(at + 4096, at + 8192);
        }
        at = end;
    }
    snapshot.threads = threads
        .iter()
        .enumerate()
        .map(|(index, (rip, rsp, altstack))| {
            let mut thread = thread(index as u32 + 100, *rip, *rsp);
            thread.handler_stack_pointer = altstack.then_some(rsp ^ 0x5000);
            thread
        })
        .collect();
    register(
        &mut snapshot,
        blocks.iter().map(|&(at, size, out)| if out { excluded(at, size) } else { block(at, size) }),
    );
    (snapshot, memory)
}

fn expected(snapshot: &ProcessSnapshot, at: u64) -> u8 {
    let hidden = snapshot.registrations.excluded_blocks();
    let hides = |block: wer_snapshot::MemoryBlock| {
        (block.address..block.address + u64::from(block.size)).contains(&at)
    };
    if { hidden }.any(hides) { 0 } else { byte_at(at) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_process_has_a_right_dump(
        mappings in prop::collection::vec((0..3_u64, 1..6_u64, 0..5_usize, 0..4_usize, any::<bool>()), 0..12),
        threads in prop::collection::vec((0x1_0000..0x4_0000_u64, 0x1_0000..0x4_0000_u64, any::<bool>()), 0..5),
        blocks in prop::collection::vec((0x1_0000..0x4_0000_u64, 1..5000_u32, any::<bool>()), 0..5),
        flags in prop::sample::select(vec![0x0, 0x521, 0x4_0121, 0x5_1B25, 0x7_1826, 0x2, 0x200, 0x2001]),
        only_crashed_thread in any::<bool>(),
    ) {
        let (snapshot, memory) = process(&mappings, &threads, &blocks);
        let options = DumpOptions { flags, only_crashed_thread, ..DumpOptions::default() };
        let dumped = dump_with(&snapshot, &memory, &options);
        prop_assert!(minidump::Minidump::read(&dumped.raw.0[..]).is_ok());
        let mut total = 0;
        for (start, size, offset) in dumped.raw.memory_list() {
            total += size;
            for index in 0..size {
                let byte = dumped.raw.0[(offset + index) as usize];
                prop_assert_eq!(byte, expected(&snapshot, start + index));
            }
        }
        prop_assert_eq!(total, dumped.summary.memory_bytes);
    }

    #[test]
    fn memory_planned_is_memory_of_the_process(
        mappings in prop::collection::vec((0..3_u64, 1..6_u64, 0..5_usize, 0..4_usize, Just(false)), 0..12),
        threads in prop::collection::vec((0x1_0000..0x4_0000_u64, 0x1_0000..0x4_0000_u64, any::<bool>()), 0..5),
    ) {
        let (snapshot, memory) = process(&mappings, &threads, &[]);
        let planned = plan(&snapshot, &memory, &DumpOptions { flags: 0x5_1B25, ..DumpOptions::default() });
        let mut page = [0; 1];
        let readable = snapshot.regions.iter().all(|region| memory.read(region.start, &mut page) == 1);
        let bytes = planned.memory_bytes();
        let file = tempfile::tempfile().unwrap();
        let summary = planned.copy(&memory, &file).unwrap().write(&snapshot, &file).unwrap();
        prop_assert!(!readable || summary.memory_bytes == bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Torn dumps are reported, and never a panic. Words are more telling than bytes: sizes, counts and addresses.
    #[test]
    fn the_checker_survives_torn_dumps(
        words in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>(), any::<bool>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        thread_local! {
            static DUMP: Vec<u8> = {
                let (mut snapshot, memory) = fake::crashed();
                register(&mut snapshot, [block(fake::HEAP, 64), block(fake::HEAP + 32, 5000)]);
                dump_with(&snapshot, &memory, &DumpOptions { flags: 0x5_1B25, ..DumpOptions::default() }).raw.0
            };
        }
        let mut torn = DUMP.with(Clone::clone);
        // The lists come before the memory, in the first 16 KiB.
        for (index, value, extreme) in words {
            let at = index.index(4096) * 4;
            let value = if extreme { u32::MAX - value % 64 } else { value % 4096 };
            torn[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        if let Some(cut) = cut {
            torn.truncate(cut.index(torn.len()));
        }
        prop_assert!(wer_check::check(&torn).len() <= wer_check::limits::MAX_VIOLATIONS);
    }
}
