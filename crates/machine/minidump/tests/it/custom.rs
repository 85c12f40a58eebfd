//! `WER_DUMP_CUSTOM_OPTIONS` on top of the dump types.

use wer_abi::dump_options::*;
use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;

use crate::fake::*;
use crate::raw::{Raw, dump_with};

fn custom(mask: u32, set: impl FnOnce(&mut WerDumpCustomOptions)) -> Raw {
    let mut given = WerDumpCustomOptions { mask, ..WerDumpCustomOptions::EMPTY };
    set(&mut given);
    let (snapshot, memory) = rich();
    dump_with(&snapshot, &memory, &DumpOptions::for_custom(DumpType::Mini, &given)).raw
}

fn name(options: &mut WerDumpCustomOptions, name: &str) {
    for (slot, unit) in options.preferred_module_list.iter_mut().zip(name.encode_utf16()) {
        *slot = unit;
    }
}

#[test]
fn without_a_mask_nothing_counts() {
    let (snapshot, memory) = rich();
    let plain = dump_with(&snapshot, &memory, &DumpOptions::for_type(DumpType::Mini)).raw;
    let masked = custom(0, |options| {
        (options.dump_flags, options.only_this_thread) = (2, 1);
        (options.exception_thread_flags, options.other_module_flags) = (0, 0);
        options.other_module_reset_flags = 0xFF;
    });
    assert!(plain.0 == masked.0);
}

#[test]
fn the_dump_type_is_replaced() {
    let raw = custom(WER_DUMP_MASK_DUMPTYPE, |options| options.dump_flags = 0x2);
    assert_eq!((raw.u64(24), raw.find(9).is_some()), (2, true));
}

#[test]
fn only_one_thread_is_in_the_dump() {
    let one = |tid| {
        custom(WER_DUMP_MASK_ONLY_THISTHREAD, |options| {
            (options.only_this_thread, options.thread_id) = (1, tid)
        })
    };
    assert_eq!(one(0).threads(), [CRASHED]);
    assert_eq!(one(WORKER).threads(), [WORKER]);
    assert_eq!(custom(WER_DUMP_MASK_ONLY_THISTHREAD, |_| ()).threads().len(), 3);
}

#[test]
fn the_exceptions_thread_and_the_others_have_their_own_flags() {
    let mask = WER_DUMP_MASK_THREADFLAGS | WER_DUMP_MASK_OTHERTHREADFLAGS;
    let raw = custom(mask, |options| {
        (options.exception_thread_flags, options.other_thread_flags) = (0x1F, 0x5);
    });
    assert!(raw.memory(MAIN_STACK + 0x2_0000, 16).is_some() && raw.memory(STACK + 0xE100, 16).is_none());
    assert!(raw.memory(CODE + 0x123, 16).is_some() && raw.memory(LIBRARY + 0x800, 16).is_none());
    assert_eq!(raw.threads(), [100, 101, 102]);
    let raw = custom(mask, |options| options.other_thread_flags = 0x1F);
    assert_eq!(raw.threads(), [101, 102]);
}

#[test]
fn preferred_modules_and_the_others_have_their_own_flags() {
    let mask = WER_DUMP_MASK_PREFERRED_MODULE_LIST
        | WER_DUMP_MASK_PREFERRED_MODULESFLAGS
        | WER_DUMP_MASK_OTHER_MODULESFLAGS;
    let raw = custom(mask, |options| {
        name(options, "APP");
        (options.preferred_module_flags, options.other_module_flags) = (0x7F, 0x0D);
    });
    assert!(raw.memory(DATA, 16).is_some() && raw.memory(LIBRARY_DATA, 16).is_none());
    assert_eq!(raw.modules().len(), 4);
    let raw = custom(mask, |options| {
        name(options, "*");
        (options.preferred_module_flags, options.preferred_module_reset_flags) = (0x7F, 0x2);
    });
    assert!(raw.memory(DATA, 16).is_none() && raw.modules().len() == 4);
    let raw = custom(mask, |options| options.preferred_module_flags = 0x7F);
    assert!(raw.modules().is_empty(), "no module is preferred, and the others have no flag");
}

#[test]
fn types_have_their_numbers() {
    let types = [1, 2, 3, 4].map(DumpType::from_wer);
    assert_eq!(types, [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Triage].map(Some));
    assert_eq!([0, 5, -1].map(DumpType::from_wer), [None; 3]);
    for dump_type in [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Triage, DumpType::Full] {
        assert_eq!(DumpOptions::for_type(dump_type).check(), Ok(()), "{dump_type:?}");
    }
}
