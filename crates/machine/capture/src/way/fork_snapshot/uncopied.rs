//! Which memory a copy of a process does not have as it was, and copying that while the process stands.
//!
//! A fork leaves out `MADV_DONTFORK`, empties `MADV_WIPEONFORK`, and shares what is shared: that changes as the process
//! runs on. All of it is copied up to a limit, what only the process has first, and small before large. What does not
//! fit is read from the process later; a soft error says that it may be newer than the rest.

use wer_snapshot::{Region, RegionKind};
use wer_sys::ProcessMemory;

use super::limits::MAX_COPIED_BYTES;
use super::marks::Marks;
use super::memory::Overlay;

/// Why a range is to be copied; the first kind goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// A copy has nothing, or zeros.
    NotInCopy,
    /// Shared memory, of other processes or with a file that can be written through this mapping.
    Shared,
    /// A shared file that the process only reads.
    SharedReadOnly,
}

/// A range that a copy does not have as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uncopied {
    reason: Reason,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Nothing can be read there by the process either.
    barred: bool,
}

/// What a copy does not have of `regions`, which are the process's. `copied` are the copy's, when they were read.
pub(crate) fn uncopied(regions: &[Region], copied: Option<&[Region]>, marks: &Marks) -> Vec<Uncopied> {
    let mut ranges = Vec::new();
    let copied: Option<Vec<(u64, u64)>> =
        copied.map(|copied| copied.iter().map(|region| (region.start, region.end)).collect());
    let ordinary = regions.iter().filter(|region| region.kind != RegionKind::Kernel);
    for region in ordinary.filter(|region| !is_device(region, marks)) {
        let range = |reason, start, end| {
            let barred = !region.protection.read && !region.protection.write;
            Uncopied { reason, start, end, barred }
        };
        let in_copy = match &copied {
            Some(copied) => intersections(region.start, region.end, copied),
            None => gaps(region, &intersections(region.start, region.end, &marks.not_forked)),
        };
        let lost = gaps(region, &in_copy);
        ranges.extend(lost.into_iter().map(|(start, end)| range(Reason::NotInCopy, start, end)));
        for (start, end) in in_copy {
            if region.protection.shared {
                let writable = region.protection.write || region.inode == 0;
                let reason = if writable { Reason::Shared } else { Reason::SharedReadOnly };
                ranges.push(range(reason, start, end));
            } else {
                let wiped = intersections(start, end, &marks.wiped);
                ranges.extend(wiped.into_iter().map(|(start, end)| range(Reason::NotInCopy, start, end)));
            }
        }
    }
    ranges.sort_by_key(|range| (range.reason, range.end - range.start, range.start));
    ranges
}

/// Devices are known by their marks, and by name where they were mapped since.
fn is_device(region: &Region, marks: &Marks) -> bool {
    let marked = !intersections(region.start, region.end, &marks.device).is_empty();
    let is_memory =
        |path: &str| ["/dev/shm/", "/dev/zero", "/dev/hugepages/"].iter().any(|at| path.starts_with(at));
    marked
        || matches!(&region.kind, RegionKind::File { path, .. } if path.starts_with("/dev/") && !is_memory(path))
}

/// Parts of a range that lie in rising ranges.
fn intersections(start: u64, end: u64, ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let first = ranges.partition_point(|range| range.1 <= start);
    let touching = ranges.get(first..).unwrap_or_default().iter().take_while(|range| range.0 < end);
    touching.map(|range| (range.0.max(start), range.1.min(end))).collect()
}

/// Parts of a region that do not lie in its rising `parts`.
fn gaps(region: &Region, parts: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let ends = std::iter::once(region.start).chain(parts.iter().map(|part| part.1));
    let starts = parts.iter().map(|part| part.0).chain(std::iter::once(region.end));
    ends.zip(starts).filter(|(start, end)| start < end).collect()
}

/// What was too large, or failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Newer {
    /// Ranges, and their bytes.
    ranges: usize,
    bytes: u64,
    first: Option<u64>,
    failure: Option<String>,
}

impl Newer {
    /// The soft error; `None` when everything was copied.
    pub(crate) fn complaint(&self, regions: &[Region]) -> Option<String> {
        let first = self.first?;
        let name = match regions.iter().find(|region| region.start <= first && first < region.end)?.kind {
            RegionKind::File { ref path, .. } => format!(" ({path})"),
            _ => String::new(),
        };
        let why = match &self.failure {
            Some(failure) => format!("could not all be kept ({failure})"),
            None => {
                format!("exceed the {} MiB that are copied while a process stands", MAX_COPIED_BYTES >> 20)
            }
        };
        Some(format!(
            "Memory that a fork does not copy (shared, MADV_DONTFORK, MADV_WIPEONFORK) {why}: {} ranges with {} MiB, \
             the first at {first:#x}{name}, were read while the process ran on and may be newer than the rest.",
            self.ranges,
            self.bytes.div_ceil(1 << 20),
        ))
    }
}

/// Copies ranges from a process that stands.
pub(crate) fn copy_uncopied(ranges: &[Uncopied], memory: &ProcessMemory, overlay: &mut Overlay) -> Newer {
    let mut newer = Newer::default();
    let mut left = MAX_COPIED_BYTES;
    for range in ranges {
        let size = range.end - range.start;
        if range.barred {
            overlay.leave_to_process(range.start, range.end);
            continue;
        }
        let mut done = 0;
        if size <= left && newer.failure.is_none() {
            left -= size;
            match overlay.copy(range.start, range.end, memory) {
                Ok(count) => done = count,
                Err(error) => newer.failure = Some(error.to_string()),
            }
            if newer.failure.is_none() {
                // What could not be read here cannot be read at all: behind the end of a file.
                continue;
            }
        }
        overlay.leave_to_process(range.start + done, range.end);
        newer.ranges += 1;
        newer.bytes += size - done;
        newer.first = newer.first.or(Some(range.start));
    }
    newer
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_snapshot::{Protection, RegionMarks};

    fn region(start: u64, end: u64, shared: bool, kind: RegionKind) -> Region {
        let protection = Protection { read: true, write: true, execute: false, shared };
        let marks = RegionMarks::default();
        Region { start, end, protection, offset: 0, device: 0, inode: 0, kind, marks }
    }

    fn file(path: &str) -> RegionKind {
        RegionKind::File { path: path.into(), deleted: false }
    }

    fn ranges(found: &[Uncopied]) -> Vec<(u64, u64)> {
        found.iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn what_a_fork_does_not_copy_is_found() {
        let process = [
            region(0x1000, 0x9000, false, RegionKind::Anonymous),
            region(0xa000, 0xb000, true, file("/dev/shm/a")),
            region(0xb000, 0xc000, true, file("/dev/dri/card0")),
            region(0xd000, 0xe000, false, RegionKind::Kernel),
        ];
        let copy = [
            region(0x1000, 0x3000, false, RegionKind::Anonymous),
            region(0x5000, 0x9000, false, RegionKind::Anonymous),
            region(0xa000, 0xb000, true, file("/dev/shm/a")),
        ];
        let marks =
            Marks { wiped: vec![(0x2000, 0x4000)], not_forked: vec![(0x8000, 0x9000)], ..Marks::default() };
        let found = uncopied(&process, Some(&copy), &marks);
        assert_eq!(ranges(&found), [(0x2000, 0x3000), (0x3000, 0x5000), (0xa000, 0xb000)]);
        let found = uncopied(&process, None, &marks);
        assert_eq!(ranges(&found), [(0x8000, 0x9000), (0x2000, 0x4000), (0xa000, 0xb000)]);
    }

    #[test]
    fn what_is_too_large_is_left_to_the_process_and_named() {
        let process = wer_sys::Process::open(std::process::id()).expect("our own");
        let memory = process.memory(false).expect("our own");
        let regions = [region(0x10_0000, 0x10_0000 + MAX_COPIED_BYTES + 4096, true, file("/dev/shm/large"))];
        let mut overlay = Overlay::default();
        let newer = copy_uncopied(&uncopied(&regions, None, &Marks::default()), &memory, &mut overlay);
        assert_eq!((newer.ranges, newer.bytes), (1, MAX_COPIED_BYTES + 4096));
        let complaint = newer.complaint(&regions).expect("a soft error");
        assert!(complaint.contains("257 MiB") && complaint.contains("/dev/shm/large"), "{complaint}");
        assert_eq!(Newer::default().complaint(&regions), None);
    }
}
