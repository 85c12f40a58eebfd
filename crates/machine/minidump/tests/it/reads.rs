//! Callbacks that see reads: serving, altering, failing.

use wer_minidump::{CallbackInput, CallbackOutput, NoCallbacks, OutputValue};

use crate::callbacks::{failure, options, script};
use crate::fake::*;
use crate::raw::dump_asking;

const SECRET: &[u8] = b"card 4711-0815-4242";
const UNREADABLE: i32 = 0x8007_012B_u32 as i32;

fn watch(preset: CallbackOutput) -> CallbackOutput {
    CallbackOutput { value: OutputValue::Status(1), ..preset }
}

#[test]
fn every_read_can_be_redacted() {
    let (snapshot, mut memory) = rich();
    for place in [HEAP + 0x80, MAIN_STACK + 0x2_0010, DATA + 0x20, LIBRARY_DATA + 0x10] {
        memory.put(place, SECRET);
    }
    for flags in [0x0, 0x4_0121, 0x5_1B25, 0x5_1826, 0x48] {
        let mut redact = script(|input: &mut CallbackInput<'_>, preset| match input {
            CallbackInput::VmStart => watch(preset),
            CallbackInput::VmPostRead { buffer, completed, .. } => {
                let read = &mut buffer[..*completed];
                while let Some(at) = read.windows(SECRET.len()).position(|window| window == SECRET) {
                    read[at..at + SECRET.len()].fill(b'*');
                }
                preset
            }
            _ => preset,
        });
        let dumped = dump_asking(&snapshot, &memory, &options(flags), &mut redact).unwrap();
        assert!(!dumped.raw.holds(b"4711-0815"), "{flags:#x}");
        let reads = |number| redact.asked.iter().filter(|asked| **asked == number).count();
        assert!(reads(20) > 0 && reads(19) == reads(20));
    }
    let plain = dump_asking(&snapshot, &memory, &options(0x5_1B25), &mut NoCallbacks).unwrap();
    assert!(plain.raw.holds(SECRET));
}

#[test]
fn a_caller_can_serve_all_memory() {
    let (snapshot, memory) = rich();
    let mut serve = script(|input: &mut CallbackInput<'_>, preset| match input {
        CallbackInput::VmStart => watch(preset),
        CallbackInput::VmPreRead { address, buffer } => {
            // Never more than a page at once: the rest is asked for again.
            let count = buffer.len().min(4096);
            buffer[..count].iter_mut().zip(*address..).for_each(|(byte, at)| *byte = byte_at(at) ^ 0xFF);
            CallbackOutput::accept(OutputValue::VmRead { status: 0, completed: count as u32 })
        }
        _ => preset,
    });
    memory.reads.set(0);
    let dumped = dump_asking(&snapshot, &memory, &options(0x5_1826), &mut serve).unwrap();
    assert_eq!(memory.reads.get(), 0);
    let heap = dumped.raw.memory(HEAP, 0x1_0000).unwrap();
    assert!(heap.iter().zip(HEAP..).all(|(byte, at)| *byte == byte_at(at) ^ 0xFF));
}

#[test]
fn what_a_caller_fails_to_alter_is_zero() {
    let (snapshot, memory) = rich();
    let mut fail = script(|input: &mut CallbackInput<'_>, preset| match input {
        CallbackInput::VmStart => watch(preset),
        CallbackInput::VmPostRead { address: HEAP, .. } => {
            CallbackOutput::accept(OutputValue::VmRead { status: -1, completed: 0 })
        }
        CallbackInput::VmPostRead { address: SHARED, .. } => CallbackOutput::refuse(),
        _ => preset,
    });
    let dumped = dump_asking(&snapshot, &memory, &options(0x5_1826), &mut fail).unwrap();
    let is_zero = |address| dumped.raw.memory(address, 0x1000).unwrap().iter().all(|byte| *byte == 0);
    assert_eq!([HEAP, SHARED, LIBRARY].map(is_zero), [true, true, false]);
}

#[test]
fn excluded_bytes_are_never_shown_and_stay_zero() {
    let (mut snapshot, mut memory) = rich();
    for place in [HEAP + 0x80, STACK + 0xE200] {
        memory.put(place, SECRET);
        register(&mut snapshot, [excluded(place, SECRET.len() as u32)]);
    }
    let mut seen = false;
    let mut nosy = script(|input: &mut CallbackInput<'_>, preset| match input {
        CallbackInput::VmStart => watch(preset),
        CallbackInput::VmPostRead { buffer, .. } => {
            seen |= buffer.windows(9).any(|window| window == b"4711-0815");
            buffer.fill(7);
            preset
        }
        _ => preset,
    });
    let dumped = dump_asking(&snapshot, &memory, &options(0x5_1B75), &mut nosy).unwrap();
    assert_eq!(dumped.raw.memory(HEAP + 0x80, SECRET.len() as u64).unwrap(), [0; 19]);
    assert_eq!(dumped.raw.memory(HEAP + 0x70, 16).unwrap(), [7; 16]);
    assert!(!seen);
}

#[test]
fn memory_that_cannot_be_read_is_the_callers_decision() {
    let (snapshot, mut memory) = rich();
    memory.remove(HEAP + 0x3000, HEAP + 0x5000);
    let mut asked = Vec::new();
    let mut lenient = script(|input: &mut CallbackInput<'_>, preset| {
        if let CallbackInput::ReadMemoryFailure { offset, bytes, status } = input {
            asked.push((*offset, *bytes, *status));
        }
        preset
    });
    let dumped = dump_asking(&snapshot, &memory, &options(0x5_1826), &mut lenient).unwrap();
    assert!(dumped.raw.memory(HEAP + 0x5000, 16).is_some());
    assert_eq!(asked, [(HEAP + 0x3000, 0x2000, UNREADABLE)]);
    for (answer, expected) in [
        (CallbackOutput::refuse(), UNREADABLE),
        (CallbackOutput::accept(OutputValue::Status(-7)), -7),
        (CallbackOutput::accept(OutputValue::Status(1)), UNREADABLE),
    ] {
        let mut strict = script(move |input: &mut CallbackInput<'_>, preset| match input {
            CallbackInput::ReadMemoryFailure { .. } => answer,
            _ => preset,
        });
        let made = dump_asking(&snapshot, &memory, &options(0x5_1826), &mut strict);
        assert_eq!(made.map(|_| ()).map_err(|error| error.hresult()), Err(expected));
    }
}

#[test]
fn the_strict_flag_wants_all_memory_and_a_caller_may_still_forgive() {
    let (snapshot, mut memory) = rich();
    let strict = options(0x200_0002);
    assert!(dump_asking(&snapshot, &memory, &strict, &mut NoCallbacks).is_ok());
    memory.remove(HEAP + 0x3000, HEAP + 0x5000);
    let made = dump_asking(&snapshot, &memory, &strict, &mut NoCallbacks);
    assert_eq!(made.map(|_| ()).map_err(|error| error.hresult()), Err(UNREADABLE));
    let mut forgive = script(|input: &mut CallbackInput<'_>, preset| match input {
        CallbackInput::ReadMemoryFailure { .. } => CallbackOutput::accept(OutputValue::Status(0)),
        _ => preset,
    });
    assert!(dump_asking(&snapshot, &memory, &strict, &mut forgive).is_ok());
}

#[test]
fn flags_that_exclude_each_other_are_refused_before_anything_is_asked() {
    for flags in [0x800_0000, 1 << 40, 0x202_0000, 0xC000, 0x10_0002] {
        let result = failure(flags, |_, _| panic!("asked"));
        assert_eq!(result, 0x8007_0057_u32 as i32, "{flags:#x}");
    }
}
