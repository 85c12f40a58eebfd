//! Memory around thread pointers, and the loader's (`MiniDumpWithProcessThreadData`): thread-local variables, the C
//! library's block about each thread, `r_debug`, link maps, the executable's dynamic section. On Windows these are the
//! TEB and the PEB.

use wer_copy::{Range, range};
use wer_snapshot::{ProcessSnapshot, ThreadSnapshot};

use crate::dso::DsoDebug;
use crate::flags::thread_write;
use crate::limits::{LOADER_GAP_BYTES, THREAD_DATA_ABOVE_BYTES, THREAD_DATA_BELOW_BYTES};
use crate::options::DumpOptions;
use crate::plan::PlannedThread;
use crate::plan::lookup::{part_around, readable_parts};

pub(super) fn ranges(snapshot: &ProcessSnapshot, threads: &[PlannedThread]) -> Vec<Range> {
    let wanted = threads.iter().filter(|planned| planned.flags & thread_write::THREAD_DATA != 0);
    let threads = wanted.filter_map(|planned| snapshot.threads.get(planned.index));
    threads.filter_map(|thread| around_thread_pointer(snapshot, thread)).collect()
}

fn around_thread_pointer(snapshot: &ProcessSnapshot, thread: &ThreadSnapshot) -> Option<Range> {
    let pointer = thread.registers.as_ref()?.fs_base;
    if pointer == 0 {
        return None;
    }
    let start = pointer.saturating_sub(THREAD_DATA_BELOW_BYTES) & !15;
    let end = pointer.saturating_add(THREAD_DATA_ABOVE_BYTES + 15) & !15;
    part_around(snapshot, pointer, Range::new(start, end))
}

pub(super) fn loader_ranges(
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    dso: Option<&DsoDebug>,
) -> Vec<Range> {
    let Some(dso) = dso.filter(|_| options.thread_data()) else { return Vec::new() };
    let filtered = options.module_path("/x") == "x";
    let names = dso.name_ranges.iter().filter(|_| !filtered);
    let ranges = range::merge(dso.ranges.iter().chain(names).copied().collect());
    let joined = join(&ranges);
    joined.into_iter().flat_map(|range| readable_parts(snapshot, range)).collect()
}

/// A gap of less than a page lies in the pages of its two sides, so it can be read if these can.
fn join(ranges: &[Range]) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start - last.end < LOADER_GAP_BYTES => last.end = range.end,
            _ => joined.push(*range),
        }
    }
    joined
}
