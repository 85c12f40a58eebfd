//! `MemoryInfoListStream`: every mapping of the process with its protection. Free gaps are not listed.

use wer_snapshot::{ProcessSnapshot, Protection, Region, RegionKind};

use crate::flags::stream;
use crate::layout::{Layout, Put};

const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 48;
const MEM_COMMIT: u32 = 0x1000;
const MEM_PRIVATE: u32 = 0x2_0000;
const MEM_MAPPED: u32 = 0x4_0000;
const MEM_IMAGE: u32 = 0x100_0000;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot) {
    let mut list = Vec::with_capacity(HEADER_BYTES + snapshot.regions.len() * ENTRY_BYTES);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u64(snapshot.regions.len() as u64);
    for region in &snapshot.regions {
        let protection = page_protection(region.protection);
        list.put_u64(region.start);
        list.put_u64(allocation_base(snapshot, region));
        list.put_u32(protection);
        list.put_u32(0);
        list.put_u64(region.end.saturating_sub(region.start));
        list.put_u32(MEM_COMMIT);
        list.put_u32(protection);
        list.put_u32(memory_type(snapshot, region));
        list.put_u32(0);
    }
    layout.stream(stream::MEMORY_INFO_LIST, &list);
}

/// The base of the module that a mapping belongs to, else its own.
fn allocation_base(snapshot: &ProcessSnapshot, region: &Region) -> u64 {
    match snapshot.module_at(region.start) {
        Some(module) => module.base,
        None => region.start,
    }
}

fn memory_type(snapshot: &ProcessSnapshot, region: &Region) -> u32 {
    let file = matches!(region.kind, RegionKind::File { .. });
    if file && snapshot.module_at(region.start).is_some() {
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
