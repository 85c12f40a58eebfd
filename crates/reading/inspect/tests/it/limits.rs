//! Dumps that would have a reader spend memory.

use wer_inspect::{Inspector, Options, Value, limits, render};
use wer_synth::{Amd64, Section, Synth, Thread, put_u32};

fn stream(bytes: &[u8], wanted: &str, everything: bool) -> Value {
    let dump = Inspector::open(bytes, Options { everything }).unwrap();
    dump.stream(&dump.find(wanted)[0])
}

#[test]
fn long_lists_are_summarised() {
    let mut synth = Synth::new();
    let count = 100_000_u32;
    let list = (0..count).fold(Section::new().u32(count), |section, index| {
        section.u64(u64::from(index) << 16).u32s(&[16, 32])
    });
    synth.stream(5, list);
    let bytes = synth.finish();
    let short = stream(&bytes, "5", false);
    assert_eq!(short.get("total_bytes"), Some(&Value::Number(1_600_000)));
    assert_eq!(short.get("count"), Some(&Value::Number(100_000)));
    assert_eq!(short.get("ranges").unwrap().items().len(), limits::SHOWN_ENTRIES);
    assert_eq!(short.get("left_out"), Some(&Value::Number(99_000)));
    let long = stream(&bytes, "5", true);
    assert_eq!(long.get("ranges").unwrap().items().len(), 100_000);
    assert_eq!(long.get("left_out"), None);
}

#[test]
fn counts_that_lie_are_told() {
    let mut synth = Synth::new();
    synth.stream(24, Section::new().u32s(&[u32::MAX, 1, 0, 0]));
    synth.stream(16, Section::new().u32s(&[16, 0]).u64(u64::MAX));
    synth.stream(9, Section::new().u64s(&[u64::MAX, 0, 0x1000, u64::MAX]));
    synth.stream(12, Section::new().u32s(&[u32::MAX, u32::MAX, u32::MAX, 0]));
    let bytes = synth.finish();
    let names = stream(&bytes, "24", true);
    assert_eq!(names.get("threads").unwrap().items().len(), 1);
    assert!(matches!(names.get("missing"), Some(Value::Unreadable(_))));
    for wanted in ["16", "9", "12"] {
        assert!(stream(&bytes, wanted, true).get("missing").is_some(), "{wanted}");
    }
}

#[test]
fn one_string_that_all_point_at_is_shown_until_the_room_is_used_up() {
    let mut synth = Synth::new();
    let name = synth.string(&"x".repeat(30_000));
    let count = 10_000_u32;
    let list = (0..count).fold(Section::new().u32(count), |s, id| s.u32(id).u64(u64::from(name)));
    synth.stream(24, list);
    let value = stream(&synth.finish(), "24", true);
    let chars: usize = value
        .get("threads")
        .unwrap()
        .items()
        .iter()
        .map(|thread| match thread.get("name") {
            Some(Value::Text(name)) => name.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(chars, limits::MAX_TEXT_TOTAL_BYTES / 2);
}

#[test]
fn contexts_that_all_point_at_are_limited() {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "");
    let context = synth.add(Amd64::new(0, 0).section(), 16);
    let threads: Vec<Thread> = (0..20_000).map(|id| Thread { id, context, ..Thread::default() }).collect();
    synth.threads(&threads);
    let value = stream(&synth.finish(), "3", true);
    let threads = value.get("threads").unwrap().items();
    let set_out = threads.iter().filter(|thread| matches!(thread.get("context"), Some(Value::Record(_))));
    assert_eq!(set_out.count(), limits::MAX_CONTEXTS);
}

#[test]
fn information_of_a_handle_that_names_itself_ends() {
    let mut synth = Synth::new();
    let block = synth.add(Section::new().u32s(&[0, 6, 4, 1]), 4);
    let handle = Section::new().u32s(&[16, 40, 1, 0]).u64(4).u32s(&[0, 0, 0, 0, 1, 1, block.offset, 0]);
    synth.stream(12, handle);
    let mut bytes = synth.finish();
    put_u32(&mut bytes, block.at(), block.offset);
    let value = stream(&bytes, "12", true);
    let chain = value.get("handles").unwrap().items()[0].get("object_information").unwrap();
    assert_eq!(chain.items().len(), limits::MAX_OBJECT_INFORMATION);
}

#[test]
fn a_cut_file_is_read_as_far_as_it_goes() {
    let mut synth = Synth::new();
    synth.stream(24, Section::new().u32s(&[2, 7, 0, 0, 8, 0, 0]));
    let mut bytes = synth.finish();
    bytes.truncate(bytes.len() - 12);
    let value = stream(&bytes, "24", false);
    assert_eq!(value.get("threads").unwrap().items().len(), 1);
    assert!(render(&value).contains("12 of the stream's bytes are beyond the file's end"));
}

#[test]
fn a_stream_that_is_named_many_times_is_not_shown_each_time() {
    let mut synth = Synth::new();
    let text = synth.stream(0x4767_0009, Section::new().bytes(&vec![b'x'; 32 << 20]));
    (0..40).for_each(|_| synth.entry(0x4767_0009, text));
    let json = synth.add(Section::new().bytes(format!("[{}1]", "[],".repeat(300_000)).as_bytes()), 8);
    (0..20).for_each(|_| synth.entry(0x5745_0002, json));
    let bytes = synth.finish();
    let dump = Inspector::open(&bytes, Options { everything: true }).unwrap();
    let shown = dump.entries().iter().map(|entry| dump.stream(entry)).map(|content| match content {
        Value::Lines(text) => text.len(),
        Value::Json(_) => 300_000 * 3 * limits::JSON_MEMORY_RATIO,
        _ => 0,
    });
    let room = limits::MAX_TEXT_TOTAL_BYTES * limits::SHARES_IN_ALL;
    assert!(shown.sum::<usize>() < room + (1 << 20));
}
