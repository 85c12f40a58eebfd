//! Callbacks: their order, and what answers that choose threads, modules and memory do.

use wer_minidump::flags::{module_write, thread_write};
use wer_minidump::{CallbackInput, CallbackOutput, Callbacks, DumpError, DumpOptions, OutputValue, VmRegion};
use wer_snapshot::CaptureSource;

use crate::fake::*;
use crate::raw::{Dumped, dump_asking};

/// Writes down what it is asked, and answers by a rule.
pub(crate) struct Script<F> {
    pub(crate) asked: Vec<u32>,
    pub(crate) rule: F,
}

impl<F: FnMut(&mut CallbackInput<'_>, CallbackOutput) -> CallbackOutput> Callbacks for Script<F> {
    fn call(&mut self, mut input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        self.asked.push(input.number());
        (self.rule)(&mut input, preset)
    }
}

pub(crate) fn script<F>(rule: F) -> Script<F>
where
    F: FnMut(&mut CallbackInput<'_>, CallbackOutput) -> CallbackOutput,
{
    Script { asked: Vec::new(), rule }
}

pub(crate) fn options(flags: u64) -> DumpOptions {
    DumpOptions { flags, ..DumpOptions::default() }
}

fn answered<F>(flags: u64, rule: F) -> Result<Dumped, DumpError>
where
    F: FnMut(&mut CallbackInput<'_>, CallbackOutput) -> CallbackOutput,
{
    let (snapshot, memory) = rich();
    dump_asking(&snapshot, &memory, &options(flags), &mut script(rule))
}

pub(crate) fn failure(
    flags: u64,
    rule: impl FnMut(&mut CallbackInput<'_>, CallbackOutput) -> CallbackOutput,
) -> i32 {
    let Err(error) = answered(flags, rule) else { panic!("there is a dump") };
    error.hresult()
}

const E_INVALIDARG: i32 = 0x8007_0057_u32 as i32;
const CANCELLED: i32 = 0x8007_04C7_u32 as i32;

/// Runs of the same number as one, with how many there were.
fn runs(asked: &[u32]) -> Vec<(u32, usize)> {
    let mut runs: Vec<(u32, usize)> = Vec::new();
    for number in asked {
        match runs.last_mut() {
            Some((last, count)) if last == number => *count += 1,
            _ => runs.push((*number, 1)),
        }
    }
    runs
}

#[test]
fn a_normal_dump_asks_in_the_originals_order() {
    let (snapshot, memory) = crashed();
    let mut script = script(|_, preset| preset);
    dump_asking(&snapshot, &memory, &options(0), &mut script).unwrap();
    assert_eq!(
        runs(&script.asked),
        [(16, 1), (17, 1), (15, 1), (6, 1), (3, 3), (4, 4), (1, 3), (0, 4), (5, 1), (9, 1), (11, 1), (7, 1)]
    );
}

#[test]
fn a_full_dump_asks_about_each_mapping_twice_and_about_no_memory() {
    let (snapshot, memory) = crashed();
    let mut script = script(|_, preset| preset);
    let options = DumpOptions { extended_thread_list: true, ..options(0x2) };
    dump_asking(&snapshot, &memory, &options, &mut script).unwrap();
    // Ten of twelve mappings can be read.
    assert_eq!(
        runs(&script.asked),
        [
            (16, 1),
            (17, 1),
            (15, 1),
            (6, 1),
            (3, 3),
            (4, 4),
            (2, 3),
            (0, 4),
            (10, 10),
            (11, 1),
            (10, 10),
            (7, 1)
        ]
    );
}

#[test]
fn giving_presets_back_changes_nothing() {
    let (snapshot, memory) = rich();
    for flags in [0, 0x4_0121, 0x5_1B25, 0x5_1826, 0xEF_3FFD] {
        let quiet = crate::raw::dump_with(&snapshot, &memory, &options(flags));
        let asked =
            dump_asking(&snapshot, &memory, &options(flags), &mut script(|_, preset| preset)).unwrap();
        assert!(quiet.raw.0 == asked.raw.0, "{flags:#x}");
    }
}

#[test]
fn presets_are_those_that_were_seen_of_the_original() {
    let mut seen = Vec::new();
    answered(0x2101, |input, preset| {
        match (&input, preset.value) {
            (CallbackInput::Module(module), OutputValue::ModuleFlags(flags)) if module.base == CODE => {
                seen.push(flags);
            }
            (CallbackInput::Thread(thread), OutputValue::ThreadFlags(flags))
                if thread.thread_id == WORKER =>
            {
                assert_eq!((thread.stack_end, thread.stack_base), (STACK + 0xE000, STACK_END));
                assert_eq!(thread.context.len(), 1232);
                seen.push(flags);
            }
            (CallbackInput::IoStart, OutputValue::Status(status)) => seen.push(status as u32),
            _ => {}
        }
        preset
    })
    .unwrap();
    assert_eq!(seen, [0x37, 0x4F, 0x8000_4001]);
}

#[test]
fn excluded_threads_and_modules_are_nowhere() {
    for early in [true, false] {
        let dumped = answered(0x4_0121, |input, preset| match input {
            CallbackInput::IncludeThread { thread_id: WORKER } if early => CallbackOutput::refuse(),
            CallbackInput::IncludeModule { base: LIBRARY } if early => CallbackOutput::refuse(),
            CallbackInput::Thread(thread) if thread.thread_id == WORKER => CallbackOutput::refuse(),
            CallbackInput::Module(module) if module.base == LIBRARY => CallbackOutput::refuse(),
            _ => preset,
        })
        .unwrap();
        assert_eq!(dumped.raw.threads(), [100, 102]);
        assert_eq!(dumped.raw.modules(), ["/opt/app", "/memfd:jit", "linux-gate.so"]);
        assert_eq!((dumped.summary.threads, dumped.summary.modules), (2, 3));
        assert!(dumped.raw.memory(STACK + 0xE100, 16).is_none(), "its stack");
        assert!(dumped.raw.memory(LIBRARY + 0x800, 16).is_none(), "its code");
        assert!(dumped.raw.memory(LIBRARY_DATA, 16).is_none(), "the module's data");
        assert!(dumped.raw.memory(DATA, 16).is_some());
    }
}

#[test]
fn each_part_of_a_thread_can_be_left_out_and_none_added() {
    let part = |flag: u32| {
        answered(0x1000, move |input, preset| match input {
            CallbackInput::Thread(_) => {
                CallbackOutput::accept(OutputValue::ThreadFlags(thread_write::ALL & !flag))
            }
            _ => preset,
        })
        .unwrap()
        .raw
    };
    let all = part(0);
    assert!(all.memory(STACK + 0xF000, 16).is_some() && all.memory(LIBRARY + 0x800, 16).is_some());
    assert_eq!(all.stream(17).1, 12 + 3 * 64);
    assert!(part(thread_write::THREAD).threads().is_empty());
    assert!(part(thread_write::STACK).memory(STACK + 0xF000, 16).is_none());
    assert!(part(thread_write::INSTRUCTION_WINDOW).memory(LIBRARY + 0x800, 16).is_none());
    assert!(part(thread_write::THREAD_INFO).find(17).is_none());
    let raw = part(thread_write::CONTEXT);
    let (threads, _) = raw.stream(3);
    let context = raw.u32(threads + 4 + 48 + 44) as usize;
    assert_eq!((raw.u32(context + 0x30), raw.u64(context + 0xF8)), (0x0010_0000, 0));
    let without_info = answered(0, |input, preset| match input {
        CallbackInput::Thread(_) => CallbackOutput::accept(OutputValue::ThreadFlags(thread_write::ALL)),
        _ => preset,
    });
    assert!(without_info.unwrap().raw.find(17).is_none(), "the dump's flags do not ask for it");
}

#[test]
fn each_part_of_a_module_can_be_left_out_and_none_added() {
    let part = |dump_flags: u64, flag: u32| {
        answered(dump_flags, move |input, preset| match input {
            CallbackInput::Module(_) => {
                CallbackOutput::accept(OutputValue::ModuleFlags(module_write::ALL & !flag))
            }
            _ => preset,
        })
        .unwrap()
        .raw
    };
    let all = part(0x2001, 0);
    assert!(all.memory(DATA, 0x1000).is_some() && all.memory(CODE, 0x2000).is_some());
    assert!(part(0x2001, module_write::DATA_SEG).memory(DATA, 0x1000).is_none());
    assert!(part(0x2001, module_write::CODE_SEGS).memory(CODE, 0x2000).is_none());
    assert!(part(0x2001, module_write::MODULE).modules().is_empty());
    let raw = part(0x2001, module_write::CV_RECORD);
    assert_eq!(raw.u32(raw.stream(4).0 + 4 + 76), 0);
    assert!(part(0, 0).memory(DATA, 16).is_none() && part(0, 0).memory(CODE, 0x2000).is_none());
}

#[test]
fn memory_is_added_and_taken_away() {
    let mut adds = vec![(HEAP + 0x100, 0x200), (0x6666_0000, 0x10), (HEAP + 0x200, 0x200)];
    let mut removes = vec![(HEAP + 0x180, 0x10), (MAIN_STACK + 0x2_0000, 0x1000)];
    let give = |list: &mut Vec<(u64, u64)>, preset| {
        list.pop().map_or(preset, |(base, size)| CallbackOutput::accept(OutputValue::Memory { base, size }))
    };
    let dumped = answered(0, |input, preset| match input {
        CallbackInput::Memory => give(&mut adds, preset),
        CallbackInput::RemoveMemory => give(&mut removes, preset),
        _ => preset,
    })
    .unwrap();
    let has = |address, size| dumped.raw.memory(address, size).is_some();
    assert!(has(HEAP + 0x100, 0x80) && has(HEAP + 0x190, 0x270));
    assert!(!has(HEAP + 0x180, 1) && !has(HEAP + 0x18F, 1) && !has(HEAP + 0x400, 1) && !has(HEAP + 0xFF, 1));
    assert!(!has(MAIN_STACK + 0x2_0000, 1) && has(MAIN_STACK + 0x1_F000, 0x1000));
    assert!(dumped.summary.soft_errors.iter().any(|error| error.message.contains("0x66660000")));
}

#[test]
fn memory_that_cannot_be_is_refused() {
    let memory = |base, size| {
        move |input: &mut CallbackInput<'_>, preset| match input {
            CallbackInput::Memory => CallbackOutput::accept(OutputValue::Memory { base, size }),
            _ => preset,
        }
    };
    assert_eq!(failure(0, memory(u64::MAX - 5, 10)), E_INVALIDARG, "wraps around");
    assert_eq!(failure(0, memory(HEAP, 16)), E_INVALIDARG, "never ends");
    let remove = failure(0, |input, preset| match input {
        CallbackInput::RemoveMemory => {
            CallbackOutput::accept(OutputValue::Memory { base: 1, size: u64::MAX })
        }
        _ => preset,
    });
    assert_eq!(remove, E_INVALIDARG);
}

#[test]
fn a_vast_range_is_cut_to_what_there_is() {
    let mut first = true;
    let dumped = answered(0, |input, preset| match input {
        CallbackInput::Memory if std::mem::take(&mut first) => {
            CallbackOutput::accept(OutputValue::Memory { base: 0x1000, size: 1 << 62 })
        }
        _ => preset,
    })
    .unwrap();
    assert!(dumped.raw.memory(HEAP, 0x1_0000).is_some() && dumped.raw.memory(VVAR, 1).is_none());
}

#[test]
fn mappings_of_a_full_dump_can_be_cut_and_left_out() {
    for pass in [0, 1] {
        let mut asked = 0;
        let dumped = answered(0x2, |input, preset| match input {
            CallbackInput::IncludeVmRegion { region } => {
                asked += 1;
                let second = asked > 10;
                let value = |start, size| {
                    CallbackOutput::accept(OutputValue::VmRegion { start, size, keep_going: true })
                };
                match region.base {
                    HEAP if second == (pass == 1) => value(HEAP + 0x2000, 0x3000),
                    STACK if second == (pass == 1) => value(0, 0),
                    _ => preset,
                }
            }
            _ => preset,
        })
        .unwrap();
        let has = |address| dumped.raw.memory(address, 1).is_some();
        assert!(has(HEAP + 0x2000) && has(HEAP + 0x4FFF) && !has(HEAP + 0x1FFF) && !has(HEAP + 0x5000));
        assert!(!has(STACK) && !has(STACK + 0xF000) && has(MAIN_STACK), "pass {pass}");
    }
}

#[test]
fn not_to_continue_keeps_the_rest_as_it_is() {
    let mut asked = 0;
    let dumped = answered(0x2, |input, preset| match input {
        CallbackInput::IncludeVmRegion { region } => {
            asked += 1;
            CallbackOutput::accept(OutputValue::VmRegion { start: region.base, size: 0, keep_going: false })
        }
        _ => preset,
    })
    .unwrap();
    assert_eq!(asked, 2, "once in each pass");
    assert!(dumped.raw.memory(CODE, 1).is_none() && dumped.raw.memory(DATA, 1).is_some());
}

#[test]
fn mappings_that_were_not_asked_about_are_refused() {
    for (start, size) in [
        (HEAP - 0x1000, 0x2000),
        (HEAP, 0x2_0000),
        (HEAP + 1, 0x1000),
        (HEAP, 0x1001),
        (0, 0x1000),
        (u64::MAX - 0xFFF, 0x2000),
    ] {
        let result = failure(0x2, |input, preset| match input {
            CallbackInput::IncludeVmRegion { region } if region.base == HEAP => {
                CallbackOutput::accept(OutputValue::VmRegion { start, size, keep_going: true })
            }
            _ => preset,
        });
        assert_eq!(result, E_INVALIDARG, "{start:#x} {size:#x}");
    }
}

#[test]
fn a_dump_can_be_cancelled_at_every_question() {
    let polls = |flags: u64, at: usize| {
        let (snapshot, memory) = rich();
        let mut polls = 0;
        let mut script = script(|input: &mut CallbackInput<'_>, preset| {
            if !matches!(input, CallbackInput::Cancel) {
                return preset;
            }
            polls += 1;
            CallbackOutput::accept(OutputValue::Cancel { check: true, cancel: polls == at })
        });
        let made = dump_asking(&snapshot, &memory, &options(flags), &mut script);
        (polls, made.map(|_| ()).map_err(|error| error.hresult()))
    };
    for flags in [0x4_0121, 0x5_1826] {
        let (all, made) = polls(flags, 0);
        assert!(all > 12 && made.is_ok(), "{all}");
        for at in 1..=all {
            assert_eq!(polls(flags, at), (at, Err(CANCELLED)), "{flags:#x}");
        }
    }
}

#[test]
fn secondary_flags_leave_out_the_processors_speed() {
    let speed = |flags: u32| {
        let dumped = answered(0, |input, preset| match input {
            CallbackInput::SecondaryFlags { .. } => {
                CallbackOutput::accept(OutputValue::SecondaryFlags(flags))
            }
            _ => preset,
        });
        let raw = dumped.unwrap().raw;
        let (at, _) = raw.stream(15);
        (raw.u32(at + 4) & 4, raw.u32(at + 24), raw.u32(at + 28))
    };
    assert_eq!([speed(0), speed(1)], [(4, 2800, 2800), (0, 0, 0)]);
}

#[test]
fn there_is_no_kernel_dump() {
    let mut status = None;
    answered(0, |input, preset| match input {
        CallbackInput::WriteKernelMinidump => CallbackOutput::accept(OutputValue::None),
        CallbackInput::KernelMinidumpStatus { status: given } => {
            status = Some(*given);
            preset
        }
        _ => preset,
    })
    .unwrap();
    assert_eq!(status, Some(0x8000_4001_u32 as i32));
}

#[test]
fn copies_are_asked_what_is_mapped() {
    let (mut snapshot, memory) = crashed();
    snapshot.source = CaptureSource::ForkSnapshot;
    let rule = |base: u64| {
        move |input: &mut CallbackInput<'_>, preset| match input {
            CallbackInput::VmStart => CallbackOutput::accept(OutputValue::Status(1)),
            CallbackInput::VmQuery { address: HEAP } => {
                let region =
                    VmRegion { base, size: 0x1000, state: 0x1000, protect: 0x01, ..VmRegion::default() };
                CallbackOutput::accept(OutputValue::VmQuery { status: 0, region })
            }
            _ => preset,
        }
    };
    let mut honest = script(rule(HEAP));
    let dumped = dump_asking(&snapshot, &memory, &options(0x2), &mut honest).unwrap();
    assert_eq!(honest.asked.iter().filter(|number| **number == 18).count(), snapshot.regions.len());
    assert!(dumped.raw.memory(HEAP, 1).is_none() && dumped.raw.memory(HEAP + 0x1000, 1).is_some());
    let infos = dumped.raw.stream(16).0 + 16;
    let heap = (0..12).map(|index| infos + 48 * index).find(|at| dumped.raw.u64(*at) == HEAP).unwrap();
    assert_eq!((dumped.raw.u64(heap + 24), dumped.raw.u32(heap + 36)), (0x1_0000, 0x01));
    let error = dump_asking(&snapshot, &memory, &options(0x2), &mut script(rule(HEAP + 0x1000)));
    assert_eq!(error.map(|_| ()).map_err(|error| error.hresult()), Err(E_INVALIDARG));
    snapshot.source = CaptureSource::Live;
    let mut living = script(rule(HEAP));
    dump_asking(&snapshot, &memory, &options(0x2), &mut living).unwrap();
    assert!(!living.asked.contains(&18));
}
