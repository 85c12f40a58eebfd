//! The private stream 0x57450001: which bytes of the dump's memory the application had registered
//! (`docs/formats/private-streams.md`).

use crate::dump::Dump;
use crate::limits::{MAX_BLOCK_BYTES, MAX_BLOCKS};
use crate::memory::{u32_in, u64_in};

/// The stream's type.
pub(crate) const REGISTERED_BLOCKS_STREAM: u32 = 0x5745_0001;
const KNOWN_VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 24;

/// One block of memory that the application had registered by `WerRegisterMemoryBlock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredBlock {
    /// Order of registration, from 1.
    pub sequence: u64,
    /// First address in the process.
    pub address: u64,
    /// Bytes as registered.
    pub size_bytes: u32,
    /// The bytes that the dump holds: the first ones of the block, all of them if nothing was unreadable.
    pub bytes: Vec<u8>,
}

/// The registered blocks in order of registration; none where the dump has no such stream, or one of a later version.
#[must_use]
pub fn registered_blocks(dump: &Dump<'_>) -> Vec<RegisteredBlock> {
    let Some(stream) = dump.raw_stream(REGISTERED_BLOCKS_STREAM) else { return Vec::new() };
    let (version, header, entry) =
        (u32_in(stream, 0), u32_in(stream, 4) as usize, u32_in(stream, 8) as usize);
    if version != KNOWN_VERSION || header < HEADER_BYTES || entry < ENTRY_BYTES {
        return Vec::new();
    }
    let count = (u32_in(stream, 12) as usize).min(MAX_BLOCKS);
    let entries = stream.get(header..).unwrap_or(&[]).chunks_exact(entry).take(count);
    entries.map(|entry| read_block(dump, entry)).collect()
}

fn read_block(dump: &Dump<'_>, entry: &[u8]) -> RegisteredBlock {
    let (address, size_bytes) = (u64_in(entry, 8), u32_in(entry, 16).min(MAX_BLOCK_BYTES));
    let present = u32_in(entry, 20).min(size_bytes) as usize;
    RegisteredBlock {
        sequence: u64_in(entry, 0),
        address,
        size_bytes,
        bytes: dump.memory().read(address, present),
    }
}
