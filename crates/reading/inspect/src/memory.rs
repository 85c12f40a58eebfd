//! Bytes of the process by address, and their hex dump. The lists are walked, never copied: a dump may hold more ranges
//! than one would like to keep.

use core::fmt::Write;

use crate::bytes::Bytes;
use crate::inspector::Inspector;
use crate::limits::MAX_MEMORY_BYTES;
use crate::text::dump_row;

const ROW_BYTES: usize = 16;
/// Ranges that one answer is put together from.
const MAX_PIECES: usize = 4_096;

pub(crate) fn read(dump: &Inspector<'_>, address: u64, length: u64) -> Vec<u8> {
    let length = length.min(MAX_MEMORY_BYTES);
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..MAX_PIECES {
        let Some(next) = address.checked_add(bytes.len() as u64) else { break };
        let left = length - bytes.len() as u64;
        let Some(piece) = (left > 0).then(|| piece(dump, next, left)).flatten() else { break };
        bytes.extend_from_slice(piece);
    }
    bytes
}

/// What one range holds from `address` on.
fn piece<'a>(dump: &Inspector<'a>, address: u64, length: u64) -> Option<&'a [u8]> {
    dump.entries().iter().find_map(|entry| {
        let stream = Bytes(dump.raw(entry));
        let piece = match entry.kind {
            5 => in_list(dump, stream, address, length),
            9 => in_list64(dump, stream, address, length),
            _ => None,
        };
        piece.filter(|piece| !piece.is_empty())
    })
}

fn in_list<'a>(dump: &Inspector<'a>, stream: Bytes<'a>, address: u64, length: u64) -> Option<&'a [u8]> {
    let entries = crate::file::Entries::after_count(stream, 16);
    entries.iter().find_map(|entry| {
        let skip = address.checked_sub(entry.u64(0)?)?;
        let size = u64::from(entry.u32(8)?).checked_sub(skip).filter(|left| *left > 0)?;
        Some(dump.file_bytes().upto(u64::from(entry.u32(12)?).checked_add(skip)?, size.min(length)).0)
    })
}

fn in_list64<'a>(dump: &Inspector<'a>, stream: Bytes<'a>, address: u64, length: u64) -> Option<&'a [u8]> {
    let mut offset = stream.u64(8)?;
    let count = stream.u64(0)?.min(stream.len() / 16);
    for at in (0..count).map(|index| 16 + index * 16) {
        let (start, size) = (stream.u64(at)?, stream.u64(at + 8)?);
        if address >= start && address - start < size {
            let skip = address - start;
            return Some(dump.file_bytes().upto(offset.checked_add(skip)?, (size - skip).min(length)).0);
        }
        offset = offset.checked_add(size)?;
    }
    None
}

/// Bytes of the process as a hex dump, each row with its address.
#[must_use]
pub fn hexdump(address: u64, bytes: &[u8]) -> String {
    let mut text = String::new();
    for (row, chunk) in bytes.chunks(ROW_BYTES).enumerate() {
        let at = address.wrapping_add((row * ROW_BYTES) as u64);
        let _ = writeln!(text, "{}", dump_row(at, 16, chunk).trim_end());
    }
    text
}
