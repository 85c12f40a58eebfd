//! Memory that words of stacks and registers point to (`MiniDumpWithIndirectlyReferencedMemory`): a window around each
//! address, but not in code, which symbols bring, and within limits for each thread and for all.

use wer_copy::Range;
use wer_snapshot::{MemoryReader, ProcessSnapshot};

use crate::limits::{
    INDIRECT_AFTER_BYTES, INDIRECT_BEFORE_BYTES, INDIRECT_MAX_BYTES, INDIRECT_THREAD_MAX_BYTES,
};
use crate::plan::PlannedThread;
use crate::plan::lookup::{is_readable, range_of};
use crate::plan::scan;

pub(super) fn ranges(
    snapshot: &ProcessSnapshot,
    threads: &[PlannedThread],
    crashed: usize,
    memory: &dyn MemoryReader,
) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut left = INDIRECT_MAX_BYTES;
    scan::each_thread(snapshot, threads, crashed, memory, |words| {
        let of_thread = windows(snapshot, words, left.min(INDIRECT_THREAD_MAX_BYTES));
        left -= of_thread.iter().fold(0, |sum, range| range.bytes().saturating_add(sum)).min(left);
        ranges.extend(of_thread);
    });
    ranges
}

/// Windows around sorted addresses; where one begins within the one before, only what is new counts.
fn windows(snapshot: &ProcessSnapshot, words: &[u64], mut left: u64) -> Vec<Range> {
    let mut windows: Vec<Range> = Vec::new();
    for word in words {
        let Some(mut window) = window(snapshot, *word) else { continue };
        if let Some(last) = windows.last() {
            window.start = window.start.max(last.end);
        }
        if window.is_empty() {
            continue;
        }
        if window.bytes() > left {
            break;
        }
        left -= window.bytes();
        windows.push(window);
    }
    windows
}

fn window(snapshot: &ProcessSnapshot, address: u64) -> Option<Range> {
    let region = snapshot.region_at(address)?;
    if !is_readable(region) || region.protection.execute {
        return None;
    }
    let start = address.saturating_sub(INDIRECT_BEFORE_BYTES) & !15;
    let end = address.saturating_add(INDIRECT_AFTER_BYTES + 15) & !15;
    Some(Range::new(start, end).within(range_of(region)))
}
