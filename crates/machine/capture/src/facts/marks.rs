//! What the process, or the machine, asked of mappings: which are not to be dumped.
//!
//! Three sources, the best that there is. A core's program headers say which mappings the kernel leaves out, for
//! whatever reason. `smaps` says what the process asked (`MADV_DONTDUMP` and the like), at the price of a walk over all
//! page tables. `coredump_filter` says which kinds the process, or who started it, does not want in a core.

use std::collections::HashMap;

use wer_abi::registration::MAPPING_NAME;
use wer_snapshot::{MemoryReader, Region, RegionKind};
use wer_sys::Process;

use crate::core_notes::CoreLoad;
use crate::limits::{MAX_REGIONS_FOR_MARKS, MAX_RESIDENT_BYTES_FOR_MARKS};

/// Bits of `coredump_filter` that are set unless somebody took them away. The others (mapped files, shared huge pages)
/// are off by default, so their absence tells of no wish.
const ANONYMOUS_PRIVATE: u64 = 1 << 0;
const ANONYMOUS_SHARED: u64 = 1 << 1;
const HUGE_PRIVATE: u64 = 1 << 5;

/// Whether `smaps` is to be read though nobody asked: it costs little for a process with little memory.
pub(crate) const fn are_cheap(resident_bytes: u64, regions: usize) -> bool {
    resident_bytes <= MAX_RESIDENT_BYTES_FOR_MARKS && regions <= MAX_REGIONS_FOR_MARKS
}

/// Takes over marks of a moment ago for mappings that have not changed since; both lists rise.
pub(crate) fn carry_over(before: &[Region], regions: &mut [Region]) {
    for region in regions {
        let index = before.partition_point(|known| known.end <= region.start);
        if let Some(known) = before.get(index)
            && known.start <= region.start
            && region.end <= known.end
        {
            region.marks = known.marks;
        }
    }
}

/// Marks what the kernel leaves out of its core: memory that could be written to, of which the core has no byte. Memory
/// that was never touched is left out of cores too, and is no secret. Stacks and the registration block are kept.
pub(crate) fn by_core(regions: &mut [Region], loads: &[CoreLoad], memory: &dyn MemoryReader, kept: &Kept) {
    let by_start: HashMap<u64, &CoreLoad> = loads.iter().map(|load| (load.start, load)).collect();
    for region in regions {
        let is_left_out = by_start
            .get(&region.start)
            .is_some_and(|load| load.file_bytes == 0 && load.memory_bytes == region.size());
        let is_own = kind_bit(region) != 0 && region.protection.write;
        if is_left_out
            && is_own
            && !kept.holds(region)
            && memory.untouched(region.start, region.size()) < region.size()
        {
            region.marks.not_dumped = true;
        }
    }
}

/// The process's `coredump_filter`; `None` where it cannot be read.
pub(crate) fn coredump_filter(process: &Process) -> Option<u64> {
    let text = process.read("coredump_filter").ok()?;
    u64::from_str_radix(str::from_utf8(&text).ok()?.trim(), 16).ok()
}

/// Marks the kinds of mapping that `filter` takes away. Stacks and the registration block are kept.
pub(crate) fn by_filter(regions: &mut [Region], filter: u64, kept: &Kept) {
    if filter & (ANONYMOUS_PRIVATE | ANONYMOUS_SHARED | HUGE_PRIVATE)
        == ANONYMOUS_PRIVATE | ANONYMOUS_SHARED | HUGE_PRIVATE
    {
        return;
    }
    for region in regions {
        if !kept.holds(region) && filter & kind_bit(region) != kind_bit(region) {
            region.marks.not_dumped = true;
        }
    }
}

/// Mappings without which there is no report, whatever the rules for kinds of mapping say.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Rising.
    stack_pointers: Vec<u64>,
}

impl Kept {
    pub(crate) fn new(stack_pointers: impl Iterator<Item = u64>) -> Self {
        let mut stack_pointers: Vec<u64> = stack_pointers.collect();
        stack_pointers.sort_unstable();
        Self { stack_pointers }
    }

    fn holds(&self, region: &Region) -> bool {
        let next = self.stack_pointers.partition_point(|pointer| *pointer < region.start);
        let has_stack = self.stack_pointers.get(next).is_some_and(|pointer| *pointer < region.end);
        has_stack || region.kind == RegionKind::Stack || is_registration_block(region)
    }
}

fn is_registration_block(region: &Region) -> bool {
    matches!(&region.kind, RegionKind::File { path, .. } if path.strip_prefix("/memfd:") == Some(MAPPING_NAME))
}

/// The bit that a mapping goes by; 0 = none of those that are on by default.
fn kind_bit(region: &Region) -> u64 {
    match &region.kind {
        RegionKind::Anonymous | RegionKind::Heap if !region.protection.shared => ANONYMOUS_PRIVATE,
        RegionKind::File { path, deleted: true } if !region.protection.shared && path == "/anon_hugepage" => {
            HUGE_PRIVATE
        }
        // Shared anonymous memory is a file without a name.
        RegionKind::File { deleted: true, .. } | RegionKind::Anonymous if region.protection.shared => {
            ANONYMOUS_SHARED
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_memory::TestMemory;
    use wer_sys::procfs::parse_maps;

    fn regions() -> Vec<Region> {
        let text = b"1000-2000 rw-p 0 00:00 0 \n2000-3000 rw-p 0 00:00 0 [heap]\n3000-4000 rw-s 0 00:01 7 /dev/zero (deleted)\n\
            4000-5000 rw-p 0 fe:10 8 /lib/x.so\n5000-6000 rw-s 0 fe:10 9 /data\n6000-7000 rw-p 0 00:00 0 [stack]\n\
            7000-8000 rw-p 0 00:00 0 \n8000-9000 rw-s 0 00:01 9 /memfd:wer-registration (deleted)\n\
            9000-a000 rw-p 0 00:01 9 /anon_hugepage (deleted)\n";
        parse_maps(text).regions
    }

    fn kept(stack_pointers: &[u64]) -> Kept {
        Kept::new(stack_pointers.iter().copied())
    }

    fn marked(regions: &[Region]) -> Vec<u64> {
        regions.iter().filter(|region| region.marks.not_dumped).map(|region| region.start).collect()
    }

    #[test]
    fn the_usual_filter_marks_nothing() {
        for filter in [0x33, 0x23, u64::MAX] {
            let mut regions = regions();
            by_filter(&mut regions, filter, &kept(&[]));
            assert!(marked(&regions).is_empty(), "{filter:#x}");
        }
    }

    #[test]
    fn kinds_that_were_taken_away_are_marked_but_stacks_are_not() {
        let with = |filter| {
            let mut regions = regions();
            by_filter(&mut regions, filter, &kept(&[0x7fff, 0x1]));
            marked(&regions)
        };
        assert_eq!(with(0x32), [0x1000, 0x2000]);
        assert_eq!(with(0x31), [0x3000]);
        assert_eq!(with(0x13), [0x9000]);
        assert_eq!(with(0), [0x1000, 0x2000, 0x3000, 0x9000]);
    }

    #[test]
    fn what_a_core_leaves_out_is_marked() {
        let load = |start, file_bytes| CoreLoad { start, memory_bytes: 0x1000, file_bytes };
        let loads =
            [load(0x1000, 0x1000), load(0x2000, 0), load(0x4000, 0), load(0x5000, 0), load(0x3000, 0)];
        let mut regions = regions();
        by_core(&mut regions, &loads, &TestMemory::default(), &kept(&[]));
        assert_eq!(marked(&regions), [0x2000, 0x3000]);
        let mut regions = self::regions();
        by_core(&mut regions, &loads, &TestMemory::default(), &kept(&[0x2ff8]));
        assert_eq!(marked(&regions), [0x3000], "a stack is kept");
    }

    #[test]
    fn marks_of_a_moment_ago_hold_for_what_is_left_of_a_mapping() {
        let parse = |text: &str| parse_maps(text.as_bytes()).regions;
        let mut before = parse("1000-4000 rw-p 0 0:0 0\n5000-6000 rw-p 0 0:0 0\n");
        before[0].marks.not_dumped = true;
        let mut now = parse(
            "1000-2000 rw-p 0 0:0 0\n3000-4000 r--p 0 0:0 0\n4000-5000 r--p 0 0:0 0\n5000-6000 rw-p 0 0:0 0\n",
        );
        carry_over(&before, &mut now);
        assert_eq!(marked(&now), [0x1000, 0x3000]);
        let mut grown = parse("0-4000 rw-p 0 0:0 0\n");
        carry_over(&before, &mut grown);
        assert!(marked(&grown).is_empty());
    }

    #[test]
    fn large_processes_are_only_marked_when_asked_for() {
        assert!(are_cheap(1 << 20, 100));
        assert!(!are_cheap(1 << 30, 100) && !are_cheap(1 << 20, 100_000));
    }
}
