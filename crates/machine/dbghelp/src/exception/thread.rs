//! Which thread an exception belongs to, where its caller named none.

use wer_snapshot::{MemoryReader, ProcessSnapshot};

use super::ExceptionInformation;

impl ExceptionInformation {
    /// The same with a thread, if it has none (0): the one on whose stack the exception's stack pointer lies, else the
    /// first. Nothing is believed of what the process holds: at worst it is another one of its threads.
    #[must_use]
    pub fn on_thread_of_its_stack(mut self, memory: &dyn MemoryReader, snapshot: &ProcessSnapshot) -> Self {
        let (Self::Values { thread_id, .. } | Self::Client { thread_id, .. }) = &self;
        if *thread_id != 0 {
            return self;
        }
        let context = self.read(memory).ok().and_then(|exception| exception.context);
        let found = context.and_then(|context| thread_at(snapshot, context.rsp));
        let found = found.or_else(|| snapshot.threads.first().map(|thread| thread.tid)).unwrap_or(0);
        let (Self::Values { thread_id, .. } | Self::Client { thread_id, .. }) = &mut self;
        *thread_id = found;
        self
    }
}

/// The thread whose stack pointer lies in the same mapping.
fn thread_at(snapshot: &ProcessSnapshot, stack_pointer: u64) -> Option<u32> {
    let stack = snapshot.region_at(stack_pointer)?;
    let is_there = |at: u64| (stack.start..stack.end).contains(&at);
    let mut threads = snapshot.threads.iter();
    let found = threads.find(|thread| thread.registers.is_some_and(|registers| is_there(registers.rsp)))?;
    Some(found.tid)
}
