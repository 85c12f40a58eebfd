//! Any process at all: the dump is right, and its memory is that of the process.

use proptest::prelude::*;
use wer_minidump::{
    CallbackInput, CallbackOutput, Callbacks, DumpOptions, NoCallbacks, OutputValue, VmRegion, plan,
};
use wer_snapshot::{
    HandleSnapshot, MemoryReader, ProcessSnapshot, RegionKind, RegistrationKind, ThreadDetails,
    ThreadSnapshot, UnloadedModule, VmCounters,
};

use crate::fake::{self, FakeMemory, block, byte_at, excluded, region, register, thread};
use crate::raw::{dump_asking, dump_with};

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

/// Answers anything: numbers that mean something here, and some that cannot.
struct Any {
    answers: Vec<(bool, u64, u64, i32)>,
    next: usize,
}

impl Callbacks for Any {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        self.next += 1;
        let Some((accepted, first, second, status)) =
            self.answers.get(self.next % (2 * self.answers.len())).copied()
        else {
            return preset;
        };
        let value = match input {
            CallbackInput::Module(_) | CallbackInput::IncludeModule { .. } => {
                OutputValue::ModuleFlags(first as u32)
            }
            CallbackInput::Thread(_) | CallbackInput::ThreadEx(_) | CallbackInput::IncludeThread { .. } => {
                OutputValue::ThreadFlags(first as u32)
            }
            CallbackInput::Memory | CallbackInput::RemoveMemory => {
                OutputValue::Memory { base: first, size: second }
            }
            CallbackInput::Cancel => OutputValue::Cancel { check: accepted, cancel: false },
            CallbackInput::IncludeVmRegion { region } => {
                let size = region.size.min(second & !0xFFF);
                OutputValue::VmRegion { start: region.base, size, keep_going: status == 0 }
            }
            CallbackInput::IoStart => preset.value,
            CallbackInput::VmPreRead { buffer, .. } => {
                buffer.fill(first as u8);
                OutputValue::VmRead { status, completed: second as u32 }
            }
            CallbackInput::VmPostRead { buffer, .. } => {
                buffer.fill(first as u8);
                OutputValue::VmRead { status, completed: 0 }
            }
            CallbackInput::VmQuery { address } => {
                let region = VmRegion {
                    base: address,
                    size: second,
                    state: 0x1000,
                    protect: first as u32,
                    ..VmRegion::default()
                };
                OutputValue::VmQuery { status, region }
            }
            CallbackInput::SecondaryFlags { .. } => OutputValue::SecondaryFlags(first as u32),
            _ => OutputValue::Status(status),
        };
        CallbackOutput { accepted, value }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the flags and the answers: a dump without a fault, or an error and no file that looks whole.
    #[test]
    fn any_flags_and_answers_make_a_right_dump_or_none(
        flags in 0..=0x7FF_FFFF_u64,
        settings in prop::collection::vec(any::<bool>(), 4),
        answers in prop::collection::vec(
            (
                prop::bool::weighted(0.8),
                prop_oneof![0..0x80_u64, fake::HEAP..fake::HEAP + 0x1_0000, any::<u64>()],
                prop_oneof![Just(0_u64), 0..0x4000_u64, any::<u64>()],
                prop_oneof![Just(0), Just(1), any::<i32>()],
            ),
            1..40,
        ),
    ) {
        let (mut snapshot, memory) = fake::rich();
        fake::with_xstate(&mut snapshot);
        if settings[0] {
            snapshot.source = wer_snapshot::CaptureSource::ForkSnapshot;
        }
        let options = DumpOptions {
            flags,
            extended_thread_list: settings[1],
            only_crashed_thread: settings[2],
            include_not_dumped: settings[3],
            ..DumpOptions::default()
        };
        if let Ok(dumped) = dump_asking(&snapshot, &memory, &options, &mut Any { answers, next: 0 }) {
            prop_assert!(minidump::Minidump::read(&dumped.raw.0[..]).is_ok());
        }
    }

    /// Without anybody to ask, every valid combination of flags makes a dump that both readers and the checker take.
    #[test]
    fn any_valid_flags_make_a_right_dump(flags in 0..=0x7FF_FFFF_u64) {
        let (mut snapshot, memory) = fake::rich();
        fake::with_xstate(&mut snapshot);
        let options = DumpOptions { flags, ..DumpOptions::default() };
        prop_assume!(options.check().is_ok());
        let dumped = dump_asking(&snapshot, &memory, &options, &mut NoCallbacks).unwrap();
        let read = minidump::Minidump::read(&dumped.raw.0[..]).unwrap();
        prop_assert_eq!(read.get_stream::<minidump::MinidumpThreadList>().unwrap().threads.len(), 3);
        prop_assert_eq!(dumped.raw.find(9).is_some(), flags & 2 != 0);
        prop_assert_eq!(dumped.raw.find(12).is_some(), flags & 4 != 0);
        prop_assert_eq!(dumped.raw.find(14).is_some(), flags & 0x20 != 0);
        prop_assert_eq!(dumped.raw.find(17).is_some(), flags & 0x1000 != 0);
        prop_assert_eq!(dumped.raw.find(19).is_some(), flags & 0x4_0000 != 0);
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z/ü€😀 ]{0,20}", any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is in the lists comes back: by the `minidump` crate where it reads a stream, else by offsets.
    #[test]
    fn lists_of_anything_are_read_back(
        handles in prop::collection::vec((text(), text(), any::<u32>(), any::<[u64; 4]>()), 0..8),
        gone in prop::collection::vec((0..1_u64 << 47, 1..u64::from(u32::MAX), text()), 0..8),
        threads in prop::collection::vec((text(), any::<[u64; 4]>()), 1..8),
        metadata in prop::collection::btree_map(text(), text(), 0..8),
        groups in prop::collection::vec(any::<u32>(), 0..8),
        comments in (text(), text()),
        counters in any::<[u64; 6]>(),
    ) {
        let (mut snapshot, memory) = fake::rich();
        snapshot.exception = None;
        let handle = snapshot.handles[1].clone();
        snapshot.handles = handles.iter().zip(0..).map(|((name, peer, open_flags, words), descriptor)| HandleSnapshot {
            descriptor, name: name.clone(), peer: peer.clone(), open_flags: *open_flags,
            offset: words[0], device: words[1], inode: words[2], size: words[3], ..handle.clone()
        }).collect();
        snapshot.unloaded_modules = gone.iter()
            .map(|(base, size, path)| UnloadedModule { base: *base, size: *size, path: path.clone() }).collect();
        snapshot.threads = threads.iter().zip(500..).map(|((name, words), tid)| {
            let details = ThreadDetails {
                create_time_unix_ns: words[0] >> 1, start_address: words[1], affinity: words[2], state: b'S',
            };
            let kernel_time_ms = words[3] >> 20;
            ThreadSnapshot { name: name.clone(), details: Some(details), kernel_time_ms, ..thread(tid, 0, 0) }
        }).collect();
        register(&mut snapshot, metadata.iter().map(|(key, value)| {
            RegistrationKind::Metadata { key: key.clone(), value: value.clone() }
        }));
        snapshot.token.as_mut().unwrap().groups.clone_from(&groups);
        let [faults, peak, now, private, peak_virtual, virtual_bytes] = counters;
        snapshot.counters = Some(VmCounters {
            page_fault_count: faults, peak_resident_bytes: peak, resident_bytes: now, private_bytes: private,
            peak_virtual_bytes: peak_virtual, virtual_bytes, ..VmCounters::default()
        });
        let options = DumpOptions {
            flags: 0x4_1024, comment: Some(comments.0.clone()), comment_ansi: Some(comments.1.clone()),
            ..DumpOptions::default()
        };
        let raw = dump_with(&snapshot, &memory, &options).raw;
        let read = minidump::Minidump::read(&raw.0[..]).unwrap();

        let string = |at: usize| match raw.u32(at) { 0 => String::new(), rva => raw.string(rva as usize) };
        let (at, _) = raw.stream(0x5745_0003);
        for (index, handle) in snapshot.handles.iter().enumerate() {
            let entry = at + 16 + 64 * index;
            prop_assert_eq!((raw.u64(entry), raw.u32(entry + 12)), (u64::from(handle.descriptor), handle.open_flags));
            let words = [16, 32, 40, 48].map(|offset| raw.u64(entry + offset));
            prop_assert_eq!(words, [handle.offset, handle.device, handle.inode, handle.size]);
            prop_assert_eq!((string(entry + 56), string(entry + 60)), (handle.name.clone(), handle.peer.clone()));
        }
        let (at, _) = raw.stream(14);
        for (index, module) in snapshot.unloaded_modules.iter().enumerate() {
            let entry = at + 12 + 24 * index;
            prop_assert_eq!((raw.u64(entry), u64::from(raw.u32(entry + 8))), (module.base, module.size));
            prop_assert_eq!(string(entry + 20), module.path.clone());
        }
        let names = read.get_stream::<minidump::MinidumpThreadNames>();
        for thread in &snapshot.threads {
            let info = raw.entry(17, 12, 64, thread.tid).unwrap();
            let details = thread.details.unwrap();
            prop_assert_eq!((raw.u64(info + 48), raw.u64(info + 56)), (details.start_address, details.affinity));
            prop_assert_eq!(raw.u64(info + 32), thread.kernel_time_ms * 10_000);
            if !thread.name.is_empty() {
                let names = names.as_ref().unwrap();
                prop_assert_eq!(names.get_name(thread.tid).unwrap().into_owned(), thread.name.clone());
            }
        }
        let crashpad = read.get_stream::<minidump::MinidumpCrashpadInfo>().unwrap();
        for (key, value) in &metadata {
            prop_assert_eq!(crashpad.simple_annotations.get(key), Some(value));
        }
        let (at, size) = raw.stream(19);
        let token: serde_json::Value = serde_json::from_slice(&raw.0[at + 32..at + size]).unwrap();
        prop_assert_eq!(&token["groups"], &serde_json::json!(groups));
        let wide: Vec<u8> = comments.0.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        prop_assert_eq!(raw.bytes(11), wide);
        let narrow = comments.1.split('\0').next().unwrap();
        prop_assert_eq!(raw.bytes(10), [narrow.as_bytes(), &[0]].concat());
        let (at, _) = raw.stream(22);
        prop_assert_eq!(u64::from(raw.u32(at + 4)), faults.min(u64::from(u32::MAX)));
        let words = [8, 16, 88, 72, 80].map(|offset| raw.u64(at + offset));
        prop_assert_eq!(words, [peak, now, private, peak_virtual, virtual_bytes]);
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
