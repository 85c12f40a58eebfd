//! The lists of memory, 32-bit and 64-bit.

use super::{Checker, MemoryRun, Stream};

const DESCRIPTOR_BYTES: u64 = 16;

impl Checker<'_> {
    pub(super) fn memory_list(&mut self, stream: Stream) {
        let count = u64::from(self.file.u32(stream.offset).unwrap_or_default());
        if stream.size != 4 + count * DESCRIPTOR_BYTES {
            self.wrong(stream.offset, || format!("memory list of {count} entries has another size"));
            return;
        }
        let mut last_address = None;
        for at in (0..count).map(|index| stream.offset + 4 + index * DESCRIPTOR_BYTES) {
            let Some(address) = self.file.u64(at) else { return };
            let size = u64::from(self.file.u32(at + 8).unwrap_or_default());
            let offset = u64::from(self.file.u32(at + 12).unwrap_or_default());
            if last_address.is_some_and(|last| last >= address) {
                self.wrong(at, || "the memory list is not sorted".to_owned());
            }
            last_address = Some(address);
            self.run(at, MemoryRun { address, size, offset });
        }
        self.disjoint(stream.offset);
    }

    pub(super) fn memory64_list(&mut self, stream: Stream) {
        let count = self.file.u64(stream.offset).unwrap_or_default();
        let size = count.checked_mul(DESCRIPTOR_BYTES).and_then(|bytes| bytes.checked_add(16));
        if size != Some(stream.size) {
            self.wrong(stream.offset, || format!("64-bit memory list of {count} entries has another size"));
            return;
        }
        let mut offset = self.file.u64(stream.offset + 8).unwrap_or_default();
        for at in (0..count).map(|index| stream.offset + 16 + index * DESCRIPTOR_BYTES) {
            let (Some(address), Some(size)) = (self.file.u64(at), self.file.u64(at + 8)) else { return };
            self.run(at, MemoryRun { address, size, offset });
            offset = offset.saturating_add(size);
        }
        self.disjoint(stream.offset);
    }

    fn run(&mut self, at: u64, run: MemoryRun) {
        if run.size == 0 || run.address.checked_add(run.size).is_none() {
            self.wrong(at, || format!("the memory at {:#x} is empty or wraps around", run.address));
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
            self.wrong(at, || format!("the memory at {address:#x} is there twice"));
        }
    }
}
