//! `ThreadInfoListStream`: times of threads, where the type asks for them. Linux keeps no start address and no exit time
//! of a living thread; these are 0.

use wer_snapshot::ProcessSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};
use crate::plan::PlannedThread;

const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 64;
const INVALID_CONTEXT: u32 = 0x10;
/// A thread's times are in units of 100 ns.
const TICKS_PER_MS: u64 = 10_000;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, threads: &[PlannedThread]) {
    let mut list = Vec::with_capacity(HEADER_BYTES + threads.len() * ENTRY_BYTES);
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u32(clamp_u32(threads.len()));
    for thread in threads.iter().filter_map(|thread| snapshot.threads.get(thread.index)) {
        list.put_u32(thread.tid);
        list.put_u32(if thread.registers.is_some() { 0 } else { INVALID_CONTEXT });
        list.put_zeros(24);
        list.put_u64(thread.kernel_time_ms.saturating_mul(TICKS_PER_MS));
        list.put_u64(thread.user_time_ms.saturating_mul(TICKS_PER_MS));
        list.put_zeros(16);
    }
    layout.stream(stream::THREAD_INFO_LIST, &list);
}
