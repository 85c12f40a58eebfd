//! The memory of the process as far as the dump holds it: both memory lists, flattened to ranges that do not overlap.

use crate::error::DumpError;
use crate::limits::MAX_MEMORY_RANGES;

/// One range: its first address, and its bytes.
#[derive(Clone, Copy, Debug)]
struct Range<'a> {
    start: u64,
    bytes: &'a [u8],
}

impl Range<'_> {
    /// One past the last address; a range that would pass the end of the address space was refused.
    fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.len() as u64)
    }
}

/// Memory by address.
#[derive(Clone, Debug, Default)]
pub struct Memory<'a> {
    ranges: Vec<Range<'a>>,
}

impl<'a> Memory<'a> {
    /// From the raw streams 5 (`MemoryListStream`) and 9 (`Memory64ListStream`). Entries that lie outside the dump
    /// are cut or left out: a truncated dump still gives what it has.
    pub(crate) fn from_streams(
        dump: &'a [u8],
        list: Option<&[u8]>,
        list64: Option<&[u8]>,
    ) -> Result<Self, DumpError> {
        let mut ranges = Vec::new();
        if let Some(stream) = list {
            read_list(dump, stream, &mut ranges)?;
        }
        if let Some(stream) = list64 {
            read_list64(dump, stream, &mut ranges)?;
        }
        Ok(Self { ranges: flatten(ranges) })
    }

    /// Ranges that hold the given bytes, for tests and for images made elsewhere.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u64, &'a [u8])>) -> Self {
        let ranges = ranges
            .into_iter()
            .filter(|(start, bytes)| start.checked_add(bytes.len() as u64).is_some())
            .map(|(start, bytes)| Range { start, bytes })
            .collect();
        Self { ranges: flatten(ranges) }
    }

    /// The bytes from `address` to the end of its range; empty where the dump has none.
    #[must_use]
    pub fn at(&self, address: u64) -> &'a [u8] {
        let after = self.ranges.partition_point(|range| range.start <= address);
        let Some(range) = after.checked_sub(1).and_then(|index| self.ranges.get(index)) else {
            return &[];
        };
        usize::try_from(address - range.start).ok().and_then(|from| range.bytes.get(from..)).unwrap_or(&[])
    }

    /// Up to `size` bytes from `address`, over range borders that touch; shorter where the dump has a gap.
    #[must_use]
    pub fn read(&self, address: u64, size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < size {
            let Some(next) = address.checked_add(bytes.len() as u64) else { break };
            let part = self.at(next);
            if part.is_empty() {
                break;
            }
            bytes.extend_from_slice(part.get(..size - bytes.len()).unwrap_or(part));
        }
        bytes
    }

    /// The 64-bit number at `address`.
    #[must_use]
    pub fn u64_at(&self, address: u64) -> Option<u64> {
        if let Some(bytes) = self.at(address).first_chunk() {
            return Some(u64::from_le_bytes(*bytes));
        }
        self.read(address, 8).first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// Every range, by address, without overlaps; those that touch are not joined.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = (u64, &'a [u8])> + use<'a, '_> {
        self.ranges.iter().map(|range| (range.start, range.bytes))
    }

    /// Bytes in all ranges together.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.bytes.len() as u64).sum()
    }
}

/// Sorted, without overlaps: of two ranges that overlap, the one that starts first keeps the shared bytes.
fn flatten(mut ranges: Vec<Range<'_>>) -> Vec<Range<'_>> {
    ranges.retain(|range| !range.bytes.is_empty());
    ranges.sort_by_key(|range| (range.start, core::cmp::Reverse(range.bytes.len())));
    let mut flat: Vec<Range<'_>> = Vec::with_capacity(ranges.len());
    for mut range in ranges {
        let end = flat.last().map_or(0, Range::end);
        if range.end() <= end {
            continue;
        }
        if range.start < end {
            let cut = usize::try_from(end - range.start).unwrap_or(usize::MAX);
            range = Range { start: end, bytes: range.bytes.get(cut..).unwrap_or(&[]) };
        }
        flat.push(range);
    }
    flat
}

fn push<'a>(dump: &'a [u8], start: u64, size: u64, rva: u64, ranges: &mut Vec<Range<'a>>) {
    let Some(rest) = usize::try_from(rva).ok().and_then(|rva| dump.get(rva..)) else { return };
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
    let bytes = rest.get(..size).unwrap_or(&[]);
    if start.checked_add(bytes.len() as u64).is_some() {
        ranges.push(Range { start, bytes });
    }
}

/// `MINIDUMP_MEMORY_LIST`: count, (padding), then {start u64, size u32, rva u32}.
fn read_list<'a>(dump: &'a [u8], stream: &[u8], ranges: &mut Vec<Range<'a>>) -> Result<(), DumpError> {
    let Some((count, entries)) = stream.split_first_chunk::<4>() else { return Ok(()) };
    let count = u64::from(u32::from_le_bytes(*count));
    check_count(count)?;
    let expected = count as usize * 16;
    // Some writers align the entries to 8 bytes.
    let entries = if entries.len() == expected + 4 { entries.get(4..).unwrap_or(&[]) } else { entries };
    for entry in entries.chunks_exact(16).take(count as usize) {
        push(dump, u64_in(entry, 0), u64::from(u32_in(entry, 8)), u64::from(u32_in(entry, 12)), ranges);
    }
    Ok(())
}

/// `MINIDUMP_MEMORY64_LIST`: count u64, rva u64, then {start u64, size u64}; the bytes lie one after another.
fn read_list64<'a>(dump: &'a [u8], stream: &[u8], ranges: &mut Vec<Range<'a>>) -> Result<(), DumpError> {
    let Some((head, entries)) = stream.split_first_chunk::<16>() else { return Ok(()) };
    let (count, mut rva) = (u64_in(head, 0), u64_in(head, 8));
    check_count(count)?;
    for entry in entries.chunks_exact(16).take(count as usize) {
        let (start, size) = (u64_in(entry, 0), u64_in(entry, 8));
        push(dump, start, size, rva, ranges);
        let Some(next) = rva.checked_add(size) else { break };
        rva = next;
    }
    Ok(())
}

fn check_count(count: u64) -> Result<(), DumpError> {
    if count > MAX_MEMORY_RANGES {
        return Err(DumpError::Limit {
            what: "number of memory ranges",
            value: count,
            limit: MAX_MEMORY_RANGES,
        });
    }
    Ok(())
}

/// The little-endian number at `offset`; 0 where the bytes end.
pub(crate) fn u32_in(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

/// The little-endian number at `offset`; 0 where the bytes end.
pub(crate) fn u64_in(bytes: &[u8], offset: usize) -> u64 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_are_one_and_gaps_stay_gaps() {
        let memory = Memory::from_ranges([
            (100, &b"abcdefgh"[..]),
            (104, b"EFGHijkl"),
            (101, b"b"),
            (200, b"12345678"),
        ]);
        assert_eq!(memory.read(98, 4), b"");
        assert_eq!(memory.read(100, 100), b"abcdefghijkl");
        assert_eq!(memory.read(106, 3), b"ghi");
        assert_eq!(memory.u64_at(200), Some(u64::from_le_bytes(*b"12345678")));
        assert_eq!(memory.u64_at(201), None);
        assert_eq!(memory.u64_at(104), Some(u64::from_le_bytes(*b"efghijkl")));
        assert_eq!(memory.total_bytes(), 20);
    }

    #[test]
    fn ranges_at_the_end_of_the_address_space() {
        let memory = Memory::from_ranges([(u64::MAX - 3, &b"abc"[..]), (u64::MAX, b"xy")]);
        assert_eq!(memory.read(u64::MAX - 3, 64), b"abc");
        assert_eq!(memory.read(u64::MAX, 64), b"");
    }
}
