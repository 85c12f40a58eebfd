//! Any process at all: the dump is right, and its memory is that of the process.

use proptest::prelude::*;
use wer_minidump::{
    CallbackInput, CallbackOutput, Callbacks, DumpOptions, NoCallbacks, OutputValue, VmRegion, plan,
};
use wer_snapshot::{MemoryReader, ProcessSnapshot, RegionKind};

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
