//! Text and JSON of every stream, as snapshots.

use wer_inspect::{Inspector, Options, Value, render};

use crate::everything::{linux, windows};

fn whole(bytes: &[u8]) -> (String, Value) {
    let dump = Inspector::open(bytes, Options::default()).unwrap();
    let mut text = format!("Header\n{}", render(&dump.header()));
    let mut streams = Vec::new();
    for entry in dump.entries() {
        let content = dump.stream(entry);
        text.push_str(&format!("\n{}\n{}", entry.name(), render(&content)));
        streams.push(Value::Record(vec![("entry", entry.value()), ("content", content)]));
    }
    (text, Value::Record(vec![("header", dump.header()), ("streams", Value::List(streams))]))
}

#[test]
fn a_linux_dump() {
    let (text, tree) = whole(&linux());
    insta::assert_snapshot!("linux_text", text);
    insta::assert_snapshot!("linux_json", serde_json::to_string_pretty(&tree).unwrap());
}

#[test]
fn a_windows_dump() {
    let (text, tree) = whole(&windows());
    insta::assert_snapshot!("windows_text", text);
    insta::assert_snapshot!("windows_json", serde_json::to_string_pretty(&tree).unwrap());
}

#[test]
fn streams_are_found_by_number_and_name() {
    let bytes = linux();
    let dump = Inspector::open(&bytes, Options::default()).unwrap();
    for wanted in ["6", "0x6", "ExceptionStream", "exception", "EXCEPTIONSTREAM"] {
        let found = dump.find(wanted);
        assert_eq!(found.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [6], "{wanted}");
    }
    for (wanted, kind) in
        [("modules", 4), ("threads", 3), ("memory", 5), ("thread-names", 24), ("linuxmaps", 0x4767_0009)]
    {
        assert_eq!(dump.find(wanted).iter().map(|entry| entry.kind).collect::<Vec<_>>(), [kind], "{wanted}");
    }
    assert_eq!(dump.find("0x47670009")[0].name(), "LinuxMaps");
    assert!(dump.find("9").is_empty() && dump.find("none").is_empty());
    let comment = dump.find("CommentStreamA")[0];
    assert_eq!(dump.raw(&comment), b"an ANSI comment\0");
}

#[test]
fn memory_is_read_by_address_over_both_lists() {
    let bytes = linux();
    let dump = Inspector::open(&bytes, Options::default()).unwrap();
    assert_eq!(dump.memory(0x40_0008, 4), b"main");
    assert_eq!(dump.memory(0x40_0008, 400), b"main....");
    assert_eq!(dump.memory(0x3F_FFFF, 1), b"");
    assert_eq!(dump.memory(u64::MAX, u64::MAX), b"");
    let bytes = windows();
    let dump = Inspector::open(&bytes, Options::default()).unwrap();
    assert_eq!(dump.memory(0x40_1001, 100), b"ode");
    assert_eq!(wer_inspect::hexdump(0x40_1001, b"ode").split_whitespace().nth(1), Some("6f"));
}

#[test]
fn registers_of_avx_512_are_put_together() {
    let bytes = linux();
    let dump = Inspector::open(&bytes, Options::default()).unwrap();
    let threads = dump.stream(&dump.find("3")[0]);
    let context = threads.get("threads").unwrap().items()[1].get("context").unwrap();
    let xstate = context.get("xstate").unwrap();
    let zmm3 = xstate.get("zmm").unwrap().get("zmm3").unwrap();
    let expected = [[0xA3; 16].as_slice(), &[0xB3; 16], &[0xD3; 32]].concat();
    assert_eq!(zmm3, &Value::Wide(expected));
    assert_eq!(xstate.get("zmm16_to_31").unwrap().get("zmm31"), Some(&Value::Wide(vec![0xEF; 64])));
    assert_eq!(xstate.get("opmask").unwrap().get("k5"), Some(&Value::Address(0xC5)));
    assert_eq!(xstate.get("pkru"), Some(&Value::Hex(0x5555_5554)));
}
