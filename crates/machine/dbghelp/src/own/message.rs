//! What the child and the asking thread say to each other. Fixed heads of little-endian words, and bytes after them: an
//! answer is made without allocating. Both sides are ours, but a message that makes no sense is no panic.

use wer_minidump::callbacks::{
    CallbackInput, CallbackOutput, Callbacks, ModuleInput, OutputValue, ThreadInput, VmRegion,
};

use crate::error::MinidumpError;
use crate::summary::Summary;

/// Words of a head.
const HEAD_WORDS: usize = 8;
const HEAD_BYTES: usize = HEAD_WORDS * 8;

type Words = [u64; HEAD_WORDS];
/// A head as it is sent.
pub(super) type Head = [u8; HEAD_BYTES];

fn encode(words: Words) -> Head {
    let mut head = [0; HEAD_BYTES];
    for (place, word) in head.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    head
}

fn decode(bytes: &[u8]) -> Option<Words> {
    let head: &Head = bytes.first_chunk()?;
    let mut words = [0; HEAD_WORDS];
    for (word, place) in words.iter_mut().zip(head.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*place);
    }
    Some(words)
}

const READY: u64 = 1;
const PROGRESS: u64 = 2;
const WRITE: u64 = 3;
const DONE: u64 = 4;
/// And the callback's number.
const CALLBACK: u64 = 0x100;

/// From the child to the asking thread.
pub(super) enum ToCaller<'a> {
    /// It runs, and asks to be let to trace.
    Ready { pid: u32 },
    /// A callback.
    Callback { input: CallbackInput<'a>, preset: CallbackOutput },
    /// How far it is.
    Progress { done: u64, total: u64 },
    /// A part of the dump for the caller's own output.
    Write { offset: u64, bytes: &'a [u8] },
    /// It has ended.
    Done(Result<Summary, MinidumpError>),
}

/// The end of a dump, as it is sent.
#[derive(serde::Serialize, serde::Deserialize)]
enum Outcome {
    Summary(Summary),
    Failed { message: String, hresult: i32 },
}

pub(super) fn ready(pid: u32) -> Head {
    encode([READY, pid.into(), 0, 0, 0, 0, 0, 0])
}

pub(super) fn progress(done: u64, total: u64) -> Head {
    encode([PROGRESS, done, total, 0, 0, 0, 0, 0])
}

pub(super) fn write(offset: u64) -> Head {
    encode([WRITE, offset, 0, 0, 0, 0, 0, 0])
}

/// The last message.
pub(super) fn done(outcome: Result<Summary, (String, i32)>) -> (Head, Vec<u8>) {
    let outcome = match outcome {
        Ok(summary) => Outcome::Summary(summary),
        Err((message, hresult)) => Outcome::Failed { message, hresult },
    };
    (encode([DONE, 0, 0, 0, 0, 0, 0, 0]), serde_json::to_vec(&outcome).unwrap_or_default())
}

/// A callback: head, preset and the bytes that belong to it.
pub(super) fn callback(input: &CallbackInput<'_>, preset: CallbackOutput) -> Vec<u8> {
    let (words, first, second) = parts(input);
    let mut bytes = Vec::with_capacity(2 * HEAD_BYTES + first.len() + second.len());
    bytes.extend(encode(words));
    bytes.extend(encode(output_words(preset)));
    bytes.extend(first);
    bytes.extend(second);
    bytes
}

/// Number and words of a callback, and up to two runs of bytes; the last word is the length of the first run.
fn parts<'a>(input: &'a CallbackInput<'_>) -> (Words, &'a [u8], &'a [u8]) {
    let kind = CALLBACK + u64::from(input.number());
    let words = |a, b, c, d, e, first: &[u8]| [kind, a, b, c, d, e, 0, first.len() as u64];
    let one = |a: u64| (words(a, 0, 0, 0, 0, &[]), &[][..], &[][..]);
    let thread = |thread: &ThreadInput<'a>| {
        let context = thread.context;
        let id = u64::from(thread.thread_id);
        let is_exception = u64::from(thread.is_exception_thread);
        (words(id, thread.stack_base, thread.stack_end, is_exception, 0, context), context, &[][..])
    };
    match input {
        CallbackInput::Memory
        | CallbackInput::Cancel
        | CallbackInput::WriteKernelMinidump
        | CallbackInput::RemoveMemory
        | CallbackInput::IoStart
        | CallbackInput::IoFinish
        | CallbackInput::IsProcessSnapshot
        | CallbackInput::VmStart => one(0),
        CallbackInput::Module(module) => {
            let version = module.version.unwrap_or_default();
            let packed = version.iter().rev().fold(0, |sum, part| sum << 16 | u64::from(*part));
            let flags = u64::from(module.referenced) | u64::from(module.version.is_some()) << 1;
            let stamps = pair(module.checksum, module.time_date_stamp);
            let path = module.path.as_bytes();
            // The other record is empty: ELF modules have none.
            (words(module.base, module.size, flags, packed, stamps, path), path, module.cv_record)
        }
        CallbackInput::Thread(input) => thread(input),
        CallbackInput::ThreadEx(input) => thread(input),
        CallbackInput::IncludeThread { thread_id } => one((*thread_id).into()),
        CallbackInput::IncludeModule { base } => one(*base),
        CallbackInput::KernelMinidumpStatus { status } => one(status_word(*status)),
        CallbackInput::IncludeVmRegion { region } => {
            let [a, b, c, d, e] = region_words(region);
            (words(a, b, c, d, e, &[]), &[], &[])
        }
        CallbackInput::IoWriteAll { offset, bytes } => (words(*offset, 0, 0, 0, 0, bytes), bytes, &[]),
        CallbackInput::ReadMemoryFailure { offset, bytes, status } => {
            (words(*offset, (*bytes).into(), status_word(*status), 0, 0, &[]), &[], &[])
        }
        CallbackInput::SecondaryFlags { flags } => one((*flags).into()),
        CallbackInput::VmQuery { address } => one(*address),
        CallbackInput::VmPreRead { address, buffer } => (words(*address, 0, 0, 0, 0, buffer), buffer, &[]),
        CallbackInput::VmPostRead { address, buffer, completed, status } => {
            let completed = *completed as u64;
            (words(*address, completed, status_word(*status), 0, 0, buffer), buffer, &[])
        }
    }
}

fn status_word(status: i32) -> u64 {
    status.cast_unsigned().into()
}

fn word_status(word: u64) -> i32 {
    (word as u32).cast_signed()
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

const fn unpair(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn region_words(region: &VmRegion) -> [u64; 5] {
    let protect = pair(region.allocation_protect, region.protect);
    [region.base, region.allocation_base, region.size, protect, pair(region.state, region.memory_type)]
}

fn word_region([base, allocation_base, size, protect, state]: [u64; 5]) -> VmRegion {
    let (allocation_protect, protect) = unpair(protect);
    let (state, memory_type) = unpair(state);
    VmRegion { base, allocation_base, allocation_protect, size, state, protect, memory_type }
}

impl<'a> ToCaller<'a> {
    /// `None` for bytes that are no message.
    pub(super) fn decode(message: &'a mut [u8]) -> Option<Self> {
        let words = decode(message)?;
        let (_, rest) = message.split_at_mut_checked(HEAD_BYTES)?;
        let [kind, a, b, ..] = words;
        Some(match kind {
            READY => Self::Ready { pid: u32::try_from(a).ok()? },
            PROGRESS => Self::Progress { done: a, total: b },
            WRITE => Self::Write { offset: a, bytes: rest },
            DONE => Self::Done(match serde_json::from_slice(rest).ok()? {
                Outcome::Summary(summary) => Ok(summary),
                Outcome::Failed { message, hresult } => Err(MinidumpError::InChild { message, hresult }),
            }),
            _ => {
                let preset = word_output(decode(rest)?)?;
                let (_, bytes) = rest.split_at_mut_checked(HEAD_BYTES)?;
                Self::Callback { input: input_of(words, bytes)?, preset }
            }
        })
    }
}

fn input_of(words: Words, bytes: &mut [u8]) -> Option<CallbackInput<'_>> {
    let [kind, a, b, c, d, e, _, first] = words;
    let (first, second) = bytes.split_at_mut_checked(usize::try_from(first).ok()?)?;
    let thread = |context| ThreadInput {
        thread_id: a as u32,
        context,
        stack_base: b,
        stack_end: c,
        is_exception_thread: d != 0,
    };
    Some(match kind.checked_sub(CALLBACK)? {
        0 => CallbackInput::Module(ModuleInput {
            base: a,
            size: b,
            path: str::from_utf8(first).ok()?,
            checksum: unpair(e).0,
            time_date_stamp: unpair(e).1,
            version: (c & 2 != 0).then(|| std::array::from_fn(|i| (d >> (16 * i)) as u16)),
            cv_record: second,
            misc_record: &[],
            referenced: c & 1 != 0,
        }),
        1 => CallbackInput::Thread(thread(first)),
        2 => CallbackInput::ThreadEx(thread(first)),
        3 => CallbackInput::IncludeThread { thread_id: a as u32 },
        4 => CallbackInput::IncludeModule { base: a },
        5 => CallbackInput::Memory,
        6 => CallbackInput::Cancel,
        7 => CallbackInput::WriteKernelMinidump,
        8 => CallbackInput::KernelMinidumpStatus { status: word_status(a) },
        9 => CallbackInput::RemoveMemory,
        10 => CallbackInput::IncludeVmRegion { region: word_region([a, b, c, d, e]) },
        11 => CallbackInput::IoStart,
        12 => CallbackInput::IoWriteAll { offset: a, bytes: first },
        13 => CallbackInput::IoFinish,
        14 => CallbackInput::ReadMemoryFailure { offset: a, bytes: b as u32, status: word_status(c) },
        15 => CallbackInput::SecondaryFlags { flags: a as u32 },
        16 => CallbackInput::IsProcessSnapshot,
        17 => CallbackInput::VmStart,
        18 => CallbackInput::VmQuery { address: a },
        19 => CallbackInput::VmPreRead { address: a, buffer: first },
        20 => {
            let completed = usize::try_from(b).ok().filter(|completed| *completed <= first.len())?;
            CallbackInput::VmPostRead { address: a, buffer: first, completed, status: word_status(c) }
        }
        _ => return None,
    })
}

/// Runs a callback; the bytes are what it left in the buffer that it was given.
pub(super) fn call<'a>(
    callbacks: &mut dyn Callbacks,
    input: CallbackInput<'a>,
    preset: CallbackOutput,
) -> (CallbackOutput, &'a [u8]) {
    match input {
        CallbackInput::VmPreRead { address, buffer } => {
            let input = CallbackInput::VmPreRead { address, buffer: &mut *buffer };
            (callbacks.call(input, preset), buffer)
        }
        CallbackInput::VmPostRead { address, buffer, completed, status } => {
            let input = CallbackInput::VmPostRead { address, buffer: &mut *buffer, completed, status };
            (callbacks.call(input, preset), buffer)
        }
        input => (callbacks.call(input, preset), &[]),
    }
}

/// From the asking thread to the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToChild {
    /// Go on, or stop.
    GoOn(bool),
    /// Of the caller's own output.
    Written { errno: i32 },
    /// Of a callback; the bytes of its buffer follow.
    Answer(CallbackOutput),
}

const GO_ON: u64 = 1;
const WRITTEN: u64 = 2;
const ANSWER: u64 = 3;

impl ToChild {
    pub(super) fn encode(self) -> Head {
        match self {
            Self::GoOn(go_on) => encode([GO_ON, go_on.into(), 0, 0, 0, 0, 0, 0]),
            Self::Written { errno } => encode([WRITTEN, status_word(errno), 0, 0, 0, 0, 0, 0]),
            Self::Answer(output) => {
                let mut words = output_words(output);
                // What is sent and what was accepted share a word.
                words[0] |= ANSWER << 32;
                encode(words)
            }
        }
    }

    /// The message and the bytes after it; `None` for bytes that are no message.
    pub(super) fn decode(message: &[u8]) -> Option<(Self, &[u8])> {
        let mut words = decode(message)?;
        let rest = message.get(HEAD_BYTES..)?;
        let decoded = match words[0] {
            GO_ON => Self::GoOn(words[1] != 0),
            WRITTEN => Self::Written { errno: word_status(words[1]) },
            word if word >> 32 == ANSWER => {
                words[0] &= u64::from(u32::MAX);
                Self::Answer(word_output(words)?)
            }
            _ => return None,
        };
        Some((decoded, rest))
    }
}

fn output_words(output: CallbackOutput) -> Words {
    let accepted = u64::from(output.accepted);
    let of = |tag, a, b, c| [accepted, tag, a, b, c, 0, 0, 0];
    match output.value {
        OutputValue::None => of(0, 0, 0, 0),
        OutputValue::ModuleFlags(flags) => of(1, flags.into(), 0, 0),
        OutputValue::ThreadFlags(flags) => of(2, flags.into(), 0, 0),
        OutputValue::Memory { base, size } => of(3, base, size, 0),
        OutputValue::Cancel { check, cancel } => of(4, check.into(), cancel.into(), 0),
        OutputValue::VmRegion { start, size, keep_going } => of(5, start, size, keep_going.into()),
        OutputValue::Status(status) => of(6, status_word(status), 0, 0),
        OutputValue::SecondaryFlags(flags) => of(7, flags.into(), 0, 0),
        OutputValue::VmRead { status, completed } => of(8, status_word(status), completed.into(), 0),
        OutputValue::VmQuery { status, region } => {
            let [a, b, c, d, e] = region_words(&region);
            [accepted, 9, status_word(status), a, b, c, d, e]
        }
    }
}

fn word_output([accepted, tag, a, b, c, d, e, f]: Words) -> Option<CallbackOutput> {
    let value = match tag {
        0 => OutputValue::None,
        1 => OutputValue::ModuleFlags(a as u32),
        2 => OutputValue::ThreadFlags(a as u32),
        3 => OutputValue::Memory { base: a, size: b },
        4 => OutputValue::Cancel { check: a != 0, cancel: b != 0 },
        5 => OutputValue::VmRegion { start: a, size: b, keep_going: c != 0 },
        6 => OutputValue::Status(word_status(a)),
        7 => OutputValue::SecondaryFlags(a as u32),
        8 => OutputValue::VmRead { status: word_status(a), completed: b as u32 },
        9 => OutputValue::VmQuery { status: word_status(a), region: word_region([b, c, d, e, f]) },
        _ => return None,
    };
    Some(CallbackOutput { accepted: accepted != 0, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: i32 = 0x8007_012B_u32.cast_signed();
    const REGION: VmRegion = VmRegion {
        base: 0x1000,
        allocation_base: 0x800,
        allocation_protect: 2,
        size: 0x2000,
        state: 0x1000,
        protect: 4,
        memory_type: u32::MAX,
    };

    /// Every callback, one with every field in use.
    fn inputs<'a>(bytes: &'a [u8], buffer: &'a mut [u8], other: &'a mut [u8]) -> Vec<CallbackInput<'a>> {
        let thread = ThreadInput {
            thread_id: 7,
            context: bytes,
            stack_base: 1,
            stack_end: 2,
            is_exception_thread: true,
        };
        let module = ModuleInput {
            base: 1,
            size: u64::MAX,
            path: "/a/ü.so",
            checksum: 3,
            time_date_stamp: u32::MAX,
            version: Some([1, 2, 3, 0xFFFF]),
            cv_record: bytes,
            misc_record: &[],
            referenced: true,
        };
        vec![
            CallbackInput::Module(module),
            CallbackInput::Module(ModuleInput { version: None, cv_record: &[], ..module }),
            CallbackInput::Thread(thread),
            CallbackInput::ThreadEx(thread),
            CallbackInput::IncludeThread { thread_id: u32::MAX },
            CallbackInput::IncludeModule { base: u64::MAX },
            CallbackInput::Memory,
            CallbackInput::Cancel,
            CallbackInput::WriteKernelMinidump,
            CallbackInput::KernelMinidumpStatus { status: STATUS },
            CallbackInput::RemoveMemory,
            CallbackInput::IncludeVmRegion { region: REGION },
            CallbackInput::IoStart,
            CallbackInput::IoWriteAll { offset: 5, bytes },
            CallbackInput::IoFinish,
            CallbackInput::ReadMemoryFailure { offset: 6, bytes: 7, status: STATUS },
            CallbackInput::SecondaryFlags { flags: 1 },
            CallbackInput::IsProcessSnapshot,
            CallbackInput::VmStart,
            CallbackInput::VmQuery { address: 9 },
            CallbackInput::VmPreRead { address: 10, buffer },
            CallbackInput::VmPostRead { address: 11, buffer: other, completed: 2, status: STATUS },
        ]
    }

    #[test]
    fn callbacks_and_presets_come_as_they_went() {
        let preset =
            CallbackOutput { accepted: true, value: OutputValue::VmQuery { status: STATUS, region: REGION } };
        let (mut buffer, mut other) = ([1, 2, 3], [4, 5, 6]);
        for input in inputs(&[9; 30], &mut buffer, &mut other) {
            let mut message = callback(&input, preset);
            let Some(ToCaller::Callback { input: came, preset: with }) = ToCaller::decode(&mut message)
            else {
                panic!("{input:?}");
            };
            assert_eq!((format!("{came:?}"), with), (format!("{input:?}"), preset));
        }
    }

    #[test]
    fn answers_come_as_they_went() {
        let values = [
            OutputValue::None,
            OutputValue::ModuleFlags(1),
            OutputValue::ThreadFlags(2),
            OutputValue::Memory { base: u64::MAX, size: 3 },
            OutputValue::Cancel { check: true, cancel: false },
            OutputValue::VmRegion { start: 4, size: 5, keep_going: true },
            OutputValue::Status(STATUS),
            OutputValue::SecondaryFlags(6),
            OutputValue::VmRead { status: STATUS, completed: 7 },
            OutputValue::VmQuery { status: STATUS, region: REGION },
        ];
        for value in values {
            for accepted in [false, true] {
                let answer = ToChild::Answer(CallbackOutput { accepted, value });
                let message = [&answer.encode()[..], b"bytes"].concat();
                assert_eq!(ToChild::decode(&message), Some((answer, &b"bytes"[..])));
            }
        }
        for other in [ToChild::GoOn(true), ToChild::GoOn(false), ToChild::Written { errno: -5 }] {
            assert_eq!(ToChild::decode(&other.encode()), Some((other, &[][..])));
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        assert!(ToCaller::decode(&mut []).is_none());
        assert!(ToCaller::decode(&mut encode([77, 0, 0, 0, 0, 0, 0, 0])).is_none());
        assert!(ToCaller::decode(&mut encode([DONE, 0, 0, 0, 0, 0, 0, 0])).is_none());
        let mut long =
            callback(&CallbackInput::Memory, CallbackOutput { accepted: true, value: OutputValue::None });
        long[56] = 1;
        assert!(ToCaller::decode(&mut long).is_none(), "more bytes than there are");
        assert!(ToChild::decode(&encode([9; 8])).is_none());
    }
}
