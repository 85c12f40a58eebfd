//! Dumps that nothing is wrong with.

use wer_check::check;
use wer_synth::{Amd64, Exception, MemoryInfo, Module, Section, Synth, Thread, amd64_extended};

/// A dump as this system writes it, with every stream that has rules.
pub(crate) fn ours() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux");
    let places = synth.memory(&[(0x40_0000, b"0123456789abcdef"), (0x7FFF_0000, b"0123456789abcdef")]);
    let context = synth.add(Amd64::new(0x40_0008, 0x7FFF_0000).section(), 16);
    let extended = synth.add(amd64_extended(Amd64::new(0x40_0000, 0x7FFF_0008)), 64);
    let stack = |id, context| Thread { id, stack: 0x7FFF_0000, stack_bytes: places[1], context };
    synth.threads(&[stack(7, context), stack(8, extended)]);
    let thread_ex = Section::new().u32s(&[1, 7, 1, 0x20, 8]).u64s(&[0x7000, 0x7FFF_0000]);
    let thread_ex = thread_ex.u32s(&places[1].descriptor()).u32s(&context.descriptor()).u64(0).u32s(&[0, 0]);
    synth.stream(8, thread_ex);
    let codeview = Section::new().bytes(b"LEpB").bytes(&[0xAB; 20]).into_bytes();
    synth.modules(&[Module { base: 0x40_0000, size: 0x1000, name: "/bin/program".into(), codeview }]);
    let parameters = [0; 15];
    synth.exception(&Exception {
        thread: 7,
        code: 11,
        flags: 2,
        address: 0,
        parameter_count: 3,
        parameters,
        context,
    });
    let mapping = |base| MemoryInfo { base, size: 0x1000, state: 0x1000, protection: 4, kind: 0x2_0000 };
    synth.memory_info(&[mapping(0x40_0000), mapping(0x7FFF_0000)]);
    synth.thread_names(&[(7, "main"), (8, "worker")]);
    synth.stream(10, Section::new().bytes(b"ANSI\0"));
    synth.stream(11, Section::new().utf16("comment").u16(0));
    let threads = Section::new().u32s(&[12, 64, 2]).u32(7).zeros(60).u32(8).zeros(60);
    synth.stream(17, threads);
    process(&mut synth);
    tables(&mut synth);
    others(&mut synth);
    synth.sort_directory();
    synth.finish()
}

fn process(synth: &mut Synth) {
    let misc = Section::new().u32s(&[1_364, 0x143, 7]).zeros_to(832);
    synth.stream(15, misc.u32s(&[528, 2_696]).u64(0x2E7).u32s(&[0, 160, 160, 256, 576, 256]).zeros_to(1_364));
    synth.stream(21, Section::new().u16(1).zeros_to(492));
    synth.stream(22, Section::new().u16(2).zeros_to(152));
    let json = br#"{"uids":[0]}"#;
    let size = 16 + u32::try_from(json.len()).unwrap();
    let token = Section::new().u32s(&[16 + size, 1, 16, 16]).u32s(&[size, 0x8000_0001]).u64(0).bytes(json);
    synth.stream(19, token);
    synth.stream(0x4767_0001, Section::new().u32s(&[3, 8, 7]));
    synth.stream(0x4767_0002, Section::new().utf16_in("x", 384).u32s(&[1, 1]));
    synth.stream(0x4767_0008, Section::new().u64s(&[3, 0x40, 0, 0]));
}

fn tables(synth: &mut Synth) {
    let (kind, name) = (synth.string("Event"), synth.string("ready"));
    let information = synth.add(Section::new().u32s(&[0, 6, 4, 7]), 4);
    let handle = |section: Section, handle: u64, information: u32| {
        section.u64(handle).u32s(&[kind, name, 1, 2, 3, 4, information, 0])
    };
    let handles = handle(Section::new().u32s(&[16, 40, 2, 0]), 3, information.offset);
    synth.stream(12, handle(handles, 4, 0));
    let table = Section::new().u32s(&[24, 32, 8, 12, 1, 0]).u64s(&[1, 2, 1]).u32s(&[2, 4]);
    synth.stream(13, table.zeros(8 + 24 + 4));
    let gone = synth.string("gone.so");
    synth.stream(14, Section::new().u32s(&[12, 24, 1]).u64(0x10_0000).u32s(&[0x2000, 0, 0, gone]));
    synth.stream(18, Section::new().u32s(&[16, 288, 1, 0]).zeros(288));
}

fn others(synth: &mut Synth) {
    let name = synth.string("/lib/libc.so.6");
    let links = synth.add(Section::new().u64(0x7F00).u32(name).u64(0x7F10), 4);
    synth.stream(0x4767_000A, Section::new().u32s(&[1, links.offset, 1]).zeros_to(36).u64s(&[0, 0]));
    let (key, value) = (synth.utf8("key"), synth.utf8("value"));
    let simple = synth.add(Section::new().u32s(&[1, key, value]), 4);
    let array = synth.add(Section::new().u32(3).bytes(b"abc"), 4);
    let objects = synth.add(Section::new().u32s(&[1, key, 1, array.offset]), 4);
    let list = synth.add(Section::new().u32s(&[1, value]), 4);
    let mine = synth.add(Section::new().u32s(&[1, key, value]), 4);
    let info = [list, mine, objects].iter().fold(Section::new().u32(1), |s, p| s.u32s(&p.descriptor()));
    let info = synth.add(info, 4);
    let links = synth.add(Section::new().u32s(&[1, 0]).u32s(&info.descriptor()), 4);
    let crashpad = Section::new().u32(1).zeros(32).u32s(&simple.descriptor()).u32s(&links.descriptor());
    synth.stream(0x4350_0001, crashpad);
    let blocks = Section::new().u32s(&[1, 16, 24, 1]).u64s(&[1, 0x40_0004]).u32s(&[8, 8]);
    synth.stream(0x5745_0001, blocks);
    synth.stream(0x5745_0002, Section::new().bytes(br#"{"version":1}"#));
    let path = synth.string("/tmp/file");
    let descriptor = |section: Section, number: u64| section.u64(number).zeros(40).u64(0).u32s(&[path, 0]);
    let handles = descriptor(Section::new().u32s(&[1, 16, 64, 2]), 3);
    synth.stream(0x5745_0003, descriptor(handles, 4));
}

#[test]
fn a_dump_of_this_system() {
    assert_eq!(check(&ours()), []);
}

#[test]
fn a_dump_without_streams() {
    assert_eq!(check(&Synth::new().finish()), []);
}
