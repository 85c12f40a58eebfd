//! The streams that only some dumps have, read back by numbers at offsets and by the `minidump` crate.

use minidump::{
    Minidump, MinidumpCrashpadInfo, MinidumpHandleDataStream, MinidumpUnloadedModuleList, Module,
};
use wer_minidump::DumpOptions;
use wer_model::ReportId;
use wer_snapshot::{ProcessSnapshot, RegistrationKind};

use crate::callbacks::options;
use crate::fake::*;
use crate::raw::{Raw, dump_with};

fn rich_dump(flags: u64) -> (Raw, ProcessSnapshot) {
    let (snapshot, memory) = rich();
    (dump_with(&snapshot, &memory, &options(flags)).raw, snapshot)
}

#[test]
fn handles_are_there_for_windows_readers_and_for_ours() {
    let (raw, snapshot) = rich_dump(0x4);
    let (at, size) = raw.stream(12);
    assert_eq!([raw.u32(at), raw.u32(at + 4), raw.u32(at + 8), raw.u32(at + 12)], [16, 40, 4, 0]);
    assert_eq!(size, 16 + 4 * 40);
    let text = |rva: u32| raw.string(rva as usize);
    let entry = |index: usize| at + 16 + 40 * index;
    let read: Vec<_> = (0..4)
        .map(entry)
        .map(|at| {
            (raw.u64(at), text(raw.u32(at + 8)), text(raw.u32(at + 12)), raw.u32(at + 16), raw.u32(at + 20))
        })
        .collect();
    let expected = [
        (0, "CharacterDevice", "/dev/null", 0, 0x12_0089),
        (3, "File", "/home/user/letter.txt", 2, 0x12_019F),
        (9, "File", "/tmp/out", 2, 0x12_0116),
        (12, "Socket", "socket:[123]", 2, 0x12_019F),
    ];
    let expected =
        expected.map(|(n, kind, name, flags, access)| (n, kind.to_owned(), name.to_owned(), flags, access));
    assert_eq!(read, expected);
    assert_eq!(raw.u32(entry(1) + 8), raw.u32(entry(2) + 8), "a type's name is there once");

    let (at, size) = raw.stream(0x5745_0003);
    assert_eq!([raw.u32(at), raw.u32(at + 4), raw.u32(at + 8), raw.u32(at + 12)], [1, 16, 64, 4]);
    assert_eq!(size, 16 + 4 * 64);
    let socket = at + 16 + 3 * 64;
    assert_eq!((raw.u64(socket), raw.u32(socket + 8), raw.u32(socket + 12)), (12, 5, 2));
    assert_eq!(
        (raw.u64(socket + 16), raw.u32(socket + 24), raw.u64(socket + 32)),
        (77, 0o100_644, 8 << 32 | 1)
    );
    assert_eq!((raw.u64(socket + 40), raw.u64(socket + 48)), (4711, 1234));
    assert_eq!(text(raw.u32(socket + 56)), "socket:[123]");
    assert_eq!(text(raw.u32(socket + 60)), snapshot.handles[3].peer);
    assert_eq!(raw.u32(at + 16 + 60), 0, "no peer");

    let read = Minidump::read(&raw.0[..]).unwrap();
    let handles = read.get_stream::<MinidumpHandleDataStream>().unwrap();
    assert_eq!(handles.handles.len(), 4);
    assert_eq!(handles.handles[1].object_name.as_deref(), Some("/home/user/letter.txt"));
}

#[test]
fn unloaded_modules_are_named() {
    let (raw, _) = rich_dump(0x20);
    let (at, size) = raw.stream(14);
    assert_eq!(([raw.u32(at), raw.u32(at + 4), raw.u32(at + 8)], size), ([12, 24, 1], 36));
    let read = Minidump::read(&raw.0[..]).unwrap();
    let modules = read.get_stream::<MinidumpUnloadedModuleList>().unwrap();
    let gone = modules.modules_at_address(0x7f60_0000_4fff).next().unwrap();
    assert_eq!(
        (&*gone.code_file(), gone.base_address(), gone.size()),
        ("/lib/libgone.so", 0x7f60_0000_0000, 0x5000)
    );
}

#[test]
fn the_token_is_json_in_windows_container() {
    let (raw, _) = rich_dump(0x4_0000);
    let (at, size) = raw.stream(19);
    assert_eq!([raw.u32(at), raw.u32(at + 4), raw.u32(at + 8), raw.u32(at + 12)], [size as u32, 1, 16, 16]);
    assert_eq!((raw.u32(at + 16), raw.u32(at + 20)), (size as u32 - 16, 0x8000_0001));
    let token: serde_json::Value = serde_json::from_slice(&raw.0[at + 32..at + size]).unwrap();
    assert_eq!(token["uids"], serde_json::json!([1000, 1000, 1000, 1000]));
    assert_eq!(token["groups"], serde_json::json!([4, 24]));
    assert_eq!(token["capabilities"]["bounding"], "000001ffffffffff");
    assert_eq!(token["capabilities"]["effective"], "0000000000000000");
    assert_eq!((&token["no_new_privileges"], &token["seccomp"]), (&true.into(), &2.into()));
    assert_eq!(token["namespaces"]["pid"], 4026531836_u64);
    assert_eq!(token["security_label"], "unconfined");
}

#[test]
fn threads_have_times_start_and_affinity() {
    let (raw, _) = rich_dump(0x1000);
    let at = raw.entry(17, 12, 64, WORKER).unwrap();
    assert_eq!((raw.u32(at + 4), raw.u32(at + 8), raw.u32(at + 12)), (0, 0, 259));
    assert_eq!(raw.u64(at + 16), (1_700_000_001 + 11_644_473_600) * 10_000_000);
    assert_eq!((raw.u64(at + 24), raw.u64(at + 32), raw.u64(at + 40)), (0, 340_000, 120_000));
    assert_eq!((raw.u64(at + 48), raw.u64(at + 56)), (LIBRARY + 0x100, 0b101));
    assert_eq!(raw.u32(raw.entry(17, 12, 64, 102).unwrap() + 4), 0x10);
}

#[test]
fn the_extended_thread_list_is_the_thread_list_with_room_for_more() {
    let (snapshot, memory) = rich();
    let wanted = DumpOptions { extended_thread_list: true, ..options(0) };
    let raw = dump_with(&snapshot, &memory, &wanted).raw;
    let ((plain, _), (extended, size)) = (raw.stream(3), raw.stream(8));
    assert_eq!((raw.u32(extended), size), (3, 4 + 3 * 64));
    for index in 0..3 {
        let (plain, extended) = (plain + 4 + 48 * index, extended + 4 + 64 * index);
        assert_eq!(raw.0[plain..plain + 48], raw.0[extended..extended + 48]);
        assert_eq!(raw.0[extended + 48..extended + 64], [0; 16]);
    }
    assert!(rich_dump(0).0.find(8).is_none());
}

#[test]
fn memory_use_is_in_pages_and_bytes() {
    let (raw, _) = rich_dump(0);
    let (at, size) = raw.stream(22);
    assert_eq!((raw.u16(at), raw.u16(at + 2), raw.u32(at + 4), size), (2, 7, 11, 152));
    let words: Vec<u64> = [8, 16, 56, 72, 80, 88].map(|offset| raw.u64(at + offset) >> 12).to_vec();
    assert_eq!(words, [14, 15, 16, 12, 13, 16]);

    let (at, size) = raw.stream(21);
    assert_eq!((raw.u16(at), size), (1, 492));
    assert_eq!([raw.u32(at + 8), raw.u32(at + 12), raw.u32(at + 24)], [4096, 21, 4096]);
    assert_eq!((raw.u64(at + 44), raw.u32(at + 52)), (0b11, 2));
    assert_eq!(raw.u64(at + 56), 23 << 12);
    assert_eq!([raw.u64(at + 116), raw.u64(at + 124), raw.u64(at + 132)], [22, 26, 27]);
    let counter = |index: usize| raw.u32(at + 180 + 4 * index);
    assert_eq!([3, 4, 5, 7, 12, 20, 21, 33].map(counter), [22, 26, 27, 28, 29, 25, 5, 23]);
    assert_eq!((raw.u64(at + 460), raw.u64(at + 476)), (24, 22));
}

#[test]
fn crashpads_readers_find_report_and_metadata() {
    let (mut snapshot, memory) = rich();
    register(
        &mut snapshot,
        [RegistrationKind::Metadata { key: "channel".into(), value: "nightly ü".into() }],
    );
    let id: ReportId = "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
    let wanted = DumpOptions { report_id: Some(id), ..options(0) };
    let raw = dump_with(&snapshot, &memory, &wanted).raw;
    let read = Minidump::read(&raw.0[..]).unwrap();
    let info = read.get_stream::<MinidumpCrashpadInfo>().unwrap();
    assert_eq!(info.raw.version, 1);
    assert_eq!(info.raw.report_id.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!(info.raw.client_id.to_string(), "00000000-0000-0000-0000-000000000000");
    assert_eq!(info.simple_annotations["channel"], "nightly ü");
    assert_eq!(info.simple_annotations["wer.status"], "c0000005");
    assert_eq!(info.simple_annotations["wer.program"], "app");
    assert!(info.module_list.is_empty());
    assert_eq!(raw.stream(0x4350_0001).1, 64);
}

#[test]
fn comments_come_in_both_forms() {
    let (snapshot, memory) = rich();
    let wanted = DumpOptions {
        comment: Some("wide €".to_owned()),
        comment_ansi: Some("narrow".to_owned()),
        ..options(0)
    };
    let raw = dump_with(&snapshot, &memory, &wanted).raw;
    assert_eq!(raw.bytes(10), b"narrow\0");
    let wide: Vec<u8> = "wide €\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(raw.bytes(11), wide);
}

#[test]
fn the_environment_comes_only_when_asked_for() {
    let (mut snapshot, mut memory) = rich();
    let (arguments, name) = (MAIN_STACK_END - 0x200, MAIN_STACK_END - 0x18);
    memory.put(arguments, &vec![0; 0x200]);
    let mut strings = b"/opt/app\0--fast\0".to_vec();
    strings.extend(b"HOME=/home/user\0TOKEN=hunter2\0");
    let start = name - strings.len() as u64;
    memory.put(start, &strings);
    memory.put(name, b"/opt/app\0");
    snapshot.process.auxv = vec![(31, name)];
    let wanted = DumpOptions { environment: true, ..options(0) };
    let dumped = dump_with(&snapshot, &memory, &wanted);
    assert_eq!(dumped.raw.bytes(0x4767_0007), b"HOME=/home/user\0TOKEN=hunter2\0");
    assert!(dump_with(&snapshot, &memory, &options(0)).raw.find(0x4767_0007).is_none());
    memory.put(start, b"new title");
    let dumped = dump_with(&snapshot, &memory, &wanted);
    assert!(dumped.raw.find(0x4767_0007).is_none());
    assert!(dumped.summary.soft_errors.iter().any(|error| error.message.contains("environment")));
}

#[test]
fn a_stream_that_nothing_was_captured_for_is_empty_or_absent() {
    let (snapshot, memory) = crashed();
    let raw = dump_with(&snapshot, &memory, &options(0x4_1024)).raw;
    assert_eq!((raw.stream(12).1, raw.stream(14).1), (16, 12));
    assert!([19, 21, 22].iter().all(|kind| raw.find(*kind).is_none()));
}
