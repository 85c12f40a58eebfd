//! Registered and excluded memory blocks.

use wer_abi::flags::DumpType;

use crate::fake::*;
use crate::raw::{dump, dump_registered};

const SECRET: &[u8] = b"payload of the registered block";

#[test]
fn registered_blocks_are_in_heap_dumps_and_never_in_mini_dumps() {
    // In the heap, in shared memory, in a data segment that mini dumps would hold, and next to code.
    for address in [HEAP + 0x100, SHARED + 0x80, DATA + 0x40, LIBRARY + 0x810] {
        let (mut snapshot, mut memory) = crashed();
        register(&mut snapshot, [block(address, SECRET.len() as u32)]);
        memory.put(address, SECRET);
        for dump_type in [DumpType::Micro, DumpType::Mini] {
            let dumped = dump(&snapshot, &memory, dump_type);
            assert!(!dumped.raw.holds(SECRET), "{dump_type:?} {address:#x}");
            assert!(dumped.raw.find(0x5745_0001).is_none());
        }
        for dump_type in [DumpType::Heap, DumpType::Full] {
            let dumped = dump(&snapshot, &memory, dump_type);
            assert_eq!(dumped.raw.memory(address, SECRET.len() as u64).as_deref(), Some(SECRET));
            let (at, size) = dumped.raw.stream(0x5745_0001);
            assert_eq!(size, 16 + 24);
            assert_eq!(dumped.raw.u64(at + 16 + 8), address);
        }
    }
}

#[test]
fn a_block_on_a_stack_stays_part_of_the_stack() {
    let (mut snapshot, mut memory) = crashed();
    let address = MAIN_STACK + 0x2_0000;
    register(&mut snapshot, [block(address, SECRET.len() as u32)]);
    memory.put(address, SECRET);
    assert!(dump(&snapshot, &memory, DumpType::Mini).raw.holds(SECRET));
}

#[test]
fn registered_dmp_names_each_block() {
    let (mut snapshot, mut memory) = crashed();
    register(
        &mut snapshot,
        [
            block(HEAP + 0x100, 64),
            excluded(0x1, 1),
            block(HEAP + 0x120, 0x1000),
            block(0x6666_0000, 16),
            block(HEAP + 0xF_FF0, 0x20),
        ],
    );
    memory.put(HEAP + 0x100, SECRET);
    let dumped = dump_registered(&snapshot, &memory);
    let raw = &dumped.raw;
    let kinds: Vec<u32> = (0..raw.u32(8) as usize).map(|index| raw.u32(32 + 12 * index)).collect();
    assert_eq!(kinds, [5, 6, 7, 0x5745_0001, 0x5745_0002]);
    let (at, _) = raw.stream(0x5745_0001);
    assert_eq!([raw.u32(at), raw.u32(at + 4), raw.u32(at + 8), raw.u32(at + 12)], [1, 16, 24, 4]);
    let entries: Vec<_> = (0..4)
        .map(|index| at + 16 + 24 * index)
        .map(|at| (raw.u64(at), raw.u64(at + 8), raw.u32(at + 16), raw.u32(at + 20)))
        .collect();
    assert_eq!(
        entries,
        [
            (1, HEAP + 0x100, 64, 64),
            (3, HEAP + 0x120, 0x1000, 0x1000),
            (4, 0x6666_0000, 16, 0),
            (5, HEAP + 0xF_FF0, 0x20, 0x10),
        ]
    );
    assert_eq!(raw.memory(HEAP + 0x100, SECRET.len() as u64).as_deref(), Some(SECRET));
    assert!(raw.memory(MAIN_STACK + 0x1_F000, 1).is_none());
    assert!(!dumped.summary.soft_errors.is_empty());
}

#[test]
fn excluded_bytes_are_zero_everywhere() {
    let places = [HEAP + 0xF80, MAIN_STACK + 0x2_0000, DATA + 0x10];
    let (mut snapshot, mut memory) = crashed();
    for address in places {
        register(&mut snapshot, [excluded(address, SECRET.len() as u32)]);
        memory.put(address, SECRET);
    }
    register(&mut snapshot, [block(HEAP + 0xF80, 256)]);
    for dump_type in [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Full] {
        let dumped = dump(&snapshot, &memory, dump_type);
        assert!(!dumped.raw.holds(SECRET));
        assert_eq!(dumped.raw.memory(places[1], 31).unwrap(), [0; 31]);
        assert_eq!(dumped.raw.memory(places[1] + 31, 1).unwrap(), [byte_at(places[1] + 31)]);
    }
    let registered = dump_registered(&snapshot, &memory);
    assert!(!registered.raw.holds(SECRET));
    assert_eq!(registered.raw.memory(HEAP + 0xF80, 32).unwrap()[31], byte_at(HEAP + 0xF80 + 31));
}
