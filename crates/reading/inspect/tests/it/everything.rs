//! Dumps with every stream that has a form.

use wer_synth::{Amd64, Exception, MemoryInfo, Module, Place, Section, Synth, Thread, amd64_extended, x86};

/// A GUID's bytes: 01234567-89ab-cdef-0123-456789abcdef.
const GUID: &[u8] =
    &[0x67, 0x45, 0x23, 0x01, 0xAB, 0x89, 0xEF, 0xCD, 1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF];

fn pdb70() -> Vec<u8> {
    Section::new().bytes(b"RSDS").bytes(GUID).u32(2).bytes(b"program.pdb\0").into_bytes()
}

fn build_id() -> Vec<u8> {
    Section::new().bytes(b"LEpB").bytes(&[0xAB; 20]).into_bytes()
}

fn parameters(values: &[u64]) -> [u64; 15] {
    std::array::from_fn(|index| values.get(index).copied().unwrap_or_default())
}

/// A Linux dump with the streams of this system and of Breakpad.
pub(crate) fn linux() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.time(1_735_689_600);
    synth.flags(0x0022_1806);
    synth.system_info(9, 0x8201, "Linux 6.1.0 #1 SMP x86_64");
    let places = synth.memory(&[(0x40_0000, b"code of main...."), (0x7FFF_0000, b"the stack's bytes")]);
    let context = synth.add(Amd64::new(0x40_0008, 0x7FFF_0000).section(), 16);
    let extended = synth.add(amd64_extended(Amd64::new(0x40_0000, 0x7FFF_0008)), 64);
    let stack = |id, context| Thread { id, stack: 0x7FFF_0000, stack_bytes: places[1], context };
    synth.threads(&[stack(7, context), stack(8, extended), stack(9, Place::default())]);
    let module = |base, name: &str, codeview| Module { base, size: 0x1000, name: name.into(), codeview };
    synth.modules(&[
        module(0x40_0000, "/usr/bin/program", build_id()),
        module(0x50_0000, "C:\\program.exe", pdb70()),
        module(0x60_0000, "without a record", Vec::new()),
        module(0x70_0000, "another record", b"????1234".to_vec()),
    ]);
    synth.exception(&Exception {
        thread: 7,
        code: 11,
        flags: 2,
        address: 0xDEAD,
        parameter_count: 3,
        parameters: parameters(&[1, 0xDEAD, 0xC000_0005]),
        context,
    });
    let mapping = |base, protection, kind| MemoryInfo { base, size: 0x1000, state: 0x1000, protection, kind };
    synth.memory_info(&[mapping(0x40_0000, 0x20, 0x100_0000), mapping(0x7FFF_0000, 0x104, 0x2_0000)]);
    synth.thread_names(&[(7, "main"), (8, "w\u{f6}rker\u{1b}[31m")]);
    synth.stream(11, Section::new().utf16("a comment\nin two lines").u16(0));
    synth.stream(10, Section::new().bytes(b"an ANSI comment\0"));
    linux_texts(&mut synth);
    private(&mut synth);
    crashpad(&mut synth);
    synth.stream(0x1234_5678, Section::new().bytes(b"a user's stream\x00\x01\x02"));
    synth.stream(0x8003, Section::new().u32s(&[1, 2, 3]));
    synth.entry(0, Place::default());
    synth.finish()
}

fn linux_texts(synth: &mut Synth) {
    synth.stream(0x4767_0003, Section::new().bytes(b"processor\t: 0\nflags\t: fpu\n"));
    synth.stream(0x4767_0006, Section::new().bytes(b"/usr/bin/program\0--verbose\0"));
    synth.stream(0x4767_0007, Section::new().bytes(b"HOME=/root\0LANG=C\0"));
    synth.stream(0x4767_0008, Section::new().u64s(&[3, 0x40_0040, 9, 0x40_0000, 777, 1, 0, 0]));
    synth.stream(
        0x4767_0009,
        Section::new().bytes(b"00400000-00401000 r-xp 00000000 08:01 7 /usr/bin/program\n"),
    );
    synth.stream(0x4767_0001, Section::new().u32s(&[3, 8, 7]));
    let assertion = Section::new().utf16_in("x > 0", 128).utf16_in("main", 128).utf16_in("main.c", 128);
    synth.stream(0x4767_0002, assertion.u32s(&[42, 1]));
    let name = synth.string("/lib/libc.so.6");
    let links = synth.add(Section::new().u64(0x7F00_0000).u32(name).u64(0x7F10_0000), 4);
    let header = Section::new().u32s(&[1, links.offset, 1]).u64s(&[0x7E00, 0x7E00_0000, 0x60_0000]);
    synth.stream(0x4767_000A, header.u64s(&[5, 0x1234, 0, 0]));
}

fn private(synth: &mut Synth) {
    let blocks = Section::new().u32s(&[1, 16, 24, 1]).u64s(&[1, 0x40_0000]).u32s(&[16, 16]);
    synth.stream(0x5745_0001, blocks);
    synth.stream(0x5745_0002, Section::new().bytes(br#"{"version":1,"status":"c0000005"}"#));
    let (file, peer) = (synth.string("/tmp/file"), synth.string("127.0.0.1:80"));
    let handles = Section::new()
        .u32s(&[1, 16, 64, 2])
        .u64(3)
        .u32s(&[0, 0o100_002])
        .u64(4_096)
        .u32s(&[0o100_644, 0])
        .u64s(&[0x801, 77, 5_000])
        .u32s(&[file, 0])
        .u64(4)
        .u32s(&[5, 2])
        .u64(0)
        .u32s(&[0o140_777, 0])
        .u64s(&[8, 78, 0])
        .u32s(&[0, peer]);
    synth.stream(0x5745_0003, handles);
    let json = br#"{"uids":[0,0,0,0]}"#;
    let size = 16 + u32::try_from(json.len()).unwrap();
    let token = Section::new().u32s(&[16 + size, 1, 16, 16]).u32s(&[size, 0x8000_0001]).u64(0).bytes(json);
    synth.stream(19, token);
}

fn crashpad(synth: &mut Synth) {
    let (key, value, name) = (synth.utf8("ver"), synth.utf8("1.2.3"), synth.utf8("crash-key"));
    let simple = synth.add(Section::new().u32s(&[1, key, value]), 4);
    let array = synth.add(Section::new().u32(5).bytes(b"crash"), 4);
    let raw = synth.add(Section::new().u32(4).bytes(&[1, 2, 3, 4]), 4);
    let objects = Section::new().u32s(&[2, name, 1, array.offset, name, 0x8001, raw.offset]);
    let objects = synth.add(objects, 4);
    let list = synth.add(Section::new().u32s(&[1, value]), 4);
    let info = [list, simple, objects].iter().fold(Section::new().u32(1), |s, p| s.u32s(&p.descriptor()));
    let info = synth.add(info, 4);
    let links = synth.add(Section::new().u32s(&[1, 0]).u32s(&info.descriptor()), 4);
    let stream = Section::new().u32(1).bytes(GUID).bytes(GUID);
    let stream = stream.u32s(&simple.descriptor()).u32s(&links.descriptor()).u32(0).u64(0x7FFF_FFFF_FFFF);
    synth.stream(0x4350_0001, stream);
}

/// A Windows dump of a 32-bit process with the streams that only Windows writes.
pub(crate) fn windows() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.time(1_735_689_600);
    synth.flags(0x0004_1826);
    synth.system_info(0, 2, "Service Pack 1");
    let context = synth.add(x86(0x40_1000, 0x19_FF00), 4);
    let bytes = synth.memory64(&[(0x19_F000, b"stack"), (0x40_1000, b"code"), (0x50_0000, b"heap")]);
    let stack = Place { offset: bytes.offset, size: 5 };
    synth.threads(&[Thread { id: 100, stack: 0x19_F000, stack_bytes: stack, context }]);
    let thread_ex = Section::new().u32s(&[1, 100, 1, 0x20, 8]).u64(0x7000).u64(0x19_F000);
    let thread_ex = thread_ex.u32s(&stack.descriptor()).u32s(&context.descriptor()).u64(0x1000).u32s(&[0, 0]);
    synth.stream(8, thread_ex);
    synth.exception(&Exception {
        thread: 100,
        code: 0xC000_0005,
        flags: 1,
        address: 0x40_1000,
        parameter_count: 2,
        parameters: parameters(&[8, 0x40_1000]),
        context,
    });
    misc_info(&mut synth);
    handles(&mut synth);
    let name = synth.string("gone.dll");
    let unloaded = Section::new().u32s(&[12, 24, 1]).u64(0x10_0000).u32s(&[0x2000, 5, 1_600_000_000, name]);
    synth.stream(14, unloaded);
    let info = Section::new().u32s(&[12, 64, 1]).u32s(&[100, 2, 0, 259]);
    let times = [133_801_632_000_000_000, 0, 10_000_000, 20_000_000];
    synth.stream(17, info.u64s(&times).u64s(&[0x40_1000, 0xFF]));
    let table = Section::new().u32s(&[24, 32, 8, 12, 1, 0]).u64s(&[0x1000, 0x2000, 0x1000]).u32s(&[2, 0]);
    synth.stream(13, table.zeros(8 + 24));
    let operation = Section::new().u32s(&[16, 288, 1, 0]).u64(0x44).u32s(&[1, 100, 3, 0]).u32s(&[2, 9]);
    synth.stream(18, operation.u64s(&[0x7000, 0x7001]).zeros(30 * 8));
    let token = Section::new().u32s(&[40, 1, 16, 16]).u32s(&[24, 1]).u64(0).bytes(b"12345678");
    synth.stream(19, token);
    let counters = Section::new().u16(2).u16(3).u32(1_000);
    synth.stream(22, (1..=18).fold(counters, |section, value| section.u64(value)));
    synth.stream(21, system_memory());
    synth.finish()
}

fn misc_info(synth: &mut Synth) {
    let section = Section::new()
        .u32s(&[1_364, 0x3F7, 4_242, 1_735_689_000, 1, 2])
        .u32s(&[3_000, 2_900, 3_100, 1, 2])
        .u32s(&[0x2000, 0x4D, 0, 1])
        .u32(0u32.wrapping_sub(60))
        .utf16_in("W. Europe Standard Time", 32);
    let standard = [0_u16, 10, 0, 5, 3, 0, 0, 0].iter().fold(section, |section, part| section.u16(*part));
    let daylight = standard.u32(0).utf16_in("W. Europe Daylight Time", 32);
    let dates = [2_025_u16, 3, 0, 30, 2, 0, 0, 0].iter().fold(daylight, |section, part| section.u16(*part));
    let texts =
        dates.u32(0u32.wrapping_sub(60)).utf16_in("19041.1.amd64fre", 260).utf16_in("dbgcore.i386", 40);
    let xstate = texts.u32s(&[528, 2_000]).u64(0x7).u32s(&[0, 160, 160, 256, 576, 256]);
    synth.stream(15, xstate.zeros_to(1_360).u32(0xC00C));
}

fn handles(synth: &mut Synth) {
    let (kind, name) = (synth.string("Event"), synth.string("\\BaseNamedObjects\\ready"));
    let second = synth.add(Section::new().u32s(&[0, 99, 4]).u32(7), 4);
    let first = synth.add(Section::new().u32s(&[second.offset, 6, 8]).u32s(&[1, 2]), 4);
    let handles = Section::new().u32s(&[16, 40, 2, 0]).u64(0x44).u32s(&[kind, name, 1, 0x1F_0003, 2, 65_537]);
    let handles = handles.u32s(&[first.offset, 0]).u64(0x48).u32s(&[kind, 0, 0, 1, 1, 1, 0, 0]);
    synth.stream(12, handles);
}

/// Every number of the stream is the number of its field.
fn system_memory() -> Section {
    let basic = Section::new().u16(1).u16(0xF).u32s(&[1, 2, 3, 4, 5, 6]).u64s(&[7, 8, 9]).u32(10);
    let cache = basic.u64s(&[11, 12]).u32(13).u64s(&[14, 15, 16, 17]).u32s(&[18, 19]);
    let performance = cache.u64s(&[20, 21, 22, 23]).u64s(&[24, 25, 26, 27]);
    (28..98).fold(performance, |section, value| section.u32(value)).u64s(&[98, 99, 100, 101])
}
