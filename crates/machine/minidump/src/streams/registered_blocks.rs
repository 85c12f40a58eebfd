//! Private stream 0x57450001: which bytes the application had registered. Layout: `docs/formats/private-streams.md`.

use wer_copy::{Copied, Range};
use wer_snapshot::{RegistrationKind, Registrations};

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::plan::block_range;

const VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 24;

pub(crate) fn write(layout: &mut Layout, registrations: &Registrations, memory: &Copied) {
    let mut entries = Vec::new();
    for entry in &registrations.entries {
        if let RegistrationKind::MemoryBlock(block) = entry.kind {
            entries.put_u64(entry.sequence);
            entries.put_u64(block.address);
            entries.put_u32(block.size);
            entries.put_u32(present_bytes(memory, block.address, block.size));
        }
    }
    let mut list = Vec::with_capacity(HEADER_BYTES + entries.len());
    list.put_u32(VERSION);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u32(clamp_u32(entries.len() / ENTRY_BYTES));
    list.extend_from_slice(&entries);
    layout.stream(stream::REGISTERED_BLOCKS, &list);
}

/// How many of the block's first bytes were copied.
fn present_bytes(memory: &Copied, address: u64, size: u32) -> u32 {
    let all = block_range(address, size);
    let mut at = all.start;
    while at < all.end {
        let rest = Range::new(at, all.end);
        match memory.find(rest) {
            Some(run) if run.start == at => at += run.size,
            _ => break,
        }
    }
    clamp_u32((at - all.start) as usize)
}
