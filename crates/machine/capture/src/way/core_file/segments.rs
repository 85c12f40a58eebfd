//! The memory segments of a core by address: sorted, without overlaps, and with as many bytes as the file really has.

use crate::elf::ProgramHeader;

/// One piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// First address.
    pub(super) start: u64,
    /// First address after it.
    pub(super) end: u64,
    /// `PF_*`.
    pub(super) flags: u32,
    /// Where its bytes begin in the file.
    pub(super) offset: u64,
    /// Bytes that are in the file; what follows was left out.
    pub(super) stored: u64,
    /// Bytes that should be in the file, which ends before them.
    pub(super) cut: u64,
}

impl Segment {
    pub(super) const fn contains(&self, address: u64) -> bool {
        self.start <= address && address < self.end
    }
}

/// Segments, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub(super) list: Vec<Segment>,
    pub(super) problems: Vec<String>,
}

/// Makes the table. Of segments that overlap, the one that starts first keeps the shared addresses.
pub(super) fn segments(loads: &[ProgramHeader], file_bytes: u64) -> Segments {
    let mut all: Vec<Segment> = loads.iter().filter_map(|load| segment(load, file_bytes)).collect();
    let mut problems = Vec::new();
    let impossible = loads.iter().filter(|load| load.memory_bytes > 0).count().saturating_sub(all.len());
    if impossible > 0 {
        problems.push(format!("{impossible} segments of the core lie outside of every address space."));
    }
    all.sort_by_key(|segment| segment.start);
    let mut list: Vec<Segment> = Vec::with_capacity(all.len());
    let mut overlapping = 0usize;
    for segment in all {
        let end = list.last().map_or(0, |last| last.end);
        if segment.start >= end {
            list.push(segment);
            continue;
        }
        overlapping += 1;
        if segment.end > end {
            list.push(without_first(segment, end - segment.start));
        }
    }
    if overlapping > 0 {
        problems.push(format!("{overlapping} segments of the core overlap others."));
    }
    let cut: Vec<&Segment> = list.iter().filter(|segment| segment.cut > 0).collect();
    if !cut.is_empty() {
        let bytes = cut.iter().fold(0u64, |sum, segment| sum.saturating_add(segment.cut));
        problems.push(format!(
            "The core is cut: {bytes} bytes of the memory of {} segments are missing.",
            cut.len()
        ));
    }
    Segments { list, problems }
}

fn segment(load: &ProgramHeader, file_bytes: u64) -> Option<Segment> {
    let end = load.address.checked_add(load.memory_bytes).filter(|end| *end > load.address)?;
    let wanted = load.file_bytes.min(load.memory_bytes);
    let stored = wanted.min(file_bytes.saturating_sub(load.offset));
    let (offset, flags) = (load.offset, load.flags);
    Some(Segment { start: load.address, end, flags, offset, stored, cut: wanted - stored })
}

fn without_first(segment: Segment, bytes: u64) -> Segment {
    let stored = segment.stored.saturating_sub(bytes);
    let cut = segment.cut.saturating_sub(bytes.saturating_sub(segment.stored));
    Segment {
        start: segment.start + bytes,
        offset: segment.offset.saturating_add(bytes),
        stored,
        cut,
        ..segment
    }
}

/// The segment that holds an address.
pub(super) fn at(list: &[Segment], address: u64) -> Option<&Segment> {
    let index = list.partition_point(|segment| segment.end <= address);
    list.get(index).filter(|segment| segment.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::PT_LOAD;

    fn load(address: u64, memory_bytes: u64, offset: u64, file_bytes: u64) -> ProgramHeader {
        ProgramHeader { kind: PT_LOAD, flags: 6, offset, address, file_bytes, memory_bytes, align: 4096 }
    }

    #[test]
    fn overlaps_are_cut_and_the_files_end_counts() {
        let loads = [
            load(0x3000, 0x1000, 0x300, 0x1000),
            load(0x1000, 0x1000, 0x100, 0x1000),
            load(0x1800, 0x1000, 0x900, 0x1000),
            load(0x1900, 0x10, 0, 0x10),
            load(u64::MAX - 1, 2, 0, 0),
            load(u64::MAX - 1, 1, u64::MAX, 1),
            load(0x9000, 0, 0, 0),
        ];
        let found = segments(&loads, 0x500);
        let table: Vec<_> = found.list.iter().map(|s| (s.start, s.end, s.offset, s.stored, s.cut)).collect();
        assert_eq!(
            table,
            [
                (0x1000, 0x2000, 0x100, 0x400, 0xc00),
                (0x2000, 0x2800, 0x1100, 0, 0x800),
                (0x3000, 0x4000, 0x300, 0x200, 0xe00),
                (u64::MAX - 1, u64::MAX, u64::MAX, 0, 1),
            ]
        );
        assert_eq!(found.problems.len(), 3, "{:?}", found.problems);
        assert_eq!(at(&found.list, 0x2000).map(|segment| segment.start), Some(0x2000));
        assert_eq!(at(&found.list, 0x2900), None);
    }
}
