//! Which memory is in which type, and what happens to memory that cannot be read.

use wer_abi::flags::DumpType;
use wer_minidump::{DumpOptions, UserStream, plan};
use wer_model::{LastWords, LastWordsSource, SoftError, Stage};
use wer_snapshot::{
    HandleSnapshot, MemoryReader, ModuleSnapshot, ProcessSnapshot, RegionKind, RegistrationKind,
    ThreadSnapshot, UnloadedModule,
};

use crate::fake::*;
use crate::raw::{Raw, dump, dump_with};

fn assert_memory(raw: &Raw, start: u64, end: u64) {
    let bytes = raw.memory(start, end - start).unwrap_or_else(|| panic!("{start:#x} to {end:#x} is missing"));
    assert!(bytes.iter().zip(start..).all(|(byte, at)| *byte == byte_at(at)), "{start:#x} has other bytes");
}

#[test]
fn stacks_reach_from_the_red_zones_page_to_the_end() {
    let (snapshot, memory) = crashed();
    for dump_type in [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Full] {
        let dumped = dump(&snapshot, &memory, dump_type);
        let (threads, _) = dumped.raw.stream(3);
        assert_eq!(dumped.raw.u64(threads + 4 + 24), MAIN_STACK + 0x1_F000);
        assert_eq!(u64::from(dumped.raw.u32(threads + 4 + 32)), 0x2000);
        assert_memory(&dumped.raw, MAIN_STACK + 0x1_F000, MAIN_STACK_END);
        let worker = dumped.raw.memory(STACK + 0xE000, 0x2000);
        assert_eq!(worker.is_some(), dump_type != DumpType::Micro);
    }
}

#[test]
fn a_red_zone_below_the_page_is_kept() {
    let (mut snapshot, memory) = crashed();
    snapshot.threads[0].registers.as_mut().unwrap().rsp = MAIN_STACK + 0x1_F040;
    assert_memory(&dump(&snapshot, &memory, DumpType::Micro).raw, MAIN_STACK + 0x1_E000, MAIN_STACK_END);
}

#[test]
fn types_hold_what_they_promise() {
    let (snapshot, memory) = crashed();
    let holds =
        |dump_type, address| dump(&snapshot, &memory, dump_type).raw.memory(address, 0x1000).is_some();
    let all = |address| {
        [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Full].map(|kind| holds(kind, address))
    };
    assert_eq!(all(DATA), [false, true, true, true]);
    assert_eq!(all(LIBRARY_DATA), [false, true, true, true]);
    assert_eq!(all(HEAP), [false, false, true, true]);
    assert_eq!(all(SHARED), [false, false, false, true]);
    assert_eq!(all(CODE), [false, false, false, true]);
    assert_eq!(all(VDSO), [false, false, false, true]);
    assert_eq!(all(VVAR), [false; 4]);
}

/// Readers like lldb read no further than a piece of the list, and a module's .bss is anonymous.
#[test]
fn what_is_adjacent_in_the_process_is_one_piece() {
    let (mut snapshot, mut memory) = crashed();
    let bss = (DATA + 0x1000, DATA + 0x3000);
    snapshot.regions.insert(2, region(bss.0, bss.1, "rw-p", RegionKind::Anonymous));
    memory.fill(bss.0, bss.1);
    for (dump_type, start) in [(DumpType::Heap, DATA), (DumpType::Full, CODE)] {
        let list = dump(&snapshot, &memory, dump_type).raw.memory_list();
        assert!(list.iter().any(|(at, size, _)| (*at, at + size) == (start, bss.1)), "{dump_type:?}");
    }
}

#[test]
fn code_around_every_instruction_is_kept() {
    let (snapshot, memory) = crashed();
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    assert_memory(&dumped.raw, CODE + 0x123 - 128, CODE + 0x123 + 128);
    assert_memory(&dumped.raw, LIBRARY + 0x800 - 128, LIBRARY + 0x800 + 128);
}

#[test]
fn an_overflowed_stack_is_found_above_its_guard() {
    let (mut snapshot, memory) = crashed();
    let registers = snapshot.threads[0].registers.as_mut().unwrap();
    registers.rsp = GUARD + 0xF00;
    let dumped = dump(&snapshot, &memory, DumpType::Micro);
    assert_memory(&dumped.raw, STACK, STACK_END);
    // Below the main stack there is a gap, not a guard page.
    snapshot.threads[0].registers.as_mut().unwrap().rsp = MAIN_STACK - 0x800;
    assert_memory(&dump(&snapshot, &memory, DumpType::Micro).raw, MAIN_STACK, MAIN_STACK_END);
}

#[test]
fn a_large_crashed_stack_keeps_both_ends() {
    let (mut snapshot, mut memory) = crashed();
    let (start, end) = (0x7f50_0000_0000, 0x7f50_0080_0000);
    let at = snapshot.regions.partition_point(|region| region.start < start);
    snapshot.regions.insert(at, region(start, end, "rw-p", RegionKind::Anonymous));
    memory.fill(start, end);
    snapshot.threads[0].registers.as_mut().unwrap().rsp = start + 0x2000;
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    assert_memory(&dumped.raw, start + 0x1000, start + 0x1000 + (2 << 20));
    assert_memory(&dumped.raw, end - (64 << 10), end);
    assert!(dumped.raw.0.len() < 3 << 20);
}

#[test]
fn the_handlers_stack_is_kept_beside_the_real_one() {
    let (mut snapshot, memory) = crashed();
    snapshot.threads[0].handler_stack_pointer = Some(ALTSTACK + 0x2800);
    let dumped = dump(&snapshot, &memory, DumpType::Micro);
    assert_memory(&dumped.raw, ALTSTACK + 0x2000, ALTSTACK + 0x4000);
    assert_memory(&dumped.raw, MAIN_STACK + 0x1_F000, MAIN_STACK_END);
}

#[test]
fn two_threads_on_one_mapping_share_its_bytes() {
    let (mut snapshot, memory) = crashed();
    snapshot.threads[0].registers.as_mut().unwrap().rsp = STACK + 0x5000;
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    assert_memory(&dumped.raw, STACK + 0x4000, STACK_END);
    assert_eq!(
        dumped.raw.memory_list().iter().filter(|(start, ..)| (STACK..STACK_END).contains(start)).count(),
        1
    );
}

#[test]
fn the_dead_part_of_a_stack_is_not_in_a_heap_dump() {
    let (snapshot, memory) = crashed();
    let heap = dump(&snapshot, &memory, DumpType::Heap);
    assert!(heap.raw.memory(STACK + 0x1000, 16).is_none());
    assert!(dump(&snapshot, &memory, DumpType::Full).raw.memory(STACK + 0x1000, 16).is_some());
}

#[test]
fn holes_are_left_out_and_told() {
    let (snapshot, mut memory) = crashed();
    memory.remove(HEAP + 0x3000, HEAP + 0x5000);
    memory.remove(HEAP + 0xF000, HEAP + 0x1_0000);
    let dumped = dump(&snapshot, &memory, DumpType::Heap);
    assert_memory(&dumped.raw, HEAP, HEAP + 0x3000);
    assert_memory(&dumped.raw, HEAP + 0x5000, HEAP + 0xF000);
    assert!(dumped.raw.memory(HEAP + 0x3000, 1).is_none() && dumped.raw.memory(HEAP + 0x4FFF, 1).is_none());
    assert!(dumped.raw.memory(HEAP + 0xF000, 1).is_none());
    let told = |text: &str| dumped.summary.soft_errors.iter().any(|error| error.message.contains(text));
    assert!(told("12288 bytes of memory in 2 places"), "{:?}", dumped.summary.soft_errors);
    let info: serde_json::Value = serde_json::from_slice(dumped.raw.bytes(0x5745_0002)).unwrap();
    assert!(info["soft_errors"].as_array().unwrap().len() == dumped.summary.soft_errors.len());
}

#[test]
fn a_process_without_any_readable_memory_still_has_a_dump() {
    let (snapshot, _) = crashed();
    let dumped = dump(&snapshot, &FakeMemory::default(), DumpType::Full);
    assert_eq!((dumped.summary.memory_bytes, dumped.summary.threads), (0, 3));
    assert!(!dumped.summary.soft_errors.is_empty());
}

#[test]
fn a_mini_dump_takes_one_read_per_range() {
    let (snapshot, memory) = crashed();
    let planned = plan(&snapshot, &memory, &DumpOptions::for_type(DumpType::Mini));
    memory.reads.set(0);
    let file = tempfile::tempfile().unwrap();
    let copied = planned.copy(&memory, &file).unwrap();
    // Two stacks, two windows of code, two data segments.
    assert_eq!(memory.reads.replace(0), 6);
    copied.write(&snapshot, &file).unwrap();
    assert_eq!(memory.reads.get(), 0, "nothing reads the process after the copy");
}

/// Much memory, all of it zero but for one page at its end.
struct Vast {
    start: u64,
    end: u64,
}

impl MemoryReader for Vast {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        if address < self.start || address >= self.end {
            return 0;
        }
        let count = buffer.len().min((self.end - address) as usize);
        buffer[..count].fill(0);
        let marked = (self.end - 4096).saturating_sub(address) as usize;
        if let Some(page) = buffer[..count].get_mut(marked..) {
            page.iter_mut().zip(address + marked as u64..).for_each(|(byte, at)| *byte = byte_at(at));
        }
        count
    }
}

fn vast_dump(bytes: u64, dump_type: DumpType) -> (tempfile::NamedTempFile, Vast) {
    vast_dump_of(crashed().0, bytes, dump_type)
}

fn vast_dump_of(
    mut snapshot: ProcessSnapshot,
    bytes: u64,
    dump_type: DumpType,
) -> (tempfile::NamedTempFile, Vast) {
    use std::os::unix::fs::FileExt;
    let vast = Vast { start: HEAP, end: HEAP + bytes };
    snapshot.regions.retain(|region| region.start < HEAP || region.start > vast.end);
    snapshot.regions.push(region(vast.start, vast.end, "rw-p", RegionKind::Anonymous));
    snapshot.regions.sort_by_key(|region| region.start);
    let file = tempfile::NamedTempFile::new().unwrap();
    let copied =
        plan(&snapshot, &vast, &DumpOptions::for_type(dump_type)).copy(&vast, file.as_file()).unwrap();
    let mut signature = [0; 4];
    file.as_file().read_exact_at(&mut signature, 0).unwrap();
    assert_eq!(signature, [0; 4], "not a dump before it is whole");
    copied.write(&snapshot, file.as_file()).unwrap();
    (file, vast)
}

#[test]
fn memory_beyond_32_mib_goes_straight_to_the_file() {
    use std::os::unix::fs::MetadataExt;
    let (file, vast) = vast_dump(48 << 20, DumpType::Heap);
    let bytes = std::fs::read(file.path()).unwrap();
    assert_eq!(wer_check::check(&bytes), []);
    let raw = Raw(bytes);
    assert!(raw.find(5).is_some() && raw.find(9).is_none());
    assert_memory(&raw, vast.end - 4096, vast.end);
    assert_eq!(raw.memory(vast.start, 4096).unwrap(), [0; 4096]);
    assert!(file.as_file().metadata().unwrap().blocks() * 512 < 4 << 20, "untouched pages take no room");
}

/// The place of memory that goes straight to the file is fixed before the streams are written: there must be room for
/// the worst of them.
#[test]
fn there_is_room_for_the_worst_streams() {
    let (mut snapshot, _) = crashed();
    let nasty = "\u{1}".repeat(4096);
    snapshot.last_words = Some(LastWords { source: LastWordsSource::Application, text: nasty.clone() });
    snapshot.soft_errors = vec![SoftError::new(Stage::Capture, nasty.clone()); 40];
    register(
        &mut snapshot,
        (0..8).map(|_| RegistrationKind::Metadata { key: nasty.clone(), value: nasty.clone() }),
    );
    register(&mut snapshot, (0..500).map(|index| excluded(u64::MAX - 70_000 - index, 65_536)));
    let threads =
        (1000..2000).map(|tid| ThreadSnapshot { name: "fifteen letters".to_owned(), ..thread(tid, 0, 0) });
    snapshot.threads.extend(threads);
    let module = ModuleSnapshot { synthetic_id: true, ..snapshot.modules[0].clone() };
    snapshot.modules.extend((0..1000).map(|_| ModuleSnapshot { path: "/x".repeat(500), ..module.clone() }));
    let (file, vast) = vast_dump_of(snapshot, 48 << 20, DumpType::Heap);
    let bytes = std::fs::read(file.path()).unwrap();
    assert_eq!(wer_check::check(&bytes), []);
    assert_memory(&Raw(bytes), vast.end - 4096, vast.end);
}

/// The same for the streams that only some dumps have.
#[test]
fn there_is_room_for_the_worst_of_every_stream() {
    let (mut snapshot, _) = rich();
    with_xstate(&mut snapshot);
    let nasty = "\u{1}€".repeat(1000);
    let handle = HandleSnapshot { name: nasty.clone(), peer: nasty.clone(), ..snapshot.handles[0].clone() };
    snapshot.handles = (0..500).map(|descriptor| HandleSnapshot { descriptor, ..handle.clone() }).collect();
    let gone = UnloadedModule { path: nasty.clone(), ..snapshot.unloaded_modules[0].clone() };
    snapshot.unloaded_modules = vec![gone; 200];
    let token = snapshot.token.as_mut().unwrap();
    token.groups = vec![u32::MAX; 65_536];
    token.security_label = nasty.clone();
    token.namespaces = (0..50).map(|index| (format!("{index}{nasty}"), u64::MAX)).collect();
    snapshot.linux.limits = vec![b'x'; 100_001];
    snapshot.process.executable = nasty.clone();
    let template = snapshot.threads[0].clone();
    snapshot.threads.extend((1000..1500).map(|tid| ThreadSnapshot { tid, ..template.clone() }));
    register(
        &mut snapshot,
        (0..8).map(|_| RegistrationKind::Metadata { key: nasty.clone(), value: nasty.clone() }),
    );
    let vast = Vast { start: HEAP, end: HEAP + (48 << 20) };
    snapshot.regions.retain(|region| region.start < HEAP || region.start > vast.end);
    snapshot.regions.push(region(vast.start, vast.end, "rw-p", RegionKind::Anonymous));
    snapshot.regions.sort_by_key(|region| region.start);
    let options = DumpOptions {
        flags: 0x25_1B27,
        comment: Some(nasty.clone()),
        comment_ansi: Some(nasty.clone()),
        extended_thread_list: true,
        user_streams: (0..100)
            .map(|index| UserStream { stream_type: 0x2_0000 + index, bytes: vec![7; 1001] })
            .collect(),
        ..DumpOptions::default()
    };
    let dumped = dump_with(&snapshot, &vast, &options);
    assert_memory(&dumped.raw, vast.end - 4096, vast.end);
    assert_eq!(dumped.raw.stream(12).1, 16 + 500 * 40);
}

/// 100,000 mappings, 5,000 threads and 3,000 modules, with flags that look each of them up: nothing may look all of one
/// through for each of another.
#[test]
fn very_many_mappings_threads_and_modules_are_in_time() {
    let (mut snapshot, mut memory) = crashed();
    let base = 0x6000_0000_0000_u64;
    let file = || RegionKind::File { path: "/lib/libmany.so".to_owned(), deleted: false };
    for index in 0..100_000_u64 {
        let start = base + index * 0x2000;
        let (mode, kind) = match index % 4 {
            0 => ("---p", RegionKind::Anonymous),
            1 => ("rw-p", RegionKind::Anonymous),
            2 => ("r-xp", file()),
            _ => ("rw-p", file()),
        };
        snapshot.regions.push(region(start, start + 0x1000, mode, kind));
    }
    snapshot.regions.sort_by_key(|region| region.start);
    memory.fill(base, base + 100_000 * 0x2000 / 40);
    let module = snapshot.modules[0].clone();
    snapshot.modules.extend((0..3000).map(|index| ModuleSnapshot {
        base: base + 0x4000 + index * 0x1_0000,
        size: 0x4000,
        ..module.clone()
    }));
    snapshot.threads = (0..5000)
        .map(|index| thread(100 + index, base + 0x4010, base + 0x2E00 + u64::from(index) % 600 * 0x8000))
        .collect();
    for flags in [0x4_0121, 0x5_3BF5, 0x30_0138] {
        let dumped = dump_with(&snapshot, &memory, &DumpOptions { flags, ..DumpOptions::default() });
        assert_eq!((dumped.summary.threads, dumped.summary.modules), (5000, 3004));
    }
}

#[test]
fn more_than_4_gib_can_be_read_back() {
    let (file, vast) = vast_dump((4 << 30) + (256 << 20), DumpType::Full);
    let read = minidump::Minidump::read_path(file.path()).unwrap();
    let list = read.get_stream::<minidump::MinidumpMemory64List>().unwrap();
    let memory = list.memory_at_address(vast.end - 4096).unwrap();
    assert_eq!(memory.size, vast.end - vast.start);
    let tail = &memory.bytes[memory.bytes.len() - 4096..];
    assert!(tail.iter().zip(vast.end - 4096..).all(|(byte, at)| *byte == byte_at(at)));
    assert!(read.get_stream::<minidump::MinidumpModuleList>().is_ok());
}
