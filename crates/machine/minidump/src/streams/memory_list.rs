//! `MemoryListStream`, or `Memory64ListStream` for full memory and for more memory than 32-bit addresses reach. The bytes
//! themselves follow as the file's last part.

use wer_copy::{Copied, Run};

use crate::flags::stream;
use crate::layout::{Layout, Location, Put, clamp_u32};
use crate::limits::MEMORY_LIST_MAX_BYTES;
use crate::options::DumpOptions;

const HEADER_BYTES: usize = 4;
const HEADER64_BYTES: usize = 16;
const DESCRIPTOR_BYTES: usize = 16;

/// Whether the list is the 64-bit one.
pub(crate) fn is_64_bit(options: &DumpOptions, memory: &Copied) -> bool {
    options.full_memory() || memory.bytes > MEMORY_LIST_MAX_BYTES
}

/// Bytes that the stream will take.
pub(crate) fn stream_bytes(options: &DumpOptions, memory: &Copied) -> usize {
    let header = if is_64_bit(options, memory) { HEADER64_BYTES } else { HEADER_BYTES };
    header + memory.runs.len() * DESCRIPTOR_BYTES
}

/// Writes the list for memory that begins at `base` in the file.
pub(crate) fn write(layout: &mut Layout, options: &DumpOptions, memory: &Copied, base: u64) {
    let mut list = Vec::with_capacity(stream_bytes(options, memory));
    if is_64_bit(options, memory) {
        list.put_u64(memory.runs.len() as u64);
        list.put_u64(base);
        for run in &memory.runs {
            list.put_u64(run.start);
            list.put_u64(run.size);
        }
        layout.stream(stream::MEMORY64_LIST, &list);
    } else {
        let mut runs = memory.runs.clone();
        runs.sort_unstable_by_key(|run| run.start);
        list.put_u32(clamp_u32(runs.len()));
        for run in &runs {
            list.put_u64(run.start);
            list.put_location(location(run, base).unwrap_or_default());
        }
        layout.stream(stream::MEMORY_LIST, &list);
    }
}

/// Where a run lies in the file; `None` where 32 bits cannot say it.
pub(crate) fn location(run: &Run, base: u64) -> Option<Location> {
    let rva = u32::try_from(base.checked_add(run.offset)?).ok()?;
    let size = u32::try_from(run.size).ok()?;
    rva.checked_add(size)?;
    Some(Location { size, rva })
}
