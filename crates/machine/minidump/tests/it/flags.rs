//! Each flag of `MINIDUMP_TYPE`: what a dump has with it and not without it.

use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;
use wer_snapshot::{Facts, MemoryReader, ProcessSnapshot, RegionKind};

use crate::callbacks::options;
use crate::fake::*;
use crate::raw::{Raw, dump_with};

fn raw(snapshot: &ProcessSnapshot, memory: &dyn MemoryReader, flags: u64) -> Raw {
    dump_with(snapshot, memory, &options(flags)).raw
}

/// Whether a normal dump with and without flags holds memory at an address.
fn holds(flags: u64, address: u64) -> (bool, bool) {
    let (snapshot, memory) = rich();
    let has = |flags| raw(&snapshot, &memory, flags).memory(address, 16).is_some();
    (has(flags), has(0))
}

const GAINS: (bool, bool) = (true, false);

#[test]
fn with_data_segs_brings_data_segments() {
    assert_eq!(holds(0x1, DATA), GAINS);
    assert_eq!(holds(0x1, LIBRARY_DATA), GAINS);
    assert_eq!(holds(0x401, DATA), (false, false), "optional");
    assert_eq!(holds(0x10_0001, DATA), (false, false), "the user's");
}

#[test]
fn with_full_memory_brings_all_in_a_64_bit_list() {
    let (snapshot, memory) = rich();
    let full = raw(&snapshot, &memory, 0x2);
    assert!(full.find(9).is_some() && full.find(5).is_none());
    for address in [CODE, DATA, HEAP, SHARED, STACK, VDSO] {
        assert!(full.memory(address, 0x1000).is_some());
    }
    assert!(full.memory(VVAR, 1).is_none() && full.memory(GUARD, 1).is_none());
}

#[test]
fn streams_come_with_their_flags_only() {
    let (snapshot, memory) = rich();
    for (flag, kinds) in [(0x4, &[12, 0x5745_0003][..]), (0x20, &[14]), (0x1000, &[17]), (0x4_0000, &[19])] {
        for kind in kinds {
            assert!(raw(&snapshot, &memory, flag).find(*kind).is_some(), "{flag:#x} {kind}");
            assert!(raw(&snapshot, &memory, !flag & 0x5_1025).find(*kind).is_none(), "{flag:#x} {kind}");
        }
    }
    let normal = raw(&snapshot, &memory, 0).kinds();
    let baseline = [3, 4, 5, 6, 7, 15, 16, 21, 22, 24];
    assert_eq!(normal.iter().filter(|kind| **kind <= 0xFFFF).copied().collect::<Vec<u32>>(), baseline);
}

#[test]
fn filter_memory_keeps_addresses_and_zeroes_the_rest() {
    let (snapshot, mut memory) = rich();
    let place = STACK + 0xE100;
    let words = [CODE + 0x10, 0x1111_2222_3333_4444, STACK + 0xF000, HEAP + 8, LIBRARY + 0x40];
    let bytes = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    memory.put(place, &bytes(&words));
    let kept = [words[0], 0, words[2], 0, words[4]];
    assert_eq!(raw(&snapshot, &memory, 0x8).memory(place, 40).unwrap(), bytes(&kept));
    assert_eq!(raw(&snapshot, &memory, 0).memory(place, 40).unwrap(), bytes(&words));
    // Only stacks are filtered.
    let heap = raw(&snapshot, &memory, 0x208).memory(HEAP, 16).unwrap();
    assert!(heap.iter().zip(HEAP..).all(|(byte, at)| *byte == byte_at(at)));
}

#[test]
fn scan_memory_takes_parts_from_modules_that_no_stack_names() {
    let (mut snapshot, mut memory) = rich();
    for (thread, place) in snapshot.threads.iter_mut().zip([MAIN_STACK + 0x1_F345, STACK + 0xE0F0, 0]) {
        if let Some(registers) = &mut thread.registers {
            (registers.rip, registers.rax) = (VDSO + 0x20, 0);
            memory.put(
                place & !7,
                &vec![
                    0;
                    (if place < MAIN_STACK { STACK_END } else { MAIN_STACK_END } - (place & !7)) as usize
                ],
            );
        }
    }
    memory.put(STACK + 0xE200, &(LIBRARY + 0x40).to_le_bytes());
    let scanned = raw(&snapshot, &memory, 0x11);
    assert!(scanned.memory(LIBRARY_DATA, 16).is_some() && scanned.memory(DATA, 16).is_none());
    assert_eq!(scanned.modules().len(), 4, "all stay in the list");
    let plain = raw(&snapshot, &memory, 0x1);
    assert!(plain.memory(LIBRARY_DATA, 16).is_some() && plain.memory(DATA, 16).is_some());
}

#[test]
fn indirect_memory_is_what_words_point_to() {
    let (mut snapshot, mut memory) = rich();
    memory.put(STACK + 0xE200, &(HEAP + 0x4008).to_le_bytes());
    snapshot.threads[0].registers.as_mut().unwrap().r12 = SHARED + 0x800;
    memory.put(STACK + 0xE208, &VVAR.to_le_bytes());
    let indirect = raw(&snapshot, &memory, 0x40);
    assert!(indirect.memory(HEAP + 0x4008 - 256, 256 + 768).is_some());
    assert!(indirect.memory(HEAP + 0x4008 - 272, 8).is_none());
    assert!(indirect.memory(HEAP + 0x4008 + 784, 8).is_none());
    assert!(indirect.memory(SHARED + 0x800, 768).is_some(), "registers point, too");
    assert!(indirect.memory(VVAR, 1).is_none());
    for flags in [0, 0x440, 0x10_0040] {
        assert!(raw(&snapshot, &memory, flags).memory(HEAP + 0x4008, 8).is_none(), "{flags:#x}");
    }
}

#[test]
fn indirect_memory_is_bounded_for_each_thread_and_for_all() {
    let (mut snapshot, mut memory) = crashed();
    let (start, end) = (0x6000_0000_0000_u64, 0x6000_0000_0000 + (64 << 20));
    let at = snapshot.regions.partition_point(|region| region.start < start);
    snapshot.regions.insert(at, region(start, end, "rw-p", RegionKind::Anonymous));
    memory.fill(start, end);
    let (stack, stack_end) = (0x7f50_0000_0000_u64, 0x7f50_0000_0000 + (16 << 20));
    let at = snapshot.regions.partition_point(|region| region.start < stack);
    snapshot.regions.insert(at, region(stack, stack_end, "rw-p", RegionKind::Anonymous));
    let words = (0..(16 << 20) / 8_u64).flat_map(|index| (start + index % 0x1_0000 * 1024).to_le_bytes());
    memory.fill(stack, stack_end);
    memory.put(stack, &words.collect::<Vec<u8>>());
    snapshot.threads =
        (0..64).map(|index| thread(100 + index, CODE, stack + u64::from(index) * 0x1_0000)).collect();
    let of = |tids: usize| {
        let mut snapshot = snapshot.clone();
        snapshot.threads.truncate(tids);
        let raw = raw(&snapshot, &memory, 0x40);
        let there = raw.memory_list().into_iter().filter(|(at, ..)| (start..end).contains(at));
        there.map(|(_, size, _)| size).sum::<u64>()
    };
    let (one, all) = (of(1), of(64));
    assert!((256 << 10..=512 << 10).contains(&one), "{one}");
    assert!(one < all && all <= 16 << 20, "{all}");
}

#[test]
fn filter_module_paths_leaves_names() {
    let (snapshot, mut memory) = rich();
    let snapshot = with_loader(snapshot, &mut memory);
    let plain = raw(&snapshot, &memory, 0x1A0 & !0x80);
    let filtered = raw(&snapshot, &memory, 0x1A0);
    assert_eq!(plain.modules()[..2], ["/opt/app", "/lib/libfake.so.1.2.3"]);
    assert_eq!(filtered.modules(), ["app", "libfake.so.1.2.3", "memfd:jit", "linux-gate.so"]);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for path in ["/opt/app", "/lib/libfake.so", "/lib/libgone.so"] {
        assert!(plain.holds(path.as_bytes()) || plain.holds(&wide(path)), "{path}");
        assert!(!filtered.holds(path.as_bytes()) && !filtered.holds(&wide(path)), "{path}");
    }
    assert!(filtered.bytes(0x4767_0009).ends_with(b" 5 app\n"));
    assert_eq!(filtered.bytes(0x4767_0006), b"app\0--fast\0");
}

/// Gives the process a loader's list with one library.
fn with_loader(mut snapshot: ProcessSnapshot, memory: &mut FakeMemory) -> ProcessSnapshot {
    let (headers, dynamic, debug, map) = (CODE + 0x40, DATA, DATA + 0x100, HEAP + 0x8000);
    snapshot.process.auxv = vec![(3, headers), (4, 56), (5, 2)];
    let words = |words: &[u64]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    memory.put(headers, &words(&[6, 0, 0x40, 0, 0, 0, 0]));
    memory.put(headers + 56, &words(&[2, 0, 0x2000, 0, 0, 0x1000, 0]));
    memory.put(dynamic, &words(&[21, debug, 0, 0]));
    memory.put(debug, &words(&[1, map, 0x111, 0, 0x222]));
    memory.put(HEAP + 0x8100, b"/lib/libfake.so\0");
    memory.put(map, &words(&[0x333, HEAP + 0x8100, 0x444, 0, 0]));
    snapshot
}

#[test]
fn with_process_thread_data_brings_threads_blocks_and_the_loaders() {
    let (mut snapshot, mut memory) = rich();
    snapshot.threads[0].registers.as_mut().unwrap().fs_base = ALTSTACK + 0x2000;
    let snapshot = with_loader(snapshot, &mut memory);
    let (with, without) = (raw(&snapshot, &memory, 0x100), raw(&snapshot, &memory, 0));
    for (address, size) in [
        (ALTSTACK + 0x1000, 0x1000 + 2560),
        (DATA, 32),
        (DATA + 0x100, 40),
        (HEAP + 0x8000, 40),
        (HEAP + 0x8100, 16),
    ] {
        assert!(with.memory(address, size).is_some(), "{address:#x}");
        assert!(without.memory(address, size).is_none(), "{address:#x}");
    }
    assert!(raw(&snapshot, &memory, 0x500).memory(DATA, 32).is_none(), "optional");
    assert!(raw(&snapshot, &memory, 0x180).memory(HEAP + 0x8100, 16).is_none(), "paths are filtered");
}

#[test]
fn private_memory_comes_by_kind() {
    assert_eq!(holds(0x200, HEAP), GAINS);
    assert_eq!(holds(0x200, SHARED), (false, false));
    assert_eq!(holds(0x1_0000, DATA), GAINS);
    assert_eq!(holds(0x1_0000, HEAP), (false, false));
    assert_eq!(holds(0x10_0200, HEAP), (false, false), "triage");
}

#[test]
fn without_optional_data_has_less_of_everything_optional() {
    let (snapshot, memory) = rich();
    let rich = raw(&snapshot, &memory, 0x8_0141);
    let poor = raw(&snapshot, &memory, 0x8_0541);
    assert!(poor.memory_list().len() < rich.memory_list().len());
    assert_eq!(poor.memory_list().len(), raw(&snapshot, &memory, 0).memory_list().len());
    assert_eq!([&rich, &poor].map(|raw| raw.find(21).is_some() && raw.find(22).is_some()), [true, false]);
}

#[test]
fn with_code_segs_brings_code() {
    let (snapshot, memory) = rich();
    assert!(raw(&snapshot, &memory, 0x2000).memory(CODE, 0x2000).is_some());
    assert!(raw(&snapshot, &memory, 0).memory(CODE, 0x2000).is_none());
}

#[test]
fn with_module_headers_brings_headers_notes_and_thread_local_images() {
    let (snapshot, mut memory) = rich();
    let words = |words: &[u64]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    // The library's header: three program headers at 64.
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(64, 0);
    header[32..40].copy_from_slice(&64_u64.to_le_bytes());
    header[56..58].copy_from_slice(&3_u16.to_le_bytes());
    memory.put(LIBRARY, &header);
    memory.put(LIBRARY + 64, &words(&[1, 0, 0x5000, 0, 0, 0x3000, 0]));
    memory.put(LIBRARY + 64 + 56, &words(&[4, 0, 0x5000 + 0x1800, 0, 0x24, 0x24, 0]));
    memory.put(LIBRARY + 64 + 112, &words(&[7, 0, 0x5000 + 0x2100, 0, 0x40, 0x80, 0]));
    let has = |flags, address, size| raw(&snapshot, &memory, flags).memory(address, size).is_some();
    assert!(has(0x8_0000, LIBRARY, 64 + 3 * 56) && !has(0x8_0000, LIBRARY + 64 + 3 * 56, 8));
    assert!(has(0x8_0000, LIBRARY + 0x1800, 0x24));
    assert!(!has(0x8_0000, LIBRARY + 0x2100, 0x40) && has(0x8_0100, LIBRARY + 0x2100, 0x40));
    assert!(!has(0x100, LIBRARY, 64) && !has(0x8_0400, LIBRARY, 64));
}

#[test]
fn filter_triage_leaves_the_users_data_out() {
    let (mut snapshot, memory) = rich();
    let secret = wer_snapshot::RegistrationKind::Metadata { key: "user".into(), value: "tony".into() };
    register(&mut snapshot, [secret]);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let plain = raw(&snapshot, &memory, 0x4);
    let triage = raw(&snapshot, &memory, 0x10_0004);
    for text in [&b"tony"[..], b"--fast", &wide("/home/user/letter.txt"), b"said "] {
        assert!(plain.holds(text), "{text:?}");
        assert!(!triage.holds(text), "{text:?}");
    }
    assert_eq!(triage.stream(12).1, plain.stream(12).1, "descriptors stay, without names");
    let of_type = dump_with(&snapshot, &memory, &DumpOptions::for_type(DumpType::Triage)).raw;
    assert_eq!(of_type.threads(), [100, 101, 102]);
    assert!(!of_type.holds(b"tony") && of_type.find(14).is_some() && of_type.find(17).is_some());
}

#[test]
fn flags_without_an_effect_of_their_own_change_nothing_but_the_header() {
    let (snapshot, memory) = rich();
    let plain = raw(&snapshot, &memory, 0x4_0121);
    for flag in [0x800, 0x4000, 0x8000, 0x2_0000, 0x40_0000, 0x80_0000, 0x100_0000, 0x200_0000, 0x400_0000] {
        let with = raw(&snapshot, &memory, 0x4_0121 | flag);
        assert_eq!(with.u64(24), 0x4_0121 | flag);
        assert!(with.0[..24] == plain.0[..24] && with.0[32..] == plain.0[32..], "{flag:#x}");
    }
}

#[test]
fn memory_marked_as_not_dumped_is_on_stacks_only() {
    let (mut snapshot, memory) = rich();
    for region in &mut snapshot.regions {
        region.marks.not_dumped = [HEAP, STACK, DATA, LIBRARY].contains(&region.start);
    }
    register(&mut snapshot, [block(HEAP + 0x100, 64)]);
    for flags in [0x2, 0x5_1B25, 0x4_0161] {
        let marked = raw(&snapshot, &memory, flags);
        let has = |address| marked.memory(address, 1).is_some();
        assert!(!has(HEAP + 0x100) && !has(DATA) && !has(LIBRARY + 0x800), "{flags:#x}");
        assert!(has(STACK + 0xF000) && has(MAIN_STACK_END - 1), "stacks stay");
        let wanted = DumpOptions { include_not_dumped: true, ..options(flags) };
        let all = dump_with(&snapshot, &memory, &wanted).raw;
        assert_eq!(all.memory(HEAP + 0x100, 64).is_some(), flags != 0x4_0161);
        assert!(all.memory(DATA, 1).is_some());
    }
    // The registration block stays, too.
    snapshot.registrations.block_address = HEAP + 0x40;
    assert!(raw(&snapshot, &memory, 0x5_1B25).memory(HEAP, 0x1_0000).is_some());
}

#[test]
fn devices_are_never_read() {
    let (mut snapshot, memory) = rich();
    for region in &mut snapshot.regions {
        region.marks.device = [HEAP, STACK, CODE].contains(&region.start);
    }
    let wanted = DumpOptions { include_not_dumped: true, ..options(0x2) };
    let full = dump_with(&snapshot, &memory, &wanted).raw;
    assert!([HEAP, STACK, STACK + 0xF000, CODE].iter().all(|address| full.memory(*address, 1).is_none()));
    assert!(full.memory(DATA, 1).is_some());
}

#[test]
fn captures_are_asked_for_what_the_flags_need() {
    let none = Facts { counters: true, ..Facts::default() };
    assert_eq!(options(0).facts(), none);
    assert_eq!(options(0x400).facts(), Facts::default());
    assert_eq!(options(0x4).facts(), Facts { handles: true, ..none });
    assert_eq!(options(0x20).facts(), Facts { unloaded_modules: true, ..none });
    assert_eq!(options(0x1000).facts(), Facts { thread_details: true, ..none });
    assert_eq!(options(0x4_0000).facts(), Facts { token: true, ..none });
    assert_eq!(options(0x20_0000).facts(), Facts { extended_registers: true, ..none });
    for flags in [0x2, 0x40, 0x200, 0x1_0000] {
        assert_eq!(options(flags).facts(), Facts { region_marks: true, ..none });
        let unmarked = DumpOptions { include_not_dumped: true, ..options(flags) };
        assert_eq!(unmarked.facts(), none);
    }
    let heap = Facts { extended_registers: false, ..Facts::ALL };
    assert_eq!(DumpOptions::for_type(DumpType::Heap).facts(), heap);
}

/// `WerRegisterAdditionalProcess` with a thread: a triage dump that says more of that thread alone.
#[test]
fn a_detailed_thread_keeps_its_whole_stack_and_its_thread_data() {
    let (mut snapshot, mut memory) = crashed();
    let pointer = HEAP + 0x2000;
    for registers in snapshot.threads.iter_mut().filter_map(|thread| thread.registers.as_mut()) {
        registers.fs_base = pointer;
    }
    let words = [MAIN_STACK + 0x1_F400, STACK + 0xE_800];
    for address in words {
        memory.put(address, b"a word of the user");
    }
    memory.put(pointer, b"thread-local");
    for (detailed_thread, kept) in [(None, [false; 3]), (Some(WORKER), [false, true, true])] {
        let options = DumpOptions { detailed_thread, ..DumpOptions::for_type(DumpType::Triage) };
        let raw = dump_with(&snapshot, &memory, &options).raw;
        let holds = |address, text: &[u8]| raw.memory(address, text.len() as u64).as_deref() == Some(text);
        let found = [
            holds(words[0], b"a word of the user"),
            holds(words[1], b"a word of the user"),
            holds(pointer, b"thread-local"),
        ];
        assert_eq!(found, kept, "{detailed_thread:?}");
    }
}
