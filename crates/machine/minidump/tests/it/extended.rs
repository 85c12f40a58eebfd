//! Contexts with AVX and AVX-512 state.

use minidump::{Minidump, MinidumpException, MinidumpMiscInfo, MinidumpSystemInfo, MinidumpThreadList};

use crate::callbacks::options;
use crate::fake::*;
use crate::raw::{Raw, dump_with};

const HEADER: usize = 1280;

fn context(raw: &Raw, tid: u32) -> (usize, usize) {
    let thread = raw.entry(3, 4, 48, tid).unwrap();
    (raw.u32(thread + 44) as usize, raw.u32(thread + 40) as usize)
}

fn xstate_dump(flags: u64) -> (Raw, wer_snapshot::ProcessSnapshot) {
    let (mut snapshot, memory) = crashed();
    with_xstate(&mut snapshot);
    (dump_with(&snapshot, &memory, &options(flags)).raw, snapshot)
}

#[test]
fn the_state_follows_the_classic_context() {
    let (raw, snapshot) = xstate_dump(0x20_0000);
    let (at, size) = context(&raw, CRASHED);
    assert_eq!(size, HEADER + 2696 - 512);
    assert_eq!(raw.u32(at + 0x30), 0x0010_004F);
    let ex: Vec<i32> = (0..6).map(|index| raw.u32(at + 1232 + 4 * index) as i32).collect();
    assert_eq!(ex, [-1232, size as i32, -1232, 1232, 48, (size - HEADER) as i32]);
    assert_eq!(at % 64, 0);
    assert_eq!((raw.u64(at + HEADER), raw.u64(at + HEADER + 8)), (0b10_1110_0100, 0));
    let area = &snapshot.threads[0].fpu.as_ref().unwrap().xsave;
    for (offset, bytes) in [(576, 256), (1088, 64), (1152, 512), (1664, 1024), (2688, 8)] {
        let place = at + HEADER + offset - 512;
        assert_eq!(raw.0[place..place + bytes], area[offset..offset + bytes], "{offset}");
    }
    assert_eq!(raw.u64(at + 0xF8), CODE + 0x123, "registers are where they were");
}

#[test]
fn a_context_ends_with_the_last_part_in_use() {
    let (raw, _) = xstate_dump(0x20_0000);
    let (at, size) = context(&raw, WORKER);
    assert_eq!((size, raw.u64(at + HEADER)), (HEADER + 832 - 512, 0b100));
    let (at, size) = context(&raw, 102);
    assert_eq!((size, raw.u32(at + 0x30)), (1232, 0x0010_0000), "no registers, no state");
}

#[test]
fn misc_info_tells_the_parts() {
    let (raw, _) = xstate_dump(0x20_0000);
    let (at, _) = raw.stream(15);
    assert_eq!((raw.u32(at + 832), raw.u32(at + 836)), (528, (HEADER + 2696 - 512) as u32));
    assert_eq!(raw.u64(at + 840), 0b10_1110_0111);
    let place = |index: usize| (raw.u32(at + 848 + 8 * index), raw.u32(at + 852 + 8 * index));
    assert_eq!([0, 1, 2, 3, 9].map(place), [(0, 160), (160, 256), (576, 256), (0, 0), (2688, 8)]);
}

#[test]
fn readers_of_classic_contexts_read_these() {
    let (raw, _) = xstate_dump(0x20_0000);
    let read = Minidump::read(&raw.0[..]).unwrap();
    let system = read.get_stream::<MinidumpSystemInfo>().unwrap();
    let misc = read.get_stream::<MinidumpMiscInfo>().unwrap();
    let threads = read.get_stream::<MinidumpThreadList>().unwrap();
    let context = threads.threads[1].context(&system, Some(&misc)).unwrap();
    assert_eq!(context.get_stack_pointer(), STACK + 0xE0F0);
    let exception = read.get_stream::<MinidumpException>().unwrap();
    assert_eq!(exception.context(&system, Some(&misc)).unwrap().get_instruction_pointer(), CODE + 0x123);
    let parts: Vec<usize> = misc.raw.xstate_data().unwrap().iter().map(|(index, _)| index).collect();
    assert_eq!(parts, [0, 1, 2, 5, 6, 7, 9]);
}

#[test]
fn without_the_flag_or_the_state_contexts_are_classic() {
    let (raw, _) = xstate_dump(0);
    assert_eq!(context(&raw, CRASHED).1, 1232);
    assert_eq!(raw.u32(raw.stream(15).0 + 836), 1232);
    let (mut snapshot, memory) = crashed();
    let raw = dump_with(&snapshot, &memory, &options(0x20_0000)).raw;
    assert_eq!((context(&raw, CRASHED).1, raw.u32(raw.stream(15).0 + 832)), (1232, 0));
    // Places that cannot be, and an area that was cut.
    with_xstate(&mut snapshot);
    for (index, feature) in snapshot.system.xstate.iter_mut().enumerate() {
        (feature.offset, feature.size) =
            [(3, 9), (u32::MAX, u32::MAX), (576, 0), (1 << 20, 8), (576, 256)][index];
    }
    snapshot.threads[1].fpu.as_mut().unwrap().xsave.truncate(577);
    let raw = dump_with(&snapshot, &memory, &options(0x20_0000)).raw;
    assert_eq!(context(&raw, CRASHED).1, HEADER + 832 - 512);
    assert_eq!(context(&raw, WORKER).1, HEADER + 64);
}
