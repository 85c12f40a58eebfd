//! First phase: which memory goes into the dump. Decides from the snapshot and the caller's answers; of the process it
//! reads a bounded number of bytes: the loader's list of libraries, and, where the flags ask for what these lead to,
//! the beginnings of stacks and the headers of modules.

mod choose;
mod environment;
mod headers;
pub(crate) mod hidden;
mod indirect;
pub(crate) mod lookup;
mod process;
mod regions;
mod room;
mod scan;
mod stacks;
mod thread_data;
pub(crate) mod vm;

use wer_copy::{Range, Wanted, range};
use wer_snapshot::{MemoryReader, ProcessSnapshot};

use crate::callbacks::session::CallbackState;
use crate::callbacks::{Callbacks, NoCallbacks, VmRegion};
use crate::dso::DsoDebug;
use crate::error::DumpError;
use crate::filter::StackFilter;
use crate::limits::IN_MEMORY_MAX_BYTES;
use crate::options::DumpOptions;
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedThread {
    /// Index in the snapshot's threads.
    pub(crate) index: usize,
    /// Its stack, as far as it is kept.
    pub(crate) stack: Option<Range>,
    /// `THREAD_WRITE_FLAGS`.
    pub(crate) flags: u32,
}

/// A module of the dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedModule {
    /// Index in the snapshot's modules.
    pub(crate) index: usize,
    /// `MODULE_WRITE_FLAGS`.
    pub(crate) flags: u32,
    /// Its headers are kept.
    pub(crate) headers: bool,
}

/// What of a dump is known before its memory is read, beside the snapshot.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) options: DumpOptions,
    pub(crate) content: Content,
    pub(crate) threads: Vec<PlannedThread>,
    pub(crate) modules: Vec<PlannedModule>,
    pub(crate) dso: Option<DsoDebug>,
    pub(crate) environment: Vec<u8>,
    /// What the caller said of single mappings, by their index.
    pub(crate) answers: Vec<(usize, VmRegion)>,
    pub(crate) callbacks: CallbackState,
}

/// What a dump will hold; made by [`plan_with`], [`plan`] or [`plan_registered`], used up by [`DumpPlan::copy_to`].
#[derive(Debug)]
pub struct DumpPlan {
    pub(crate) known: Known,
    /// Disjoint; stacks first.
    pub(crate) wanted: Vec<Wanted>,
    /// Bytes that must be zero in the dump; merged.
    pub(crate) excluded: Vec<Range>,
    pub(crate) filter: Option<StackFilter>,
    /// Mappings of a full dump that the caller is asked about once more.
    pub(crate) asked_again: Vec<VmRegion>,
    /// Where memory begins in the file, when it goes straight there.
    pub(crate) room_bytes: u64,
    pub(crate) soft_errors: SoftErrors,
}

impl DumpPlan {
    /// Bytes of memory that will be read, if all can be.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.wanted.iter().fold(0, |sum, wanted| sum.saturating_add(wanted.range.bytes()))
    }

    /// Whether the caller's `IoStartCallback` took over the writing: the output must be one that writes through it
    /// ([`crate::SharedCallbacks::io`]).
    #[must_use]
    pub const fn writes_through_callbacks(&self) -> bool {
        self.known.callbacks.io
    }

    /// Whether the memory will be held in ours until it is written.
    pub(crate) fn fits_in_memory(&self) -> bool {
        self.memory_bytes() <= IN_MEMORY_MAX_BYTES
    }
}

/// Plans a dump of the process, asking nobody. Reads a bounded number of bytes from `memory`; never fails: what is
/// missing is a soft error of the dump, and flags that mean nothing are ignored.
#[must_use]
pub fn plan(snapshot: &ProcessSnapshot, memory: &dyn MemoryReader, options: &DumpOptions) -> DumpPlan {
    process::plan(snapshot, memory, options, &mut NoCallbacks).unwrap_or_else(|error| {
        let mut empty = process::empty(options, Content::Process);
        empty.soft_errors.push(format!("The dump holds no memory: {error}."));
        empty
    })
}

/// Plans a dump of the process, asking `callbacks` what belongs into it.
///
/// # Errors
/// Flags that cannot be had, an answer that cannot be true, or the caller wanted no more of it.
pub fn plan_with(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    options: &DumpOptions,
    callbacks: &mut dyn Callbacks,
) -> Result<DumpPlan, DumpError> {
    options.check()?;
    process::plan(snapshot, memory, options, callbacks)
}

/// Plans `registered.dmp`: system info, exception, the registered memory blocks, and the stream that names each. Reads
/// nothing yet.
#[must_use]
pub fn plan_registered(
    snapshot: &ProcessSnapshot,
    _memory: &dyn MemoryReader,
    options: &DumpOptions,
) -> DumpPlan {
    let mut plan = process::empty(options, Content::RegisteredBlocks);
    let hidden = hidden::Hidden::of(snapshot, options, &[]);
    let blocks = range::subtract(&range::merge(registered_ranges(snapshot)), &hidden.beside_stacks);
    plan.wanted = blocks.into_iter().map(|range| Wanted { range, may_be_untouched: false }).collect();
    finish(snapshot, plan)
}

/// What depends on everything else.
fn finish(snapshot: &ProcessSnapshot, mut plan: DumpPlan) -> DumpPlan {
    plan.excluded = excluded_ranges(snapshot);
    if !plan.fits_in_memory() {
        plan.room_bytes = room::room_bytes(snapshot, &plan);
    }
    plan
}

fn excluded_ranges(snapshot: &ProcessSnapshot) -> Vec<Range> {
    let excluded = snapshot.registrations.excluded_blocks();
    range::merge(excluded.map(|b| block_range(b.address, b.size)).collect())
}

fn registered_ranges(snapshot: &ProcessSnapshot) -> Vec<Range> {
    let blocks = snapshot.registrations.memory_blocks();
    blocks.map(|block| block_range(block.address, block.size)).collect()
}

pub(crate) const fn block_range(address: u64, size: u32) -> Range {
    Range::new(address, address.saturating_add(size as u64))
}
