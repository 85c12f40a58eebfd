//! What a dump holds, and whether ours holds at least what the peer's does: a smaller dump is no faster dump.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use minidump::{
    Minidump, MinidumpMiscInfo, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadList, Module,
};

const PAGE_BYTES: u64 = 4096;

/// One thread's stack in a dump.
#[derive(Clone, Copy, Debug)]
struct Stack {
    start: u64,
    end: u64,
    pointer: u64,
}

/// What a dump holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: usize,
    stacks: BTreeMap<u32, Stack>,
    /// First address, and first address after it.
    modules: BTreeMap<u64, u64>,
}

impl Held {
    /// Reads a dump with the `minidump` crate.
    pub(crate) fn read(file: &[u8]) -> Result<Self> {
        let dump = Minidump::read(file)?;
        let system = dump.get_stream::<MinidumpSystemInfo>().context("no system info")?;
        let misc = dump.get_stream::<MinidumpMiscInfo>().ok();
        let threads = dump.get_stream::<MinidumpThreadList>().context("no threads")?;
        let modules = dump.get_stream::<MinidumpModuleList>().context("no modules")?;
        let mut stacks = BTreeMap::new();
        for thread in &threads.threads {
            let context = thread.context(&system, misc.as_ref()).context("a thread without registers")?;
            let start = thread.raw.stack.start_of_memory_range;
            let end = start + u64::from(thread.raw.stack.memory.data_size);
            stacks.insert(thread.raw.thread_id, Stack { start, end, pointer: context.get_stack_pointer() });
        }
        let range = |module: &minidump::MinidumpModule| {
            (module.base_address(), module.base_address().saturating_add(module.size()))
        };
        let modules = modules.iter().map(range).collect();
        Ok(Self { bytes: file.len(), stacks, modules })
    }

    /// Bytes of all stacks.
    pub(crate) fn stack_bytes(&self) -> u64 {
        self.stacks.values().map(|stack| stack.end - stack.start).sum()
    }

    pub(crate) fn threads(&self) -> usize {
        self.stacks.len()
    }

    pub(crate) fn modules(&self) -> usize {
        self.modules.len()
    }

    /// Whether this dump holds at least what another, of the same process a moment earlier or later, does: its threads,
    /// its modules, and every stack from the page of the stack pointer (which has moved meanwhile) to the same end.
    pub(crate) fn holds_at_least(&self, peer: &Self) -> Result<()> {
        for base in peer.modules.keys() {
            // A file whose segments leave a gap between them is one module of ours and two of the peer's.
            let ours = self.modules.range(..=base).next_back();
            ensure!(ours.is_some_and(|(_, end)| base < end), "the module at {base:#x} is missing");
        }
        for (tid, theirs) in &peer.stacks {
            let ours = self.stacks.get(tid).with_context(|| format!("thread {tid} is missing"))?;
            let from_pointer = ours.start <= ours.pointer & !(PAGE_BYTES - 1);
            ensure!(from_pointer && ours.end >= theirs.end, "the stack of thread {tid} is cut");
        }
        Ok(())
    }
}
