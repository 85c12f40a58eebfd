//! Which mappings are kept, by dump type.

use wer_snapshot::{ModuleKind, ProcessSnapshot, Region, RegionKind};

use crate::flags;
use crate::limits::{
    CODE_WINDOW_HALF_BYTES, DATA_SEGMENTS_MAX_BYTES, EXECUTABLE_DATA_MAX_BYTES, LIBRARY_DATA_MAX_BYTES,
    PAGE_BYTES, RED_ZONE_BYTES, STACK_GUARD_MAX_BYTES,
};
use crate::options::DumpOptions;
use crate::range::Range;

/// Mappings of heap and full dumps.
pub(super) fn bulk(snapshot: &ProcessSnapshot, options: &DumpOptions) -> Vec<Range> {
    let mut ranges = Vec::new();
    for (index, region) in snapshot.regions.iter().enumerate() {
        if is_wanted(region, options) {
            let start =
                if options.full_memory() { region.start } else { live_start(snapshot, index, region) };
            ranges.push(Range::new(start, region.end));
        }
    }
    ranges
}

fn is_wanted(region: &Region, options: &DumpOptions) -> bool {
    let protection = region.protection;
    if !protection.read || region.kind == RegionKind::Kernel || is_device(region) {
        return false;
    }
    if options.full_memory() {
        return true;
    }
    if options.has(flags::WITH_CODE_SEGS) && protection.execute {
        return true;
    }
    if !protection.write || protection.shared {
        return false;
    }
    match region.kind {
        RegionKind::File { .. } => {
            options.has(flags::WITH_PRIVATE_WRITE_COPY_MEMORY)
                || options.has(flags::WITH_PRIVATE_READ_WRITE_MEMORY) && options.data_segments()
        }
        _ => options.has(flags::WITH_PRIVATE_READ_WRITE_MEMORY),
    }
}

/// Reading a device's memory may have effects.
fn is_device(region: &Region) -> bool {
    match &region.kind {
        RegionKind::File { path, .. } => {
            path.starts_with("/dev/") && !path.starts_with("/dev/shm/") && path != "/dev/zero"
        }
        _ => false,
    }
}

/// Where the live part of a mapping begins: a thread's stack (a guard right below, one thread's stack pointer within)
/// is dead below the stack pointer, and usually 8 MiB of pages that were never touched.
fn live_start(snapshot: &ProcessSnapshot, index: usize, region: &Region) -> u64 {
    let guard = index.checked_sub(1).and_then(|below| snapshot.regions.get(below));
    let guarded = guard.is_some_and(|guard| {
        let protection = guard.protection;
        let readable = protection.read || protection.write || protection.execute;
        guard.end == region.start
            && !readable
            && guard.end.saturating_sub(guard.start) <= STACK_GUARD_MAX_BYTES
    });
    if !guarded {
        return region.start;
    }
    let registers = snapshot.threads.iter().filter_map(|thread| thread.registers.as_ref());
    let mut pointers = registers.map(|r| r.rsp).filter(|rsp| region.start <= *rsp && *rsp < region.end);
    match (pointers.next(), pointers.next()) {
        (Some(pointer), None) => {
            (pointer.saturating_sub(RED_ZONE_BYTES) & !(PAGE_BYTES - 1)).max(region.start)
        }
        _ => region.start,
    }
}

/// Writable segments for mini dumps, within the limits; the executable's first.
pub(super) fn data_segments(snapshot: &ProcessSnapshot) -> Vec<Range> {
    let mut left = DATA_SEGMENTS_MAX_BYTES;
    let mut ranges = Vec::new();
    for executable in [true, false] {
        let limit = if executable { EXECUTABLE_DATA_MAX_BYTES } else { LIBRARY_DATA_MAX_BYTES };
        for region in snapshot.regions.iter().filter(|region| is_data_segment(region)) {
            let module = snapshot.module_at(region.start);
            let of_executable = module.is_some_and(|module| module.kind == ModuleKind::Executable);
            let range = Range::new(region.start, region.end);
            if module.is_some() && of_executable == executable && range.bytes() <= limit.min(left) {
                left -= range.bytes();
                ranges.push(range);
            }
        }
    }
    ranges
}

fn is_data_segment(region: &Region) -> bool {
    let protection = region.protection;
    let kind = matches!(region.kind, RegionKind::File { .. } | RegionKind::Anonymous);
    kind && protection.read && protection.write && !protection.shared && !is_device(region)
}

/// Bytes around an instruction, within its mapping; 16-byte steps, so that nearby windows become one.
pub(super) fn window(snapshot: &ProcessSnapshot, address: u64) -> Option<Range> {
    let region = snapshot.region_at(address)?;
    if !region.protection.read || region.kind == RegionKind::Kernel || is_device(region) {
        return None;
    }
    let start = address.saturating_sub(CODE_WINDOW_HALF_BYTES) & !15;
    let end = address.saturating_add(CODE_WINDOW_HALF_BYTES + 15) & !15;
    Some(Range::new(start, end).within(Range::new(region.start, region.end)))
}
