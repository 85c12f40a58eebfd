//! Records as they are in the dump, for those that make something else from it (a core file): threads with their whole
//! contexts, the exception's numbers, mappings, the auxiliary vector. Read by offset; what is cut or beyond a limit is absent.

use crate::dump::{Dump, slice};
use crate::limits::{MAX_AUXV_ENTRIES, MAX_MAPPINGS, MAX_THREADS};
use crate::memory::{u32_in, u64_in};

const THREAD_LIST: u32 = 3;
const EXCEPTION: u32 = 6;
const MEMORY_INFO_LIST: u32 = 16;
const LINUX_AUXV: u32 = 0x4767_0008;
const THREAD_BYTES: usize = 48;
const MAPPING_BYTES: usize = 48;
const EXCEPTION_BYTES: usize = 168;
const MAX_PARAMETERS: u32 = 15;

/// One entry of the thread list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawThread<'a> {
    /// Its id.
    pub id: u32,
    /// Its priority; of Linux dumps the nice value.
    pub priority: i32,
    /// Its thread block; of Linux dumps the thread pointer.
    pub teb: u64,
    /// First address of its stack in the dump.
    pub stack_start: u64,
    /// Its context, whole: 1,232 bytes of x86-64, more with extended state. Empty where the dump has none.
    pub context: &'a [u8],
}

/// The exception's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawException<'a> {
    /// Thread that it happened in.
    pub thread_id: u32,
    /// NTSTATUS, signal or Mach exception, by platform.
    pub code: u32,
    /// Flags; of Linux dumps `si_code`.
    pub flags: u32,
    /// Address.
    pub address: u64,
    /// Parameters.
    pub parameters: Vec<u64>,
    /// Registers, as in [`RawThread`].
    pub context: &'a [u8],
}

/// One entry of the memory info list. Values are those of Windows (`MEM_...`, `PAGE_...`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// First address of the allocation that it is part of.
    pub allocation_start: u64,
    /// Committed, reserved or free.
    pub state: u32,
    /// Access.
    pub protection: u32,
    /// Private, mapped or image.
    pub kind: u32,
}

/// Threads in the dump's order.
#[must_use]
pub fn raw_threads<'a>(dump: &Dump<'a>) -> Vec<RawThread<'a>> {
    let Some(stream) = dump.raw_stream(THREAD_LIST) else { return Vec::new() };
    let count = u32_in(stream, 0).min(MAX_THREADS) as usize;
    let padding = if stream.len() == 8 + count * THREAD_BYTES { 8 } else { 4 };
    let entries = stream.get(padding..).unwrap_or_default().chunks_exact(THREAD_BYTES).take(count);
    let read = |entry: &[u8]| RawThread {
        id: u32_in(entry, 0),
        priority: u32_in(entry, 12).cast_signed(),
        teb: u64_in(entry, 16),
        stack_start: u64_in(entry, 24),
        context: located(dump, entry, 40),
    };
    entries.map(read).collect()
}

/// The exception's record, if there is one.
#[must_use]
pub fn raw_exception<'a>(dump: &Dump<'a>) -> Option<RawException<'a>> {
    let stream = dump.raw_stream(EXCEPTION).filter(|stream| stream.len() >= EXCEPTION_BYTES)?;
    let count = u32_in(stream, 32).min(MAX_PARAMETERS) as usize;
    Some(RawException {
        thread_id: u32_in(stream, 0),
        code: u32_in(stream, 8),
        flags: u32_in(stream, 12),
        address: u64_in(stream, 24),
        parameters: (0..count).map(|index| u64_in(stream, 40 + index * 8)).collect(),
        context: located(dump, stream, 160),
    })
}

/// Mappings in the dump's order, at most [`MAX_MAPPINGS`].
#[must_use]
pub fn mappings(dump: &Dump<'_>) -> Vec<Mapping> {
    let Some(stream) = dump.raw_stream(MEMORY_INFO_LIST) else { return Vec::new() };
    let (header, entry_bytes) = (u32_in(stream, 0) as usize, u32_in(stream, 4) as usize);
    if header < 16 || entry_bytes < MAPPING_BYTES {
        return Vec::new();
    }
    let count = usize::try_from(u64_in(stream, 8)).unwrap_or(usize::MAX).min(MAX_MAPPINGS);
    let entries = stream.get(header..).unwrap_or_default().chunks_exact(entry_bytes).take(count);
    let read = |entry: &[u8]| Mapping {
        start: u64_in(entry, 0),
        size: u64_in(entry, 24),
        allocation_start: u64_in(entry, 8),
        state: u32_in(entry, 32),
        protection: u32_in(entry, 36),
        kind: u32_in(entry, 40),
    };
    entries.map(read).collect()
}

/// The auxiliary vector's pairs, without its end mark.
#[must_use]
pub fn auxiliary_vector(dump: &Dump<'_>) -> Vec<(u64, u64)> {
    let stream = dump.raw_stream(LINUX_AUXV).unwrap_or_default();
    let pairs = stream.chunks_exact(16).map(|pair| (u64_in(pair, 0), u64_in(pair, 8)));
    pairs.take_while(|(key, _)| *key != 0).take(MAX_AUXV_ENTRIES).collect()
}

/// What a location descriptor names.
fn located<'a>(dump: &Dump<'a>, bytes: &[u8], at: usize) -> &'a [u8] {
    slice(dump.file_bytes(), u32_in(bytes, at + 4), u32_in(bytes, at)).unwrap_or_default()
}
