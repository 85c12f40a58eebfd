//! `ThreadListStream`: one record per thread, its registers and its stack. The stack's bytes are part of the memory list.

use wer_snapshot::{ProcessSnapshot, ThreadSnapshot};

use crate::context::context_of;
use crate::copy::CopiedMemory;
use crate::flags::stream;
use crate::layout::{Layout, Location, Put, clamp_u32};
use crate::plan::PlannedThread;
use crate::range::Range;
use crate::streams::memory_list;

const HEADER_BYTES: usize = 4;
const THREAD_BYTES: usize = 48;

/// Bytes that the stream will take.
pub(crate) const fn stream_bytes(threads: usize) -> usize {
    HEADER_BYTES + threads * THREAD_BYTES
}

/// Appends one thread's context; an empty one without a thread.
pub(crate) fn write_context(layout: &mut Layout, thread: Option<&ThreadSnapshot>) -> Location {
    layout.align(16);
    layout.section(&context_of(thread))
}

/// Writes the list; `contexts` are those of `threads`, memory begins at `base` in the file.
pub(crate) fn write(
    layout: &mut Layout,
    snapshot: &ProcessSnapshot,
    threads: &[PlannedThread],
    contexts: &[Location],
    memory: &CopiedMemory,
    base: u64,
) {
    let mut list = Vec::with_capacity(stream_bytes(threads.len()));
    list.put_u32(clamp_u32(contexts.len()));
    for (planned, context) in threads.iter().zip(contexts) {
        let Some(thread) = snapshot.threads.get(planned.index) else { continue };
        list.put_u32(thread.tid);
        list.put_u32(0);
        list.put_u32(0);
        list.put_u32(thread.priority as u32);
        list.put_u64(thread.registers.as_ref().map_or(0, |registers| registers.fs_base));
        put_stack(&mut list, planned.stack, memory, base);
        list.put_location(*context);
    }
    layout.stream(stream::THREAD_LIST, &list);
}

/// The stack's descriptor. Beyond 4 GiB only its address can be given; readers then look in the memory list.
fn put_stack(list: &mut Vec<u8>, stack: Option<Range>, memory: &CopiedMemory, base: u64) {
    let run = stack.and_then(|stack| memory.find(stack));
    list.put_u64(run.map_or(0, |run| run.start));
    list.put_location(run.and_then(|run| memory_list::location(&run, base)).unwrap_or_default());
}
