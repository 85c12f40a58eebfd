use std::io::Cursor;

use wer_synth::{Exception, Module, Section, Synth};

use super::*;

fn synth() -> Synth {
    let mut synth = Synth::new();
    synth.time(1_700_000_000);
    let codeview = [&b"BpEL"[..], &[0xAB; 20]].concat();
    synth.modules(&[
        Module { base: 0x40_0000, size: 0x3000, name: "/usr/bin/app".into(), codeview: codeview.clone() },
        Module { base: 0x7000_0000, size: 0x1000, name: "C:\\lib\\x.dll".into(), codeview },
    ]);
    synth
}

fn crashpad(synth: &mut Synth, report: [u8; 16]) {
    let (key, value) = (synth.utf8("prod"), synth.utf8("Browser"));
    let dictionary = synth.add(Section::new().u32s(&[1, key, value]), 4);
    let [size, offset] = dictionary.descriptor();
    let info = Section::new().u32(1).bytes(&report).zeros(16).u32s(&[size, offset, 0, 0]).zeros(12);
    synth.stream(0x4350_0001, info);
}

#[test]
fn what_a_label_needs_is_read() {
    let mut synth = synth();
    synth.exception(&Exception { thread: 7, code: 11, address: 0x7000_0123, ..Exception::default() });
    let facts = dump_facts(&mut Cursor::new(synth.finish())).unwrap();
    assert_eq!((facts.time_seconds, facts.exception_code), (1_700_000_000, Some(11)));
    assert_eq!(facts.exception_offset, Some(0x123));
    assert_eq!(facts.fault_module.as_ref().unwrap().name, "x.dll");
    assert_eq!(facts.program.as_ref().unwrap().version, "1.2.3.4");
    let values = |signature: Signature| -> Vec<String> {
        signature.parameters.into_iter().map(|parameter| parameter.value).collect()
    };
    let own = values(facts.signature("", ""));
    assert_eq!(own[..2], ["app", "1.2.3.4"]);
    assert_eq!(own[3..], ["x.dll", "1.2.3.4", "5f5e1000", "0000000b", "0000000000000123"]);
    assert_eq!(values(facts.signature("Product", "1.2"))[..2], ["Product", "1.2"]);
}

#[test]
fn a_build_id_stands_for_a_version() {
    let mut bytes = synth().finish();
    // The first module's version resource.
    let module = wer_synth::stream_at(&bytes, 4) + 4;
    wer_synth::put_u32(&mut bytes, module + 24, 0);
    let facts = dump_facts(&mut Cursor::new(bytes)).unwrap();
    assert_eq!(facts.program.unwrap().version, "abababababababab");
}

#[test]
fn an_address_without_a_module_is_no_part_of_the_label() {
    let of = |address| {
        let mut synth = synth();
        synth.exception(&Exception { thread: 7, code: 11, address, ..Exception::default() });
        dump_facts(&mut Cursor::new(synth.finish())).unwrap().signature("", "")
    };
    assert_eq!(of(0x1111), of(0x2222));
    assert_ne!(of(0x40_0001), of(0x40_0002));
}

#[test]
fn crashpads_report_and_annotations_are_read() {
    let mut synth = synth();
    crashpad(&mut synth, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    let facts = dump_facts(&mut Cursor::new(synth.finish())).unwrap();
    assert_eq!(facts.crashpad_report.as_deref(), Some("04030201-0605-0807-090a-0b0c0d0e0f10"));
    assert_eq!(facts.annotations, [("prod".into(), "Browser".into())]);
    let mut nil = Synth::new();
    crashpad(&mut nil, [0; 16]);
    assert_eq!(dump_facts(&mut Cursor::new(nil.finish())).unwrap().crashpad_report, None);
}

#[test]
fn a_dump_that_says_nothing_is_a_dump_and_other_bytes_are_not() {
    let empty = dump_facts(&mut Cursor::new(Synth::new().finish())).unwrap();
    assert_eq!(empty.signature("", "").parameters[0].value, "");
    assert_eq!(dump_facts(&mut Cursor::new(b"MDMP")), None);
    assert_eq!(dump_facts(&mut Cursor::new([b'x'; 100])), None);
}

#[test]
fn numbers_that_lie_cost_nothing() {
    let mut bytes = synth().finish();
    let good = dump_facts(&mut Cursor::new(&bytes)).unwrap();
    assert!(good.program.is_some());
    // Four billion streams; a directory at the end of the world.
    bytes[8..12].fill(0xff);
    assert!(dump_facts(&mut Cursor::new(&bytes)).is_some());
    bytes[12..16].fill(0xff);
    assert_eq!(dump_facts(&mut Cursor::new(&bytes)).unwrap().program, None);
}

/// Bytes with a note of the largest read that was asked of them.
struct Noting {
    bytes: Cursor<Vec<u8>>,
    largest: usize,
}

impl std::io::Read for Noting {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.largest = self.largest.max(into.len());
        self.bytes.read(into)
    }
}

impl std::io::Seek for Noting {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[test]
fn numbers_that_lie_ask_for_little_memory() {
    let good = synth().finish();
    let largest = |bytes: Vec<u8>| {
        let mut noting = Noting { bytes: Cursor::new(bytes), largest: 0 };
        let _ = dump_facts(&mut noting);
        noting.largest
    };
    let mut streams = good.clone();
    streams[8..12].copy_from_slice(&100_000_u32.to_le_bytes());
    assert!(largest(streams) < 1 << 20);
    // The list of modules begins with their count.
    let directory = u32::from_le_bytes(good[12..16].try_into().unwrap()) as usize;
    let entry = (0..).map(|n| directory + n * 12).find(|at| good[*at] == 4).unwrap();
    let list = u32::from_le_bytes(good[entry + 8..entry + 12].try_into().unwrap()) as usize;
    let mut modules = good.clone();
    modules[list..list + 4].copy_from_slice(&100_000_u32.to_le_bytes());
    assert!(largest(modules) < 1 << 20);
    let place = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    // The first module names its path's place, and the path its own length.
    let mut texts = good.clone();
    let path = place(&good, list + 4 + 20);
    texts[path..path + 4].copy_from_slice(&100_000_000_u32.to_le_bytes());
    assert!(largest(texts) < 1 << 20);
    // Crashpad's annotations begin with their count.
    let mut synth = synth();
    crashpad(&mut synth, [7; 16]);
    let mut annotations = synth.finish();
    let directory = place(&annotations, 12);
    let crashpads = (0..).map(|n| directory + n * 12).find(|at| place(&annotations, *at) == 0x4350_0001);
    let info = place(&annotations, crashpads.unwrap() + 8);
    let dictionary = place(&annotations, info + 40);
    annotations[dictionary..dictionary + 4].copy_from_slice(&10_000_000_u32.to_le_bytes());
    assert!(largest(annotations) < 1 << 20);
}
