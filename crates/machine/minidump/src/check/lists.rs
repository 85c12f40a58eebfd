//! Lists of threads, modules, names and mappings.

use super::{Checker, Stream};

const THREAD_BYTES: u64 = 48;
const MODULE_BYTES: u64 = 108;
const NAME_BYTES: u64 = 12;
const CONTEXT_BYTES: u64 = 1232;
const CONTEXT_FLAGS_OFFSET: u64 = 0x30;

impl Checker<'_> {
    /// A 32-bit count and entries of one size. Returns where the entries begin and how many there are.
    fn entries(&mut self, stream: Stream, entry_bytes: u64, what: &str) -> (u64, u64) {
        let count = u64::from(self.file.u32(stream.offset).unwrap_or_default());
        if stream.size != 4 + count * entry_bytes {
            let size = stream.size;
            self.wrong(stream.offset, || format!("{what} of {size} bytes says that it has {count} entries"));
            return (stream.offset, 0);
        }
        (stream.offset + 4, count)
    }

    /// A list that begins with its header's size, its entries' size and their count (32 bits, or 64 in a 16-byte
    /// header).
    pub(super) fn counted(&mut self, stream: Stream, header_bytes: u64, entry_bytes: u64, what: &str) {
        let header = self.file.u32(stream.offset).map(u64::from);
        let entry = self.file.u32(stream.offset + 4).map(u64::from);
        let count = if header_bytes == 16 {
            self.file.u64(stream.offset + 8)
        } else {
            self.file.u32(stream.offset + 8).map(u64::from)
        };
        let entries = count.and_then(|count| count.checked_mul(entry_bytes));
        let size = entries.and_then(|bytes| bytes.checked_add(header_bytes));
        if header != Some(header_bytes) || entry != Some(entry_bytes) || size != Some(stream.size) {
            self.wrong(stream.offset, || format!("the header of the {what} does not match its size"));
        }
    }

    pub(super) fn thread_list(&mut self, stream: Stream) {
        let (start, count) = self.entries(stream, THREAD_BYTES, "thread list");
        for at in (0..count).map(|index| start + index * THREAD_BYTES) {
            let Some(tid) = self.file.u32(at) else { return };
            if let Some(context) = self.context_at(at + 40) {
                self.threads.push((tid, context));
            }
            self.thread_stack(at + 24);
        }
        let mut tids: Vec<u32> = self.threads.iter().map(|(tid, _)| *tid).collect();
        tids.sort_unstable();
        tids.dedup();
        if tids.len() != self.threads.len() {
            self.wrong(start, || "two threads have one id".to_owned());
        }
    }

    /// The context that a location descriptor names.
    pub(super) fn context_at(&mut self, at: u64) -> Option<u64> {
        let size = u64::from(self.file.u32(at)?);
        let offset = u64::from(self.file.u32(at + 4)?);
        if size != CONTEXT_BYTES {
            self.wrong(at, || format!("a context of {size} bytes"));
            return None;
        }
        self.aligned(offset, 16, "context");
        if !self.own(offset, size, "context") {
            return None;
        }
        let flags = self.file.u32(offset + CONTEXT_FLAGS_OFFSET)?;
        if flags & 0x0010_0000 == 0 {
            self.wrong(offset, || format!("context flags {flags:#x} are not those of AMD64"));
        }
        Some(offset)
    }

    /// A stack's bytes are those of the memory list at the same address.
    fn thread_stack(&mut self, at: u64) {
        let Some(address) = self.file.u64(at) else { return };
        let size = u64::from(self.file.u32(at + 8).unwrap_or_default());
        let offset = u64::from(self.file.u32(at + 12).unwrap_or_default());
        if size == 0 {
            return;
        }
        let index = self.memory.partition_point(|run| run.address <= address).checked_sub(1);
        let found = index.and_then(|index| self.memory.get(index)).filter(|run| {
            let skip = address - run.address;
            skip < run.size && size <= run.size - skip && run.offset + skip == offset
        });
        if found.is_none() {
            self.wrong(at, || format!("the stack at {address:#x} is not in the memory list"));
        }
    }

    pub(super) fn module_list(&mut self, stream: Stream) {
        let (start, count) = self.entries(stream, MODULE_BYTES, "module list");
        for at in (0..count).map(|index| start + index * MODULE_BYTES) {
            self.module(at);
        }
    }

    fn module(&mut self, at: u64) -> Option<()> {
        let base = self.file.u64(at)?;
        let size = u64::from(self.file.u32(at + 8)?);
        if base.checked_add(size).is_none() {
            self.wrong(at, || format!("the module at {base:#x} wraps around"));
        }
        let name = self.file.u32(at + 20)?;
        self.string(u64::from(name));
        if !matches!(self.file.u32(at + 24)?, 0 | 0xFEEF_04BD) {
            self.wrong(at + 24, || "the version has no signature".to_owned());
        }
        let record_size = u64::from(self.file.u32(at + 76)?);
        let record = u64::from(self.file.u32(at + 80)?);
        if record_size > 0 {
            self.aligned(record, 4, "build id");
            let whole = self.own(record, record_size, "build id") && record_size > 4;
            if !whole || self.file.u32(record) != Some(0x4270_454C) {
                self.wrong(record, || "the module's record is no BpEL build id".to_owned());
            }
        }
        Some(())
    }

    pub(super) fn thread_names(&mut self, stream: Stream) {
        let (start, count) = self.entries(stream, NAME_BYTES, "thread name list");
        for at in (0..count).map(|index| start + index * NAME_BYTES) {
            if let Some(name) = self.file.u64(at + 4) {
                self.string(name);
            }
        }
    }

    pub(super) fn memory_info_list(&mut self, stream: Stream) {
        self.counted(stream, 16, 48, "memory info list");
        let count = stream.size.saturating_sub(16) / 48;
        let mut last_end = 0;
        for at in (0..count).map(|index| stream.offset + 16 + index * 48) {
            let (Some(base), Some(size)) = (self.file.u64(at), self.file.u64(at + 24)) else { return };
            if base < last_end || size == 0 || base.checked_add(size).is_none() {
                self.wrong(at, || {
                    format!("the mapping at {base:#x} is empty, out of order, or wraps around")
                });
            }
            last_end = base.saturating_add(size);
        }
    }
}
