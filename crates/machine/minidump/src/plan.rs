//! First phase: which memory goes into the dump. Decides from the snapshot alone; the only bytes of the process that
//! it reads are the loader's list of libraries.

mod regions;
mod room;
mod stacks;

use wer_snapshot::{MemoryReader, ProcessSnapshot, ThreadSnapshot};

use crate::dso::{self, DsoDebug};
use crate::limits::{IN_MEMORY_MAX_BYTES, MAX_HOLES};
use crate::options::DumpOptions;
use crate::range::{Range, covers, merge, subtract, total_bytes};
use crate::soft_errors::SoftErrors;

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A dump of the process.
    Process,
    /// `registered.dmp`: what the application registered, and nothing else of its memory.
    RegisteredBlocks,
}

/// A thread of the dump.
#[derive(Debug)]
pub(crate) struct PlannedThread {
    /// Index in the snapshot's threads.
    pub(crate) index: usize,
    /// Its stack, as far as it is kept.
    pub(crate) stack: Option<Range>,
}

/// What a dump will hold; made by [`plan`] or [`plan_registered`], used up by [`DumpPlan::copy`].
#[derive(Debug)]
pub struct DumpPlan {
    pub(crate) options: DumpOptions,
    pub(crate) content: Content,
    pub(crate) threads: Vec<PlannedThread>,
    /// In the order in which they will lie in the file; disjoint.
    pub(crate) ranges: Vec<Range>,
    /// Bytes that must be zero in the dump; merged.
    pub(crate) excluded: Vec<Range>,
    pub(crate) dso: Option<DsoDebug>,
    /// Where memory begins in the file, when it goes straight there.
    pub(crate) room_bytes: u64,
    pub(crate) soft_errors: SoftErrors,
}

impl DumpPlan {
    /// Bytes of memory that will be read, if all can be.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        total_bytes(&self.ranges)
    }

    /// Whether the memory will be held in ours until it is written.
    pub(crate) fn fits_in_memory(&self) -> bool {
        self.memory_bytes() <= IN_MEMORY_MAX_BYTES
    }
}

/// Plans a dump of the process. Reads a bounded number of bytes from `memory`; never fails, what is missing is a soft
/// error of the dump.
#[must_use]
pub fn plan(snapshot: &ProcessSnapshot, memory: &dyn MemoryReader, options: &DumpOptions) -> DumpPlan {
    let mut soft_errors = SoftErrors::default();
    let crashed = crashed_index(snapshot);
    let mut threads = Vec::with_capacity(snapshot.threads.len());
    let mut stack_ranges = Vec::with_capacity(snapshot.threads.len() + 2);
    for (index, thread) in snapshot.threads.iter().enumerate() {
        if options.only_crashed_thread && index != crashed {
            continue;
        }
        let kept = stacks::stack_of(snapshot, thread, index == crashed, &mut soft_errors);
        stack_ranges.extend(kept.parts());
        threads.push(PlannedThread { index, stack: kept.stack });
    }
    let stack_ranges = merge(stack_ranges);
    let bulk = bulk_ranges(snapshot, options, &stack_ranges);
    let details = detail_ranges(snapshot, options, &threads, &stack_ranges, &bulk);
    let mut ranges = stack_ranges;
    ranges.extend(details);
    ranges.extend(bulk);
    finish(
        snapshot,
        options,
        DumpPlan {
            options: options.clone(),
            content: Content::Process,
            threads,
            ranges,
            excluded: Vec::new(),
            dso: dso::read(&snapshot.process, memory),
            room_bytes: 0,
            soft_errors,
        },
    )
}

/// Plans `registered.dmp`: system info, exception, the registered memory blocks, and the stream that names each. Reads
/// nothing yet.
#[must_use]
pub fn plan_registered(
    snapshot: &ProcessSnapshot,
    _memory: &dyn MemoryReader,
    options: &DumpOptions,
) -> DumpPlan {
    finish(
        snapshot,
        options,
        DumpPlan {
            options: options.clone(),
            content: Content::RegisteredBlocks,
            threads: Vec::new(),
            ranges: merge(registered_ranges(snapshot)),
            excluded: Vec::new(),
            dso: None,
            room_bytes: 0,
            soft_errors: SoftErrors::default(),
        },
    )
}

fn finish(snapshot: &ProcessSnapshot, options: &DumpOptions, mut plan: DumpPlan) -> DumpPlan {
    let excluded = snapshot.registrations.excluded_blocks();
    plan.excluded = merge(excluded.map(|b| block_range(b.address, b.size)).collect());
    if !plan.fits_in_memory() {
        let lists = plan.ranges.len().saturating_add(MAX_HOLES);
        plan.room_bytes = room::room_bytes(snapshot, options, plan.dso.as_ref(), lists);
    }
    plan
}

/// The thread that the exception names, else the first.
fn crashed_index(snapshot: &ProcessSnapshot) -> usize {
    let tid = snapshot.exception.as_ref().map(|exception| exception.tid);
    tid.and_then(|tid| snapshot.threads.iter().position(|thread| thread.tid == tid)).unwrap_or(0)
}

/// Memory of heap and full dumps, without what is in the stacks already.
fn bulk_ranges(snapshot: &ProcessSnapshot, options: &DumpOptions, stacks: &[Range]) -> Vec<Range> {
    let mut bulk = regions::bulk(snapshot, options);
    if options.heap_memory() {
        bulk.extend(registered_ranges(snapshot));
    }
    subtract(&merge(bulk), stacks)
}

/// Code around instruction pointers, and data segments of mini dumps.
fn detail_ranges(
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    threads: &[PlannedThread],
    stacks: &[Range],
    bulk: &[Range],
) -> Vec<Range> {
    let chosen = threads.iter().filter_map(|thread| snapshot.threads.get(thread.index));
    let mut details: Vec<Range> = chosen.filter_map(|thread| code_window(snapshot, thread)).collect();
    if let Some(exception) = &snapshot.exception {
        details.extend(window_at(snapshot, exception.instruction));
    }
    if options.data_segments() && !options.heap_memory() {
        details.extend(regions::data_segments(snapshot));
    }
    details.retain(|range| !covers(bulk, *range));
    details = subtract(&merge(details), stacks);
    if !options.heap_memory() {
        details = subtract(&details, &merge(registered_ranges(snapshot)));
    }
    subtract(&details, bulk)
}

fn code_window(snapshot: &ProcessSnapshot, thread: &ThreadSnapshot) -> Option<Range> {
    window_at(snapshot, thread.registers.as_ref()?.rip)
}

fn window_at(snapshot: &ProcessSnapshot, address: u64) -> Option<Range> {
    regions::window(snapshot, address)
}

fn registered_ranges(snapshot: &ProcessSnapshot) -> Vec<Range> {
    let blocks = snapshot.registrations.memory_blocks();
    blocks.map(|block| block_range(block.address, block.size)).collect()
}

pub(crate) const fn block_range(address: u64, size: u32) -> Range {
    Range::new(address, address.saturating_add(size as u64))
}
