//! Each kind of violation, made by changing one thing of a right dump.

use wer_check::{Kind, check};
use wer_synth::{put_u32, stream_at};

use crate::right::ours;

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Changes a right dump; the first violation must be of that kind and say that.
#[track_caller]
fn wrong(change: impl FnOnce(&mut Vec<u8>), kind: Kind, says: &str) {
    let mut bytes = ours();
    change(&mut bytes);
    let violations = check(&bytes);
    assert!(
        violations.iter().any(|violation| violation.kind == kind && violation.message.contains(says)),
        "{kind:?} {says:?} is not in {violations:#?}"
    );
}

/// Overwrites a number of a stream.
fn put(kind: u32, offset: usize, value: u32) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        let at = stream_at(bytes, kind) + offset;
        put_u32(bytes, at, value);
    }
}

/// The directory entry of a stream.
fn entry_of(bytes: &[u8], kind: u32) -> usize {
    (0..word(bytes, 8)).map(|index| 32 + index * 12).find(|at| word(bytes, *at) == kind as usize).unwrap()
}

/// Overwrites the size (1) or offset (2) of a directory entry.
fn entry(kind: u32, field: usize, value: u32) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        let at = entry_of(bytes, kind) + field * 4;
        put_u32(bytes, at, value);
    }
}

/// Overwrites a number where one of a stream points.
fn put_through(kind: u32, pointer: usize, offset: usize, value: u32) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        let target = word(bytes, stream_at(bytes, kind) + pointer);
        put_u32(bytes, target + offset, value);
    }
}

#[test]
fn header_and_directory() {
    wrong(|bytes| bytes.truncate(31), Kind::OutOfRange, "header");
    wrong(|bytes| put_u32(bytes, 0, 0), Kind::Header, "signature");
    wrong(|bytes| put_u32(bytes, 4, 1), Kind::Header, "version");
    wrong(|bytes| put_u32(bytes, 8, u32::MAX), Kind::OutOfRange, "directory");
    wrong(|bytes| put_u32(bytes, 12, u32::MAX), Kind::OutOfRange, "directory");
    let moved = |bytes: &mut Vec<u8>| {
        let end = 32 + word(bytes, 8) * 12;
        bytes.copy_within(32..end, 33);
        put_u32(bytes, 12, 33);
    };
    wrong(moved, Kind::Misaligned, "directory");
    wrong(entry(24, 2, u32::MAX - 3), Kind::OutOfRange, "stream");
    wrong(entry(24, 1, u32::MAX), Kind::OutOfRange, "stream");
    wrong(entry(0x4767_0001, 2, 1_001), Kind::Misaligned, "stream");
    wrong(entry(24, 0, 0x5800_0000), Kind::Order, "directory");
    wrong(entry(24, 0, 22), Kind::Duplicate, "two streams of type 0x16");
    wrong(entry(8, 0, 9), Kind::Duplicate, "64-bit");
    wrong(entry(24, 0, 0), Kind::Header, "unused");
    wrong(|bytes| entry(24, 2, 32)(bytes), Kind::Overlap, "lies on");
}

#[test]
fn counts_and_sizes() {
    for (kind, says) in
        [(3, "thread list"), (4, "module list"), (5, "memory list"), (8, "extended thread"), (24, "names")]
    {
        let says = if kind == 24 { "thread name list" } else { says };
        wrong(put(kind, 0, 77), Kind::Count, says);
    }
    for (kind, says) in
        [(12, "handle"), (14, "unloaded"), (16, "memory info"), (17, "thread info"), (18, "operation")]
    {
        wrong(put(kind, 0, 4), Kind::Count, says);
        wrong(put(kind, 4, 9), Kind::Count, says);
        wrong(put(kind, 8, 77), Kind::Count, says);
    }
    for kind in [0x5745_0001, 0x5745_0003] {
        wrong(put(kind, 4, 12), Kind::Count, "header");
        wrong(put(kind, 8, 12), Kind::Count, "header");
        wrong(put(kind, 12, 77), Kind::Count, "77 entries");
        wrong(put(kind, 0, 2), Kind::Value, "version 2");
    }
    wrong(entry(6, 1, 160), Kind::Count, "exception");
    wrong(entry(7, 1, 48), Kind::Count, "system info");
    wrong(put(15, 0, 1_000), Kind::Count, "misc info");
    wrong(put(15, 0, 832), Kind::Count, "misc info");
    wrong(entry(21, 1, 400), Kind::Count, "system memory");
    wrong(entry(22, 1, 100), Kind::Count, "counters");
    wrong(put(22, 0, 1), Kind::Value, "revision");
    wrong(entry(0x4767_0001, 1, 8), Kind::Count, "Breakpad");
    wrong(entry(0x4767_0002, 1, 8), Kind::Count, "assertion");
    wrong(entry(0x4767_0008, 1, 31), Kind::Count, "auxiliary");
    wrong(entry(0x4767_000A, 1, 37), Kind::Count, "loader");
    wrong(entry(0x4350_0001, 1, 40), Kind::Count, "Crashpad");
    wrong(put(13, 0, 8), Kind::Count, "function table");
    wrong(put(13, 16, 2), Kind::Count, "function table");
    wrong(put(13, 24 + 24, 9), Kind::Count, "function table");
    wrong(put(19, 0, 9), Kind::Count, "token");
    wrong(put(19, 4, 2), Kind::Count, "token");
    wrong(put(19, 16, 8), Kind::Count, "token");
    wrong(put_through(0x4350_0001, 40, 0, 9), Kind::Count, "dictionary");
    wrong(put_through(0x4350_0001, 48, 0, 9), Kind::Count, "modules");
}

#[test]
fn texts() {
    wrong(put_through(4, 4 + 20, 0, 7), Kind::String, "7 bytes");
    wrong(put_through(4, 4 + 20, 0, u32::MAX - 1), Kind::String, "bytes");
    wrong(put_through(4, 4 + 20, 0, 22), Kind::Terminator, "string");
    wrong(put(4, 4 + 20, u32::MAX), Kind::OutOfRange, "string");
    wrong(put(4, 4 + 20, 41), Kind::Misaligned, "string");
    wrong(put(14, 12 + 20, 0x0FFF_FFFC), Kind::OutOfRange, "string");
    wrong(put(24, 4 + 8, 1), Kind::OutOfRange, "string");
    wrong(put(12, 16 + 8, 0x0FFF_FFFC), Kind::OutOfRange, "string");
    wrong(put(0x5745_0003, 16 + 56, 0x0FFF_FFFC), Kind::OutOfRange, "string");
    wrong(put_through(0x4767_000A, 4, 8, 0x0FFF_FFFC), Kind::OutOfRange, "string");
    wrong(entry(11, 1, 14), Kind::Terminator, "comment");
    wrong(entry(11, 1, 15), Kind::String, "comment");
    wrong(entry(10, 1, 4), Kind::Terminator, "comment");
    let fill = |kind, from: usize, to: usize| {
        move |bytes: &mut Vec<u8>| {
            let at = stream_at(bytes, kind);
            bytes[at + from..at + to].fill(b'x');
        }
    };
    wrong(fill(15, 232, 752), Kind::Terminator, "build string");
    wrong(fill(15, 752, 832), Kind::Terminator, "debug build string");
    wrong(fill(15, 64, 128), Kind::Terminator, "standard time");
    wrong(fill(15, 148, 212), Kind::Terminator, "daylight time");
    wrong(fill(0x4767_0002, 256, 512), Kind::Terminator, "function");
    wrong(put(0x4767_0008, 16, 5), Kind::Terminator, "auxiliary");
    let crashpad_key = |bytes: &[u8]| {
        let dictionary = word(bytes, stream_at(bytes, 0x4350_0001) + 40);
        word(bytes, dictionary + 4)
    };
    wrong(
        |bytes| {
            let at = crashpad_key(bytes);
            put_u32(bytes, at, 2)
        },
        Kind::Terminator,
        "string",
    );
    wrong(
        |bytes| {
            let at = crashpad_key(bytes);
            bytes[at + 4] = 0xFF
        },
        Kind::String,
        "UTF-8",
    );
    wrong(
        |bytes| {
            let at = crashpad_key(bytes);
            put_u32(bytes, at, u32::MAX)
        },
        Kind::String,
        "bytes",
    );
}

#[test]
fn memory_and_mappings() {
    wrong(put(5, 4, 0x9000_0000), Kind::Order, "memory list");
    wrong(put(5, 4 + 8, 0), Kind::Memory, "empty");
    wrong(put(5, 4 + 12, u32::MAX), Kind::OutOfRange, "memory");
    wrong(put(5, 20, 0x40_0008), Kind::Memory, "twice");
    wrong(put(5, 20 + 12, 32), Kind::Overlap, "memory");
    wrong(put(3, 4 + 24, 0x1000), Kind::Stack, "0x1000");
    wrong(put(3, 4 + 24 + 8, 17), Kind::Stack, "stack");
    wrong(put(3, 4 + 24 + 12, 64), Kind::Stack, "stack");
    wrong(put(8, 4 + 24, 0x1000), Kind::Stack, "0x1000");
    wrong(put(16, 16 + 24, 0), Kind::Memory, "empty");
    wrong(put(16, 16 + 48, 0x40_0800), Kind::Order, "mapping");
    wrong(put(16, 16 + 32, 5), Kind::Value, "state 0x5");
    wrong(put(0x5745_0001, 16 + 8, 0x1000), Kind::Memory, "registered");
    wrong(put(0x5745_0001, 16 + 20, 9), Kind::Value, "registered");
    wrong(put(0x5745_0001, 16 + 16, 65_537), Kind::Value, "registered");
}

#[test]
fn the_64_bit_list() {
    let make = |ranges: &[(u64, &[u8])], change: fn(&mut Vec<u8>)| {
        let mut synth = wer_synth::Synth::new();
        synth.memory64(ranges);
        let mut bytes = synth.finish();
        change(&mut bytes);
        check(&bytes)
    };
    let ranges: &[(u64, &[u8])] = &[(0x2000, b"second"), (0x1000, b"first")];
    assert_eq!(make(ranges, |_| {}), []);
    let kind = |change: fn(&mut Vec<u8>)| make(ranges, change).first().map(|violation| violation.kind);
    assert_eq!(kind(|bytes| put(9, 0, 3)(bytes)), Some(Kind::Count));
    assert_eq!(kind(|bytes| put(9, 4, 1)(bytes)), Some(Kind::Count));
    assert_eq!(kind(|bytes| put(9, 8, 0x7FFF_FFFF)(bytes)), Some(Kind::OutOfRange));
    assert_eq!(kind(|bytes| put(9, 16, 0x1001)(bytes)), Some(Kind::Memory));
    assert_eq!(kind(|bytes| put(9, 16 + 12, 1)(bytes)), Some(Kind::OutOfRange));
}

#[test]
fn contexts() {
    wrong(put(3, 4 + 40, 1_231), Kind::Context, "1231 bytes");
    wrong(put(3, 4 + 40, 1_300), Kind::Context, "without the flag");
    wrong(put(3, 4 + 44, 33), Kind::Misaligned, "context");
    wrong(put(3, 4 + 44, u32::MAX - 15), Kind::OutOfRange, "context");
    wrong(put_through(3, 4 + 44, 0x30, 0x0001_0007), Kind::Context, "flags");
    wrong(put_through(3, 4 + 44, 0x30, 0x0010_0047), Kind::Context, "none behind it");
    wrong(put(6, 160, 1_231), Kind::Context, "bytes");
    wrong(put(6, 0, 8), Kind::Context, "not that of thread 8");
    wrong(put(6, 0, 9), Kind::Value, "thread 9");
    wrong(put(6, 32, 16), Kind::Value, "parameters");
    let second = 4 + 48 + 44;
    wrong(put_through(3, second, 1_232, 0), Kind::Context, "does not cover");
    wrong(put_through(3, second, 1_232 + 12, 9), Kind::Context, "does not cover");
    wrong(put_through(3, second, 1_232 + 16, 0), Kind::Context, "not within");
    wrong(put_through(3, second, 1_232 + 16, 0x7FFF_FFFF), Kind::Context, "not within");
    wrong(put_through(3, second, 1_232 + 20, 9), Kind::Context, "not within");
    wrong(put_through(3, second, 1_280, 0x8_02E7), Kind::Context, "does not name");
    wrong(put_through(3, second, 1_288, 1), Kind::Context, "compaction");
}

#[test]
fn values_and_what_is_there_twice() {
    wrong(put(7, 0, 12), Kind::Value, "AMD64");
    wrong(put(7, 20, 2), Kind::Value, "Linux");
    wrong(put(4, 4 + 24, 1), Kind::Value, "version");
    let last_page = |bytes: &mut Vec<u8>| {
        put(4, 4, u32::MAX)(bytes);
        put(4, 4 + 4, u32::MAX)(bytes);
    };
    wrong(last_page, Kind::Value, "wraps");
    wrong(put_through(4, 4 + 80, 0, 0x5344_5352), Kind::Value, "BpEL");
    wrong(put(4, 4 + 80, u32::MAX), Kind::OutOfRange, "debug record");
    wrong(put(3, 4 + 48, 7), Kind::Duplicate, "thread 7");
    wrong(put(17, 12 + 64, 7), Kind::Duplicate, "thread 7");
    wrong(put(24, 4 + 12, 7), Kind::Duplicate, "thread 7");
    wrong(put(15, 832, 9), Kind::Count, "528");
    // AVX (2) and the opmask (5) at one place.
    let both = |bytes: &mut Vec<u8>| {
        put(15, 832 + 16 + 5 * 8, 600)(bytes);
        put(15, 832 + 16 + 5 * 8 + 4, 64)(bytes);
    };
    wrong(both, Kind::Overlap, "extended state");
    wrong(put(0x5745_0002, 0, 0x2020_2020), Kind::Value, "JSON");
    wrong(put(19, 32, 0x2020_2020), Kind::Value, "Linux token");
    wrong(put(0x4350_0001, 0, 0), Kind::Value, "version 0");
    wrong(put(0x5745_0003, 16, 4), Kind::Duplicate, "descriptor 4");
    wrong(put(0x5745_0003, 16 + 8, 13), Kind::Value, "kind 13");
    // A handle's information that names itself lies on itself, and has no end.
    let endless = |bytes: &mut Vec<u8>| {
        let block = word(bytes, stream_at(bytes, 12) + 16 + 32);
        put_u32(bytes, block, u32::try_from(block).unwrap());
    };
    wrong(endless, Kind::Value, "no end");
    wrong(endless, Kind::Overlap, "object information");
}
