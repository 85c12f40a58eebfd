//! Dumps made byte by byte, with no code of a writer in between: what the formats' documents say is what is read.

#[path = "it/accessors.rs"]
mod accessors;
#[path = "it/compressed.rs"]
mod compressed;

use std::fs;

use wer_dump::{Dump, DumpError, DumpFile, limits, registered_blocks};

/// A dump of an x86-64 Linux process with the given streams; `memory` follows them.
fn dump(streams: &[(u32, Vec<u8>)], memory: &[u8]) -> Vec<u8> {
    let mut system_info = vec![0_u8; 56];
    system_info[0..2].copy_from_slice(&9_u16.to_le_bytes());
    system_info[20..24].copy_from_slice(&0x8201_u32.to_le_bytes());
    let mut streams = streams.to_vec();
    streams.insert(0, (7, system_info));
    let mut bytes = b"MDMP\x93\xa7\0\0".to_vec();
    bytes
        .extend([u32::try_from(streams.len()).unwrap(), 32, 0, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    let mut at = 32 + 12 * streams.len();
    for (kind, stream) in &streams {
        let entry = [*kind, u32::try_from(stream.len()).unwrap(), u32::try_from(at).unwrap()];
        bytes.extend(entry.iter().flat_map(|n| n.to_le_bytes()));
        at += stream.len();
    }
    streams.iter().for_each(|(_, stream)| bytes.extend_from_slice(stream));
    bytes.extend_from_slice(memory);
    bytes
}

fn words32(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn words64(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A 64-bit memory list of one range whose bytes are the last `size` bytes of the dump.
fn with_memory(mut streams: Vec<(u32, Vec<u8>)>, address: u64, memory: &[u8]) -> Vec<u8> {
    streams.push((9, words64(&[1, 0, address, memory.len() as u64])));
    let rva = dump(&streams, &[]).len() as u64;
    streams.pop();
    streams.push((9, words64(&[1, rva, address, memory.len() as u64])));
    dump(&streams, memory)
}

/// Entries: sequence, address, size, present.
fn blocks_stream(entries: &[(u64, u64, u32, u32)]) -> Vec<u8> {
    let mut stream = words32(&[1, 16, 24, u32::try_from(entries.len()).unwrap()]);
    for (sequence, address, size, present) in entries {
        stream.extend(words64(&[*sequence, *address]));
        stream.extend(words32(&[*size, *present]));
    }
    stream
}

#[test]
fn registered_blocks_have_the_bytes_of_the_memory_list() {
    let stream = blocks_stream(&[(3, 0x1002, 4, 4), (5, 0x1008, 16, 2), (6, 0x9000, 8, 8)]);
    let bytes = with_memory(vec![(0x5745_0001, stream)], 0x1000, b"0123456789");
    let blocks = registered_blocks(&Dump::read(&bytes).unwrap());
    let seen: Vec<_> = blocks
        .iter()
        .map(|block| (block.sequence, block.address, block.size_bytes, &block.bytes[..]))
        .collect();
    assert_eq!(seen, [(3, 0x1002, 4, &b"2345"[..]), (5, 0x1008, 16, b"89"), (6, 0x9000, 8, b"")]);
}

#[test]
fn longer_headers_and_entries_are_read_and_later_versions_are_not() {
    let mut stream = words32(&[1, 20, 28, 1, 0xdead]);
    stream.extend(words64(&[1, 0x1000]));
    stream.extend(words32(&[2, 2, 0xbeef]));
    let bytes = with_memory(vec![(0x5745_0001, stream.clone())], 0x1000, b"ab");
    assert_eq!(registered_blocks(&Dump::read(&bytes).unwrap())[0].bytes, b"ab");
    stream[0] = 2;
    let bytes = with_memory(vec![(0x5745_0001, stream)], 0x1000, b"ab");
    assert_eq!(registered_blocks(&Dump::read(&bytes).unwrap()), []);
}

#[test]
fn blocks_that_lie_are_cut() {
    let many = vec![(1, 0x1000, u32::MAX, u32::MAX); 2_000];
    let bytes = with_memory(vec![(0x5745_0001, blocks_stream(&many))], 0x1000, &[1; 100]);
    let blocks = registered_blocks(&Dump::read(&bytes).unwrap());
    assert_eq!(blocks.len(), limits::MAX_BLOCKS);
    assert!(
        blocks.iter().all(|block| block.bytes == [1; 100] && block.size_bytes == limits::MAX_BLOCK_BYTES)
    );
}

#[test]
fn the_info_stream_is_read_and_its_absence_tolerated() {
    let json = br#"{"version":1,"status":"c0000005","metadata":[{"key":"k","value":"v"}]}"#.to_vec();
    let bytes = dump(&[(0x5745_0002, json)], &[]);
    let read = Dump::read(&bytes).unwrap();
    assert_eq!(read.info.unwrap().status, Some(0xc000_0005));
    let bytes = dump(&[], &[]);
    let read = Dump::read(&bytes).unwrap();
    assert!(read.info.is_none() && read.exception.is_none() && read.threads.is_empty());
    assert_eq!(registered_blocks(&read), []);
}

#[test]
fn an_exception_that_the_program_raised_is_named_by_its_code() {
    let reason = |flags: i32, parameters: u32| {
        let mut exception = words32(&[7, 0, 6, flags.cast_unsigned()]);
        exception.extend(words64(&[0, 0]));
        exception.extend(words32(&[parameters, 0]));
        exception.extend(words64(&[u64::MAX, 0, 0xE042_0001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        exception.extend(words32(&[0, 0]));
        let bytes = dump(&[(6, exception)], &[]);
        Dump::read(&bytes).unwrap().exception.unwrap().reason
    };
    assert_eq!(reason(-0x5745, 3), "0xe0420001, raised by the program (SIGABRT)");
    for other in [reason(-6, 3), reason(-0x5745, 2)] {
        assert!(other.starts_with("SIGABRT"), "{other}");
    }
}

/// `MINIDUMP_MODULE`: base, size, then rva of the name at offset 20 and size of the CodeView record at 76.
fn module(base: u64, name_rva: u32, codeview_bytes: u32) -> Vec<u8> {
    let mut module = vec![0_u8; 108];
    module[0..8].copy_from_slice(&base.to_le_bytes());
    module[8..12].copy_from_slice(&0x1000_u32.to_le_bytes());
    module[20..24].copy_from_slice(&name_rva.to_le_bytes());
    module[76..80].copy_from_slice(&codeview_bytes.to_le_bytes());
    module
}

#[test]
fn counts_and_sizes_beyond_the_limits_are_refused() {
    let limit = |bytes: &[u8]| match Dump::read(bytes) {
        Err(DumpError::Limit { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let mut streams = dump(&[], &[]);
    streams[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(limit(&streams), "number of streams");
    assert_eq!(limit(&dump(&[(3, words32(&[u32::MAX]))], &[])), "number of threads");
    assert_eq!(limit(&dump(&[(4, words32(&[u32::MAX]))], &[])), "number of modules");
    assert_eq!(limit(&dump(&[(24, words32(&[u32::MAX]))], &[])), "number of thread names");
    assert_eq!(limit(&dump(&[(5, words32(&[u32::MAX]))], &[])), "number of memory ranges");
    assert_eq!(limit(&dump(&[(9, words64(&[u64::MAX, 0]))], &[])), "number of memory ranges");

    let mut one = words32(&[1]);
    one.extend(module(0x1000, 0, 1 << 20));
    assert_eq!(limit(&dump(&[(4, one)], &[])), "module name", "the name lies at the header's \"MDMP\"");
    let mut one = words32(&[1]);
    one.extend(module(0x1000, 24, 1 << 20));
    assert_eq!(limit(&dump(&[(4, one)], &[])), "CodeView record");
    // Ten thousand modules with one long name between them.
    let at = u32::try_from(dump(&[(4, vec![0; 4 + 108 * 10_000])], &[]).len()).unwrap();
    let mut many = words32(&[10_000]);
    (0..10_000).for_each(|number| many.extend(module(number * 0x1000, at, 0)));
    let mut name = words32(&[60_000]);
    name.extend(vec![b'x'; 60_000]);
    assert_eq!(limit(&dump(&[(4, many)], &name)), "sum of names");
}

#[test]
fn modules_are_found_by_address() {
    let at = u32::try_from(dump(&[(4, vec![0; 4 + 108 * 2])], &[]).len()).unwrap();
    let mut list = words32(&[2]);
    list.extend(module(0x8000, at, 0));
    list.extend(module(0x1000, at, 0));
    let mut name = words32(&[4]);
    name.extend(b"a\0b\0");
    let bytes = dump(&[(4, list)], &name);
    let read = Dump::read(&bytes).unwrap();
    use wer_dump::Module;
    let base = |address| read.module_at(address).map(|module| module.base_address());
    assert_eq!(
        (base(0xfff), base(0x1000), base(0x1fff), base(0x2000)),
        (None, Some(0x1000), Some(0x1000), None)
    );
    assert_eq!((base(0x8fff), base(0x9000), base(u64::MAX)), (Some(0x8000), None, None));
}

#[test]
fn files_that_are_no_dumps() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(DumpFile::open(folder.path()), Err(DumpError::NotAFile(_))));
    assert!(matches!(DumpFile::open(&folder.path().join("none")), Err(DumpError::File { .. })));
    let path = folder.path().join("empty");
    fs::write(&path, b"").unwrap();
    assert!(matches!(Dump::read(DumpFile::open(&path).unwrap().bytes()), Err(DumpError::NotADump)));
    assert!(matches!(Dump::read(b"MDMP"), Err(DumpError::Damaged { .. })));
}
