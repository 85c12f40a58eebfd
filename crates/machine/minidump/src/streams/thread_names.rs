//! `ThreadNamesStream`: threads that have a name.

use wer_snapshot::ProcessSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::plan::PlannedThread;

const ENTRY_BYTES: usize = 12;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, threads: &[PlannedThread]) {
    let mut entries = Vec::with_capacity(threads.len() * ENTRY_BYTES);
    for thread in threads.iter().filter_map(|thread| snapshot.threads.get(thread.index)) {
        if !thread.name.is_empty() {
            entries.put_u32(thread.tid);
            entries.put_u64(u64::from(layout.string(&thread.name)));
        }
    }
    if entries.is_empty() {
        return;
    }
    let mut list = Vec::with_capacity(4 + entries.len());
    list.put_u32(clamp_u32(entries.len() / ENTRY_BYTES));
    list.extend_from_slice(&entries);
    layout.stream(stream::THREAD_NAMES, &list);
}
