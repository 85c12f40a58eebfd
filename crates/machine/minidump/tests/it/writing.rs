//! The caller's own I/O, and outputs of other kinds.

use std::io::Cursor;

use wer_copy::{Continue, Output};
use wer_minidump::{
    CallbackInput, CallbackOutput, DumpError, DumpOptions, NoCallbacks, OutputValue, SharedCallbacks,
    UserStream, plan_with,
};
use wer_snapshot::RegionKind;

use crate::callbacks::{options, script};
use crate::fake::*;
use crate::raw::{dump_asking, dump_with};

/// What a caller wrote, where and how much at a time, whether there is a dump, and what a plain file holds.
type Written = (Vec<u8>, Vec<(u64, usize)>, Result<(), DumpError>, Vec<u8>);

/// Writes what it is given into memory, and gives up at the write with this number.
fn write_through(dump: &DumpOptions, vast: bool, gives_up_at: usize, finishes: i32) -> Written {
    let (mut snapshot, mut memory) = rich();
    if vast {
        let (start, end) = (0x7f50_0000_0000, 0x7f50_0000_0000 + (36 << 20));
        let at = snapshot.regions.partition_point(|region| region.start < start);
        snapshot.regions.insert(at, region(start, end, "rw-p", RegionKind::Anonymous));
        memory.fill(start, end);
    }
    let (mut file, mut writes) = (Vec::new(), Vec::new());
    let mut io = script(|input: &mut CallbackInput<'_>, preset| match input {
        CallbackInput::IoStart => CallbackOutput::accept(OutputValue::Status(1)),
        CallbackInput::IoWriteAll { offset, bytes } => {
            writes.push((*offset, bytes.len()));
            if writes.len() == gives_up_at {
                return CallbackOutput::accept(OutputValue::Status(-99));
            }
            let end = *offset as usize + bytes.len();
            file.resize(file.len().max(end), 0);
            file[*offset as usize..end].copy_from_slice(bytes);
            CallbackOutput::accept(OutputValue::Status(0))
        }
        CallbackInput::IoFinish => CallbackOutput::accept(OutputValue::Status(finishes)),
        _ => preset,
    });
    let shared = SharedCallbacks::new(&mut io);
    let made = (|| {
        let plan = plan_with(&snapshot, &memory, dump, &mut &shared)?;
        assert!(plan.writes_through_callbacks());
        let mut writer = shared.io();
        let mut output = Output::custom(&mut writer);
        let copied = plan.copy_to(&memory, &mut output, &mut |_, _| Continue::Yes, &mut &shared)?;
        copied.write_to(&snapshot, &mut output, &mut &shared).map(|_| ())
    })();
    let plain = dump_with(&snapshot, &memory, dump).raw.0;
    (file, writes, made, plain)
}

#[test]
fn what_goes_through_the_caller_is_the_file() {
    for (dump, vast) in [(options(0x4_0121), false), (options(0x5_1B25), false), (options(0x5_1B25), true)] {
        let (file, writes, made, plain) = write_through(&dump, vast, 0, 0);
        made.unwrap();
        assert!(file == plain, "the same bytes");
        assert_eq!(writes.last(), Some(&(0, 32)), "the header, last");
        assert!(writes[..writes.len() - 1].iter().all(|(offset, _)| *offset >= 32));
    }
}

#[test]
fn a_caller_that_cannot_write_ends_the_dump() {
    for vast in [false, true] {
        let (_, writes, made, _) = write_through(&options(0x5_1B25), vast, 0, 0);
        made.unwrap();
        for at in (1..=writes.len()).step_by(if vast { 12 } else { 1 }) {
            let (file, _, made, _) = write_through(&options(0x5_1B25), vast, at, 0);
            assert_eq!(made.map_err(|error| error.hresult()), Err(-99), "write {at}");
            assert!(!file.starts_with(b"MDMP"));
        }
    }
}

#[test]
fn a_caller_that_cannot_finish_has_no_dump() {
    let (_, _, made, _) = write_through(&options(0), false, 0, -5);
    assert_eq!(made.map_err(|error| error.hresult()), Err(-5));
    let (_, _, made, _) = write_through(&options(0), false, 0, 1);
    assert_eq!(made.map_err(|error| error.hresult() as u32), Err(0x8000_4005), "S_FALSE is no success");
}

#[test]
fn dumps_are_the_same_when_compressed() {
    let (snapshot, memory) = rich();
    let file = tempfile::tempfile().unwrap();
    let wanted = DumpOptions { flags: 0x5_1826 | 0x400_0000, ..DumpOptions::default() };
    assert!(wanted.wants_compression() && !options(0x5_1826).wants_compression());
    let mut output = Output::compressed(&file, 1);
    let go_on = &mut |_, _| Continue::Yes;
    let plan = plan_with(&snapshot, &memory, &wanted, &mut NoCallbacks).unwrap();
    let copied = plan.copy_to(&memory, &mut output, go_on, &mut NoCallbacks).unwrap();
    copied.write_to(&snapshot, &mut output, &mut NoCallbacks).unwrap();
    let mut compressed = Vec::new();
    std::io::Seek::rewind(&mut &file).unwrap();
    std::io::Read::read_to_end(&mut &file, &mut compressed).unwrap();
    let unpacked = zstd::decode_all(Cursor::new(&compressed)).unwrap();
    assert!(unpacked == dump_with(&snapshot, &memory, &wanted).raw.0);
    assert!(compressed.len() < unpacked.len());
}

#[test]
fn progress_can_stop_a_dump() {
    let (snapshot, memory) = rich();
    let file = tempfile::tempfile().unwrap();
    let plan = plan_with(&snapshot, &memory, &options(0x5_1826), &mut NoCallbacks).unwrap();
    let total = plan.memory_bytes();
    let mut told = Vec::new();
    let stop = &mut |done, all| {
        told.push((done, all));
        Continue::Cancel
    };
    let stopped = plan.copy_to(&memory, &mut Output::file(&file), stop, &mut NoCallbacks);
    assert_eq!(stopped.unwrap_err().hresult() as u32, 0x8007_04C7);
    assert_eq!((told, file.metadata().unwrap().len()), (vec![(0, total)], 0));
}

#[test]
fn any_number_of_user_streams_finds_room() {
    let (snapshot, memory) = rich();
    for count in [1_u32, 33, 500] {
        let streams = (0..count).map(|index| UserStream {
            stream_type: 0x1_0000 + index,
            bytes: vec![index as u8; index as usize % 7],
        });
        let wanted = DumpOptions { user_streams: streams.collect(), ..options(0x5_1B25) };
        let dumped = dump_asking(&snapshot, &memory, &wanted, &mut NoCallbacks).unwrap();
        for stream in &wanted.user_streams {
            assert_eq!(dumped.raw.bytes(stream.stream_type), stream.bytes);
        }
        assert!(dumped.summary.streams > count as usize + 20);
        assert!(minidump::Minidump::read(&dumped.raw.0[..]).is_ok());
    }
    let unused =
        DumpOptions { user_streams: vec![UserStream { stream_type: 0, bytes: vec![1] }], ..options(0) };
    assert!(unused.check().is_err());
    let many = vec![UserStream { stream_type: 0x1_0000, bytes: Vec::new() }; 4097];
    assert!(DumpOptions { user_streams: many, ..options(0) }.check().is_err());
}
