//! Forms that only others write.

use wer_inspect::{InspectError, Inspector, Options, Value};
use wer_synth::{Exception, Section, Synth, Thread};

fn stream(bytes: &[u8], wanted: &str) -> Value {
    let dump = Inspector::open(bytes, Options::default()).unwrap();
    dump.stream(&dump.find(wanted)[0])
}

#[test]
fn lists_may_be_padded_to_8_bytes() {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8101, "");
    synth.stream(24, Section::new().u32s(&[1, 0, 7, 0, 0]));
    synth.stream(5, Section::new().u32s(&[1, 0]).u64(0x1000).u32s(&[4, 32]));
    let bytes = synth.finish();
    let names = stream(&bytes, "24");
    assert_eq!(names.get("threads").unwrap().items()[0].get("thread_id"), Some(&Value::Number(7)));
    let memory = stream(&bytes, "5");
    assert_eq!(memory.get("ranges").unwrap().items()[0].get("address"), Some(&Value::Address(0x1000)));
}

#[test]
fn exceptions_have_the_names_of_their_platform() {
    for (platform, code, name) in [
        (2, 0xC000_0409, "STATUS_STACK_BUFFER_OVERRUN"),
        (0x8201, 6, "SIGABRT"),
        (0x8203, 11, "SIGSEGV"),
        (0x8101, 1, "EXC_BAD_ACCESS"),
    ] {
        let mut synth = Synth::new();
        synth.system_info(12, platform, "");
        synth.exception(&Exception { code, ..Exception::default() });
        let value = stream(&synth.finish(), "exception");
        assert_eq!(value.get("code"), Some(&Value::Named(u64::from(code), name.into())));
    }
}

#[test]
fn registers_of_arm64() {
    let mut synth = Synth::new();
    synth.system_info(12, 0x8101, "");
    let registers = (0..33).fold(Section::new().u32s(&[0x40_0007, 0x6000_0000]), |s, value| s.u64(value));
    let context = synth.add(registers.zeros_to(912), 16);
    synth.threads(&[Thread { id: 1, context, ..Thread::default() }]);
    let threads = stream(&synth.finish(), "3");
    let context = threads.get("threads").unwrap().items()[0].get("context").unwrap();
    let registers = context.get("registers").unwrap();
    assert_eq!(registers.get("pc"), Some(&Value::Address(32)));
    assert_eq!(registers.get("cpsr"), Some(&Value::Hex(0x6000_0000)));
}

#[test]
fn an_aligned_list_of_the_loader() {
    let mut synth = Synth::new();
    let name = synth.string("/lib/ld.so");
    let links = synth.add(Section::new().u64(0x7000).u32s(&[name, 0]).u64(0x8000), 8);
    let header = Section::new().u32s(&[1, links.offset, 1, 0]).u64s(&[1, 2, 3]);
    synth.stream(0x4767_000A, header.u64s(&[5, 6]));
    let value = stream(&synth.finish(), "LinuxDsoDebug");
    assert_eq!(value.get("loader_base"), Some(&Value::Address(2)));
    let library = &value.get("libraries").unwrap().items()[0];
    assert_eq!(library.get("dynamic"), Some(&Value::Address(0x8000)));
    assert_eq!(library.get("name"), Some(&Value::text("/lib/ld.so")));
}

#[test]
fn crash_info_of_macos() {
    let mut synth = Synth::new();
    let texts = b"/usr/lib/libc.dylib\0abort() called\0\0\0second\0";
    let record = synth.add(Section::new().u64s(&[1, 4, 0x77, 0]).bytes(texts), 8);
    let list = Section::new().u32s(&[1, 1, 32]).u32s(&record.descriptor());
    synth.stream(0x4D7A_0001, list.zeros_to(12 + 20 * 8));
    let value = stream(&synth.finish(), "0x4d7a0001");
    let record = &value.get("records").unwrap().items()[0];
    assert_eq!(record.get("message"), Some(&Value::text("abort() called")));
    assert_eq!(record.get("message2"), Some(&Value::text("second")));
    assert_eq!(record.get("thread"), Some(&Value::Hex(0x77)));
}

#[test]
fn what_is_no_dump_is_told() {
    let open = |bytes: &[u8]| Inspector::open(bytes, Options::default()).map(drop).unwrap_err();
    assert_eq!(open(b"MDMP"), InspectError::TooShort(4));
    assert_eq!(open(&[0; 32]), InspectError::NotADump);
    assert_eq!(open(&[b"PMDM".as_slice(), &[0; 28]].concat()), InspectError::BigEndian);
}
