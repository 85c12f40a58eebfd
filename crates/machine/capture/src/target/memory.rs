//! Memory of a target, from wherever the way of capture has it.

use wer_snapshot::{MemoryReader, Region, RegionKind};
use wer_sys::{Process, ProcessMemory, VmMemory};

use crate::way::fork_snapshot::memory::SnapshotMemory;

/// Memory of a target.
#[derive(Debug)]
pub(crate) enum TargetMemory {
    /// By descriptor: it cannot be mistaken for another process's.
    File(ProcessMemory),
    /// By number, where the descriptor is refused.
    Number(VmMemory),
    /// Of a fork snapshot.
    Snapshot(Box<SnapshotMemory>),
}

impl TargetMemory {
    /// Memory of the living process itself, where it can be had by descriptor.
    pub(crate) fn of_process(&self) -> Option<&ProcessMemory> {
        match self {
            Self::File(memory) => Some(memory),
            Self::Snapshot(memory) => Some(&memory.process),
            Self::Number(_) => None,
        }
    }

    /// The process stands still until [`Self::run_on`]: it may be read as fast as can be.
    pub(crate) fn hold_still(&mut self, process: &Process, regions: &[Region]) {
        let Self::File(memory) = self else { return };
        memory.hold_still(process.pid());
        if let Ok(pages) = process.page_map() {
            let anonymous = regions.iter().filter(|region| is_private_anonymous(region));
            memory.know_untouched(pages, anonymous.map(|region| (region.start, region.end)));
        }
    }

    /// The process goes on.
    pub(crate) fn run_on(&mut self) {
        match self {
            Self::File(memory) => memory.run_on(),
            Self::Number(_) => {}
            Self::Snapshot(memory) => memory.run_on(),
        }
    }
}

/// Untouched pages of such a mapping are zeros.
pub(crate) fn is_private_anonymous(region: &Region) -> bool {
    let is_anonymous = matches!(region.kind, RegionKind::Anonymous | RegionKind::Heap | RegionKind::Stack);
    is_anonymous && !region.protection.shared
}

impl MemoryReader for TargetMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        match self {
            Self::File(memory) => memory.read(address, buffer),
            Self::Number(memory) => memory.read(address, buffer),
            Self::Snapshot(memory) => memory.read(address, buffer),
        }
    }

    fn read_many(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> usize {
        match self {
            Self::File(memory) => memory.read_many(ranges, buffer),
            Self::Number(memory) => memory.read_many(ranges, buffer),
            Self::Snapshot(memory) => memory.read_many(ranges, buffer),
        }
    }

    fn untouched(&self, address: u64, limit: u64) -> u64 {
        match self {
            Self::File(memory) => memory.untouched(address, limit),
            Self::Number(_) => 0,
            Self::Snapshot(memory) => memory.untouched(address, limit),
        }
    }
}
