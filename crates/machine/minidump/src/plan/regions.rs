//! Which mappings are kept, by dump type.

use wer_copy::Range;
use wer_snapshot::{ModuleKind, ProcessSnapshot, Region, RegionKind};

use crate::flags::{self, module_write};
use crate::limits::{
    CODE_WINDOW_HALF_BYTES, DATA_SEGMENTS_MAX_BYTES, EXECUTABLE_DATA_MAX_BYTES, LIBRARY_DATA_MAX_BYTES,
    PAGE_BYTES, RED_ZONE_BYTES, STACK_GUARD_MAX_BYTES,
};
use crate::options::DumpOptions;
use crate::plan::lookup::{is_readable, range_of};

/// A mapping that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Index in the snapshot's mappings.
    pub(super) index: usize,
    pub(super) range: Range,
    /// Private anonymous memory, of which pages may never have been touched.
    pub(super) anonymous: bool,
}

/// Mappings of heap and full dumps, and code segments. `parts_of` tells what is wanted of the module at a mapping.
pub(super) fn bulk(
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    parts_of: impl Fn(&Region) -> Option<u32>,
) -> Vec<Kept> {
    let pointers = stack_pointers(snapshot);
    let mut kept = Vec::new();
    for (index, region) in snapshot.regions.iter().enumerate() {
        if is_wanted(region, options, &parts_of) {
            let start = match options.full_memory() {
                true => region.start,
                false => live_start(snapshot, index, region, &pointers),
            };
            let private = !region.protection.shared && region.protection.write;
            let anonymous = private && !matches!(region.kind, RegionKind::File { .. } | RegionKind::Vdso);
            kept.push(Kept { index, range: Range::new(start, region.end), anonymous });
        }
    }
    kept
}

fn is_wanted(region: &Region, options: &DumpOptions, parts_of: &impl Fn(&Region) -> Option<u32>) -> bool {
    let protection = region.protection;
    if !is_readable(region) {
        return false;
    }
    if options.full_memory() {
        return true;
    }
    if options.has(flags::WITH_CODE_SEGS) && protection.execute {
        return parts_of(region).is_some_and(|parts| parts & module_write::CODE_SEGS != 0);
    }
    if !protection.write || protection.shared || !options.heap_memory() && !options.write_copy() {
        return false;
    }
    match region.kind {
        RegionKind::File { .. } => {
            options.write_copy()
                || options.heap_memory()
                    && parts_of(region).is_some_and(|parts| parts & module_write::DATA_SEG != 0)
        }
        _ => options.heap_memory(),
    }
}

/// Stack pointers in order.
fn stack_pointers(snapshot: &ProcessSnapshot) -> Vec<u64> {
    let registers = snapshot.threads.iter().filter_map(|thread| thread.registers.as_ref());
    let mut pointers: Vec<u64> = registers.map(|registers| registers.rsp).collect();
    pointers.sort_unstable();
    pointers
}

/// Where the live part of a mapping begins: a thread's stack (a guard right below, one thread's stack pointer within)
/// is dead below the stack pointer, and usually 8 MiB of pages that were never touched.
fn live_start(snapshot: &ProcessSnapshot, index: usize, region: &Region, pointers: &[u64]) -> u64 {
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
    let first = pointers.partition_point(|pointer| *pointer < region.start);
    let mut within = pointers.iter().skip(first).take_while(|pointer| **pointer < region.end);
    match (within.next(), within.next()) {
        (Some(pointer), None) => {
            (pointer.saturating_sub(RED_ZONE_BYTES) & !(PAGE_BYTES - 1)).max(region.start)
        }
        _ => region.start,
    }
}

/// Writable segments for mini dumps, within the limits; the executable's first. `module_of` gives the index and the
/// wanted parts of the module at a mapping.
pub(super) fn data_segments(
    snapshot: &ProcessSnapshot,
    module_of: impl Fn(&Region) -> Option<(usize, u32)>,
) -> Vec<Range> {
    let mut candidates: Vec<(bool, Range)> = Vec::new();
    for region in snapshot.regions.iter().filter(|region| is_data_segment(region)) {
        let Some((index, parts)) = module_of(region) else { continue };
        let module = snapshot.modules.get(index);
        let executable = module.is_some_and(|module| module.kind == ModuleKind::Executable);
        let limit = if executable { EXECUTABLE_DATA_MAX_BYTES } else { LIBRARY_DATA_MAX_BYTES };
        if parts & module_write::DATA_SEG != 0 && region.size() <= limit {
            candidates.push((!executable, range_of(region)));
        }
    }
    candidates.sort_by_key(|(library, _)| *library);
    let mut left = DATA_SEGMENTS_MAX_BYTES;
    candidates.retain(|(_, range)| {
        let fits = range.bytes() <= left;
        left -= if fits { range.bytes() } else { 0 };
        fits
    });
    candidates.into_iter().map(|(_, range)| range).collect()
}

fn is_data_segment(region: &Region) -> bool {
    let protection = region.protection;
    let kind = matches!(region.kind, RegionKind::File { .. } | RegionKind::Anonymous);
    kind && protection.write && !protection.shared && is_readable(region)
}

/// Bytes around an instruction, within its mapping; 16-byte steps, so that nearby windows become one.
pub(super) fn window(snapshot: &ProcessSnapshot, address: u64) -> Option<Range> {
    let region = snapshot.region_at(address).filter(|region| is_readable(region))?;
    let start = address.saturating_sub(CODE_WINDOW_HALF_BYTES) & !15;
    let end = address.saturating_add(CODE_WINDOW_HALF_BYTES + 15) & !15;
    Some(Range::new(start, end).within(range_of(region)))
}
