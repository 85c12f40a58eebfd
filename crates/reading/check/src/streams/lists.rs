//! Lists of threads, modules, names and mappings.

use crate::checker::{Checker, SizedList, Stream};
use crate::violation::Kind;

const THREAD_BYTES: u64 = 48;
const THREAD_EX_BYTES: u64 = 64;
const MODULE_BYTES: u64 = 108;
const NAME_BYTES: u64 = 12;
const VERSION_SIGNATURE: u32 = 0xFEEF_04BD;
const ELF_RECORD: u32 = 0x4270_454C;

impl Checker<'_> {
    pub(crate) fn thread_list(&mut self, stream: Stream) {
        let entries = self.plain_list(stream, THREAD_BYTES, "thread list");
        for at in &entries {
            if let (Some(tid), Some(context)) = (self.file.u32(*at), self.context_at(at + 40)) {
                self.threads.push((tid, context));
            }
            self.thread_stack(at + 24);
        }
        self.unique_ids(&entries, "thread list");
    }

    pub(crate) fn thread_ex_list(&mut self, stream: Stream) {
        let entries = self.plain_list(stream, THREAD_EX_BYTES, "extended thread list");
        for at in &entries {
            self.context_at(at + 40);
            self.thread_stack(at + 24);
        }
        self.unique_ids(&entries, "extended thread list");
    }

    /// Entries that begin with a thread's id: each thread once.
    fn unique_ids(&mut self, entries: &[u64], what: &str) {
        let mut ids: Vec<(u32, u64)> =
            entries.iter().filter_map(|at| Some((self.file.u32(*at)?, *at))).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            if let [(first, _), (second, at)] = pair
                && first == second
            {
                self.wrong(Kind::Duplicate, *at, || format!("thread {first} is twice in the {what}"));
            }
        }
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
            skip < run.size && size <= run.size - skip && run.offset.saturating_add(skip) == offset
        });
        if found.is_none() {
            self.wrong(Kind::Stack, at, || format!("the stack at {address:#x} is not in the memory list"));
        }
    }

    pub(crate) fn module_list(&mut self, stream: Stream) {
        for at in self.plain_list(stream, MODULE_BYTES, "module list") {
            self.module(at);
        }
    }

    fn module(&mut self, at: u64) -> Option<()> {
        let base = self.file.u64(at)?;
        let size = u64::from(self.file.u32(at + 8)?);
        if base.checked_add(size).is_none() {
            self.wrong(Kind::Value, at, || format!("the module at {base:#x} wraps around"));
        }
        let name = self.file.u32(at + 20)?;
        self.string(u64::from(name));
        if !matches!(self.file.u32(at + 24)?, 0 | VERSION_SIGNATURE) {
            self.wrong(Kind::Value, at + 24, || "the version has no signature".to_owned());
        }
        if let Some((record, size)) = self.located(at + 76, "debug record") {
            let elf = size > 4 && self.file.u32(record) == Some(ELF_RECORD);
            if self.ours && !elf {
                self.wrong(Kind::Value, record, || "the module's record is no BpEL build id".to_owned());
            }
        }
        self.located(at + 84, "misc record");
        Some(())
    }

    pub(crate) fn unloaded_modules(&mut self, stream: Stream) {
        for at in self.sized_list(stream, SizedList::usual(12, 24), "unloaded module list") {
            if let Some(name) = self.file.u32(at + 20) {
                self.string(u64::from(name));
            }
        }
    }

    pub(crate) fn thread_names(&mut self, stream: Stream) {
        let entries = self.plain_list(stream, NAME_BYTES, "thread name list");
        for at in &entries {
            if let Some(name) = self.file.u64(at + 4).filter(|name| self.ours || *name != 0) {
                self.string(name);
            }
        }
        self.unique_ids(&entries, "thread name list");
    }

    pub(crate) fn thread_info_list(&mut self, stream: Stream) {
        let entries = self.sized_list(stream, SizedList::usual(12, 64), "thread info list");
        self.unique_ids(&entries, "thread info list");
    }

    pub(crate) fn memory_info_list(&mut self, stream: Stream) {
        let form = SizedList { header: 16, entry: 48, places: (0, 4, 8), count_is_64_bit: true };
        let mut last_end = 0;
        for at in self.sized_list(stream, form, "memory info list") {
            let (Some(base), Some(size)) = (self.file.u64(at), self.file.u64(at + 24)) else { return };
            let end = base.checked_add(size);
            if size == 0 || end.is_none() {
                self.wrong(Kind::Memory, at, || format!("the mapping at {base:#x} is empty or wraps around"));
            } else if base < last_end {
                self.wrong(Kind::Order, at, || {
                    format!("the mapping at {base:#x} is out of order, or on the one before")
                });
            }
            let state = self.file.u32(at + 32).unwrap_or_default();
            if !matches!(state, 0x1000 | 0x2000 | 0x1_0000) {
                self.wrong(Kind::Value, at + 32, || format!("a mapping of state {state:#x}"));
            }
            last_end = end.unwrap_or(u64::MAX);
        }
    }
}
