//! The lists of memory, 32-bit and 64-bit.

use crate::checker::{Checker, List, MemoryRun, Stream};
use crate::violation::Kind;

const DESCRIPTOR_BYTES: u64 = 16;

impl Checker<'_> {
    pub(crate) fn memory_list(&mut self, stream: Stream) {
        let mut last_address = None;
        for at in self.plain_list(stream, DESCRIPTOR_BYTES, "memory list") {
            let Some(address) = self.file.u64(at) else { return };
            let size = u64::from(self.file.u32(at + 8).unwrap_or_default());
            let offset = u64::from(self.file.u32(at + 12).unwrap_or_default());
            if self.ours && last_address.is_some_and(|last| last >= address) {
                self.wrong(Kind::Order, at, || "the memory list is not sorted".to_owned());
            }
            last_address = Some(address);
            self.run(at, MemoryRun { address, size, offset });
        }
        self.disjoint(stream.offset);
    }

    pub(crate) fn memory64_list(&mut self, stream: Stream) {
        let count = self.file.u64(stream.offset).unwrap_or_default();
        let mut offset = self.file.u64(stream.offset + 8).unwrap_or_default();
        let list = List { at: stream.offset, size: stream.size, header: 16, entry: DESCRIPTOR_BYTES, count };
        for at in self.list(list, "64-bit memory list") {
            let (Some(address), Some(size)) = (self.file.u64(at), self.file.u64(at + 8)) else { return };
            self.run(at, MemoryRun { address, size, offset });
            offset = offset.saturating_add(size);
        }
        self.disjoint(stream.offset);
    }

    fn run(&mut self, at: u64, run: MemoryRun) {
        if run.size == 0 || run.address.checked_add(run.size).is_none() {
            self.wrong(Kind::Memory, at, || {
                format!("the memory at {:#x} is empty or wraps around", run.address)
            });
        } else if self.own(run.offset, run.size, "memory") {
            self.memory.push(run);
        }
    }

    fn disjoint(&mut self, at: u64) {
        self.memory.sort_unstable_by_key(|run| run.address);
        let overlap = self.memory.windows(2).find_map(|pair| {
            let (first, second) = (pair.first()?, pair.last()?);
            (second.address < first.address + first.size).then_some(second.address)
        });
        if let Some(address) = overlap {
            self.wrong(Kind::Memory, at, || format!("the memory at {address:#x} is there twice"));
        }
    }

    /// Whether the memory list holds all of a range.
    pub(crate) fn is_in_memory(&self, address: u64, size: u64) -> bool {
        let (mut next, mut left) = (address, size);
        while left > 0 {
            let index = self.memory.partition_point(|run| run.address <= next).checked_sub(1);
            let run = index.and_then(|index| self.memory.get(index));
            let bytes = run.map_or(0, |run| (run.address + run.size).saturating_sub(next));
            if bytes == 0 {
                return false;
            }
            next = next.saturating_add(bytes);
            left = left.saturating_sub(bytes);
        }
        true
    }
}
