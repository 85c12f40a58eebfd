//! `SystemMemoryInfoStream`: the machine's memory in pages. Of Windows' seventy counters those are filled that mean
//! something here; the others are 0.

use wer_snapshot::{SystemInfo, SystemMemory};

use crate::flags::stream;
use crate::layout::{Layout, Put};

const STREAM_BYTES: usize = 492;
const REVISION: u16 = 1;
/// `BASICPERF`, `PERF_CCTOTALDIRTYPAGES_...`, `PERF_RESIDENTAVAILABLEPAGES_...`.
const FLAGS: u16 = 0x2 | 0x4 | 0x8;
const FILE_CACHE_OFFSET: usize = 56;
const BASIC_PERFORMANCE_OFFSET: usize = 116;
const PERFORMANCE_OFFSET: usize = 148;
/// Of the 32-bit counters, behind four 64-bit ones.
const COUNTERS_OFFSET: usize = PERFORMANCE_OFFSET + 32;
const COUNTERS: usize = 70;
const AVAILABLE_PAGES: usize = 3;
const COMMITTED_PAGES: usize = 4;
const COMMIT_LIMIT: usize = 5;
const PAGE_FAULT_COUNT: usize = 7;
const PAGE_READ_COUNT: usize = 12;
const PAGED_POOL_PAGES: usize = 20;
const NON_PAGED_POOL_PAGES: usize = 21;
const RESIDENT_SYSTEM_CACHE_PAGE: usize = 33;
/// Addresses of user space with four levels of page tables.
const LOWEST_ADDRESS: u64 = 0x1_0000;
const HIGHEST_ADDRESS: u64 = 0x7FFF_FFFF_EFFF;

pub(crate) fn write(layout: &mut Layout, system: &SystemInfo, memory: &SystemMemory) {
    let page = u64::from(system.page_size.max(1));
    let pages = |bytes: u64| bytes / page;
    let mut info = Vec::with_capacity(STREAM_BYTES);
    info.put_u16(REVISION);
    info.put_u16(FLAGS);
    info.put_u32(0);
    info.put_u32(system.page_size);
    info.put_u32(clamp(pages(memory.total_bytes)));
    info.put_u32(0);
    info.put_u32(clamp(pages(memory.total_bytes).saturating_sub(1)));
    info.put_u32(system.page_size);
    info.put_u64(LOWEST_ADDRESS);
    info.put_u64(HIGHEST_ADDRESS);
    info.put_u64(1_u64.checked_shl(system.processor_count).unwrap_or(0).wrapping_sub(1));
    info.put_u32(system.processor_count);
    info.put_zeros(FILE_CACHE_OFFSET - info.len());
    info.put_u64(memory.cached_bytes);
    info.put_zeros(BASIC_PERFORMANCE_OFFSET - info.len());
    info.put_u64(pages(memory.available_bytes));
    info.put_u64(pages(memory.committed_bytes));
    info.put_u64(pages(memory.commit_limit_bytes));
    info.put_u64(0);
    info.put_zeros(COUNTERS_OFFSET - info.len());
    put_counters(&mut info, memory, page);
    info.put_u64(pages(memory.dirty_bytes));
    info.put_u64(0);
    info.put_u64(pages(memory.available_bytes));
    info.put_u64(0);
    info.put_zeros(STREAM_BYTES - info.len());
    layout.stream(stream::SYSTEM_MEMORY_INFO, &info);
}

fn put_counters(info: &mut Vec<u8>, memory: &SystemMemory, page: u64) {
    let mut counters = [0_u64; COUNTERS];
    let not_reclaimable = memory.slab_bytes.saturating_sub(memory.slab_reclaimable_bytes);
    for (index, value) in [
        (AVAILABLE_PAGES, memory.available_bytes / page),
        (COMMITTED_PAGES, memory.committed_bytes / page),
        (COMMIT_LIMIT, memory.commit_limit_bytes / page),
        (PAGE_FAULT_COUNT, memory.page_fault_count),
        (PAGE_READ_COUNT, memory.page_read_count),
        (PAGED_POOL_PAGES, memory.slab_reclaimable_bytes / page),
        (NON_PAGED_POOL_PAGES, not_reclaimable / page),
        (RESIDENT_SYSTEM_CACHE_PAGE, memory.cached_bytes / page),
    ] {
        counters[index] = value;
    }
    counters.into_iter().for_each(|counter| info.put_u32(clamp(counter)));
}

fn clamp(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
