//! `MemoryInfoListStream`: every mapping of the process with its protection. Free gaps are not listed. What a caller
//! said of a mapping stands in for what the snapshot says.

use wer_snapshot::{ProcessSnapshot, Protection, Region, RegionKind};

use crate::callbacks::VmRegion;
use crate::flags::stream;
use crate::layout::{Layout, Put};
use crate::plan::lookup::ModuleLookup;

const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 48;
const MEM_COMMIT: u32 = 0x1000;
const MEM_RESERVE: u32 = 0x2000;
const MEM_FREE: u32 = 0x1_0000;
const MEM_PRIVATE: u32 = 0x2_0000;
const MEM_MAPPED: u32 = 0x4_0000;
const MEM_IMAGE: u32 = 0x100_0000;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, answers: &[(usize, VmRegion)]) {
    let modules = ModuleLookup::new(snapshot);
    let mut list = Vec::with_capacity(HEADER_BYTES + snapshot.regions.len() * ENTRY_BYTES);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u64(snapshot.regions.len() as u64);
    let mut answers = answers.iter().peekable();
    for (index, region) in snapshot.regions.iter().enumerate() {
        let mut described = describe(snapshot, &modules, region);
        if let Some((_, answer)) = answers.next_if(|(answered, _)| *answered == index) {
            described = VmRegion { size: described.size, state: state_of(answer.state), ..*answer };
        }
        put_region(&mut list, &described);
    }
    layout.stream(stream::MEMORY_INFO_LIST, &list);
}

/// A state that readers know; any other counts as no memory.
const fn state_of(state: u32) -> u32 {
    if matches!(state, MEM_COMMIT | MEM_RESERVE) { state } else { MEM_FREE }
}

fn put_region(list: &mut Vec<u8>, region: &VmRegion) {
    list.put_u64(region.base);
    list.put_u64(region.allocation_base);
    list.put_u32(region.allocation_protect);
    list.put_u32(0);
    list.put_u64(region.size);
    list.put_u32(region.state);
    list.put_u32(region.protect);
    list.put_u32(region.memory_type);
    list.put_u32(0);
}

/// A mapping as the stream says it.
pub(crate) fn describe(snapshot: &ProcessSnapshot, modules: &ModuleLookup, region: &Region) -> VmRegion {
    let module = modules.at(region.start).and_then(|index| snapshot.modules.get(index));
    let protect = page_protection(region.protection);
    VmRegion {
        base: region.start,
        allocation_base: module.map_or(region.start, |module| module.base),
        allocation_protect: protect,
        size: region.end.saturating_sub(region.start),
        state: MEM_COMMIT,
        protect,
        memory_type: memory_type(region, module.is_some()),
    }
}

fn memory_type(region: &Region, in_module: bool) -> u32 {
    let file = matches!(region.kind, RegionKind::File { .. });
    if file && in_module {
        MEM_IMAGE
    } else if file || region.protection.shared {
        MEM_MAPPED
    } else {
        MEM_PRIVATE
    }
}

/// `PAGE_*`; Windows knows no page that can be written and not read.
const fn page_protection(protection: Protection) -> u32 {
    match (protection.execute, protection.write, protection.read) {
        (false, false, false) => 0x01,
        (false, false, true) => 0x02,
        (false, true, _) => 0x04,
        (true, false, false) => 0x10,
        (true, false, true) => 0x20,
        (true, true, _) => 0x40,
    }
}
