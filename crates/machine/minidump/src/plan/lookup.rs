//! Which mapping and which module an address belongs to, by binary search: a process may have 100,000 mappings and
//! thousands of modules.

use wer_copy::Range;
use wer_snapshot::{ProcessSnapshot, Region, RegionKind};

/// Modules by address.
#[derive(Debug)]
pub(crate) struct ModuleLookup {
    /// First address, first address after it, index; by first address.
    modules: Vec<(u64, u64, usize)>,
    /// The furthest end of all modules up to each.
    furthest: Vec<u64>,
}

impl ModuleLookup {
    pub(crate) fn new(snapshot: &ProcessSnapshot) -> Self {
        let range = |(index, module): (usize, &wer_snapshot::ModuleSnapshot)| {
            (module.base, module.base.saturating_add(module.size), index)
        };
        let mut modules: Vec<(u64, u64, usize)> = snapshot.modules.iter().enumerate().map(range).collect();
        modules.sort_unstable();
        let furthest = modules.iter().scan(0, |end, (_, next, _)| {
            *end = (*next).max(*end);
            Some(*end)
        });
        let furthest = furthest.collect();
        Self { modules, furthest }
    }

    /// Index of the module that holds an address; of several, the one that begins last.
    pub(crate) fn at(&self, address: u64) -> Option<usize> {
        let mut position = self.modules.partition_point(|(start, ..)| *start <= address);
        while position > 0 {
            position -= 1;
            if *self.furthest.get(position)? <= address {
                return None;
            }
            let (_, end, index) = *self.modules.get(position)?;
            if address < end {
                return Some(index);
            }
        }
        None
    }
}

/// Whether reading a mapping has no effect, and its bytes mean something.
pub(crate) fn is_readable(region: &Region) -> bool {
    region.protection.read && region.kind != RegionKind::Kernel && !is_device(region)
}

/// Reading a device's memory may have effects.
pub(crate) fn is_device(region: &Region) -> bool {
    let device_file = match &region.kind {
        RegionKind::File { path, .. } => {
            path.starts_with("/dev/") && !path.starts_with("/dev/shm/") && path != "/dev/zero"
        }
        _ => false,
    };
    device_file || region.marks.device
}

pub(crate) const fn range_of(region: &Region) -> Range {
    Range::new(region.start, region.end)
}

/// The parts of a range that lie in readable mappings.
pub(crate) fn readable_parts(snapshot: &ProcessSnapshot, range: Range) -> Vec<Range> {
    let first = snapshot.regions.partition_point(|region| region.end <= range.start);
    let regions = snapshot.regions.iter().skip(first).take_while(|region| region.start < range.end);
    regions.filter(|region| is_readable(region)).map(|region| range.within(range_of(region))).collect()
}

/// The part of a range that lies in the readable mapping of an address.
pub(crate) fn part_around(snapshot: &ProcessSnapshot, address: u64, range: Range) -> Option<Range> {
    let region = snapshot.region_at(address).filter(|region| is_readable(region))?;
    Some(range.within(range_of(region)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(modules: &[(u64, u64)]) -> ModuleLookup {
        let mut list: Vec<_> =
            modules.iter().enumerate().map(|(index, (start, end))| (*start, *end, index)).collect();
        list.sort_unstable();
        let mut end = 0;
        let furthest = list.iter().map(|module| {
            end = module.1.max(end);
            end
        });
        let furthest = furthest.collect();
        ModuleLookup { modules: list, furthest }
    }

    #[test]
    fn the_module_that_begins_last_has_the_address() {
        let lookup = lookup(&[(100, 200), (120, 130), (150, 160), (300, 310)]);
        let at = |address| lookup.at(address);
        assert_eq!([at(99), at(100), at(125), at(130), at(155)], [None, Some(0), Some(1), Some(0), Some(2)]);
        assert_eq!([at(199), at(200), at(299), at(309), at(310)], [Some(0), None, None, Some(3), None]);
    }
}
