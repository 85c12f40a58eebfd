//! `ThreadListStream`: one record per thread, its registers and its stack; where it is asked for `ThreadExListStream`
//! beside it, the same with a backing store that this processor does not have. The stack's bytes are part of the memory
//! list.

use wer_copy::{Copied, Range};
use wer_snapshot::{ProcessSnapshot, SystemInfo, ThreadSnapshot};

use crate::context::{context_of, extended_context_of};
use crate::flags::stream;
use crate::layout::{Layout, Location, Put, clamp_u32};
use crate::plan::{Content, Known};
use crate::streams::memory_list;

const HEADER_BYTES: usize = 4;
const THREAD_BYTES: usize = 48;
const BACKING_STORE_BYTES: usize = 16;

/// One of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Extended,
}

/// The lists that a dump has.
pub(crate) const fn forms(known: &Known) -> &'static [Form] {
    match (known.content, known.options.extended_thread_list) {
        (Content::RegisteredBlocks, _) => &[],
        (Content::Process, false) => &[Form::Plain],
        (Content::Process, true) => &[Form::Plain, Form::Extended],
    }
}

/// Bytes that the stream will take.
pub(crate) fn stream_bytes(form: Form, threads: usize) -> usize {
    let extra = if form == Form::Extended { BACKING_STORE_BYTES } else { 0 };
    HEADER_BYTES + threads * (THREAD_BYTES + extra)
}

/// Appends one thread's context; an empty one without a thread.
pub(crate) fn write_context(
    layout: &mut Layout,
    thread: Option<&ThreadSnapshot>,
    system: &SystemInfo,
    extended: bool,
) -> Location {
    if extended {
        layout.align(64);
        return layout.section(&extended_context_of(thread, system));
    }
    layout.align(16);
    layout.section(&context_of(thread))
}

/// Writes the list; `contexts` are those of the dump's threads, memory begins at `base` in the file.
pub(crate) fn write(
    layout: &mut Layout,
    form: Form,
    snapshot: &ProcessSnapshot,
    known: &Known,
    contexts: &[Location],
    memory: &Copied,
    base: u64,
) {
    let mut list = Vec::with_capacity(stream_bytes(form, known.threads.len()));
    list.put_u32(clamp_u32(contexts.len()));
    for (planned, context) in known.threads.iter().zip(contexts) {
        let Some(thread) = snapshot.threads.get(planned.index) else { continue };
        list.put_u32(thread.tid);
        list.put_u32(0);
        list.put_u32(0);
        list.put_u32(thread.priority as u32);
        list.put_u64(thread.registers.as_ref().map_or(0, |registers| registers.fs_base));
        put_stack(&mut list, planned.stack, memory, base);
        list.put_location(*context);
        if form == Form::Extended {
            list.put_zeros(BACKING_STORE_BYTES);
        }
    }
    let extended = form == Form::Extended;
    layout.stream(if extended { stream::THREAD_EX_LIST } else { stream::THREAD_LIST }, &list);
}

/// The stack's descriptor. Beyond 4 GiB only its address can be given; readers then look in the memory list.
fn put_stack(list: &mut Vec<u8>, stack: Option<Range>, memory: &Copied, base: u64) {
    let run = stack.and_then(|stack| memory.find(stack));
    list.put_u64(run.map_or(0, |run| run.start));
    list.put_location(run.and_then(|run| memory_list::location(&run, base)).unwrap_or_default());
}
