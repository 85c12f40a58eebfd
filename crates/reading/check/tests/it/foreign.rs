//! Others' dumps: what only this system promises is not asked of them.

use wer_check::{Kind, check};
use wer_synth::{Amd64, Exception, Module, Place, Section, Synth, Thread, amd64_extended, x86};

/// A 32-bit Windows dump, its streams unsorted and unaligned.
fn windows() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.add(Section::new().u8(1), 1);
    let unaligned = |synth: &mut Synth, kind, section| {
        let place = synth.add(section, 1);
        synth.entry(kind, place);
    };
    unaligned(&mut synth, 11, Section::new().utf16("unaligned").u16(0));
    let context = synth.add(x86(0x40_1000, 0x19_FF00), 1);
    let crashed = synth.add(x86(0x40_1000, 0x19_FF00), 1);
    let places = synth.memory(&[(0x50_0000, b"heap"), (0x40_0000, b"stack")]);
    synth.threads(&[Thread { id: 1, stack: 0x40_0000, stack_bytes: places[1], context }]);
    let codeview = Section::new().bytes(b"RSDS").zeros(20).bytes(b"a.pdb\0").into_bytes();
    synth.modules(&[Module { base: 1, size: 1, name: "a.exe".into(), codeview }]);
    synth.exception(&Exception { thread: 1, code: 0xC000_0005, context: crashed, ..Exception::default() });
    synth.system_info(0, 2, "");
    synth.stream(15, Section::new().u32s(&[24, 3, 1, 0, 0, 0]));
    synth.stream(22, Section::new().u16(1).zeros_to(80));
    synth.stream(24, Section::new().u32s(&[1, 0, 7, 0, 0]));
    synth.entry(0, Place::default());
    synth.entry(0, Place::default());
    synth.finish()
}

#[test]
fn a_windows_dump_is_right() {
    assert_eq!(check(&windows()), []);
}

#[test]
fn the_same_as_ours_is_not() {
    let mut bytes = windows();
    // The comment's entry becomes that of a WER info, so that the dump claims to be of this system.
    wer_synth::put_u32(&mut bytes, 32, 0x5745_0002);
    let kinds: Vec<Kind> = check(&bytes).iter().map(|violation| violation.kind).collect();
    for kind in [Kind::Misaligned, Kind::Order, Kind::Value, Kind::Count] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
    }
}

#[test]
fn extended_state_beyond_the_misc_info_is_wrong_in_any_dump() {
    let mut synth = Synth::new();
    synth.system_info(9, 2, "");
    let context = synth.add(amd64_extended(Amd64::new(1, 2)), 64);
    synth.threads(&[Thread { id: 1, context, ..Thread::default() }]);
    let misc = Section::new().u32s(&[1_364, 0]).zeros_to(832).u32s(&[528, 1]).u64(7);
    synth.stream(15, misc.zeros_to(1_364));
    let violations = check(&synth.finish());
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert!(violations[0].message.contains("that the misc info does not name"));
}
