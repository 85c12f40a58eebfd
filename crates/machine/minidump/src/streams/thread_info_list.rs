//! `ThreadInfoListStream`: times, start address and affinity of threads, where the type asks for them.

use wer_snapshot::ProcessSnapshot;

use crate::flags::{stream, thread_write};
use crate::layout::{Layout, Put, clamp_u32};
use crate::plan::PlannedThread;

const HEADER_BYTES: usize = 12;
const ENTRY_BYTES: usize = 64;
const EXITED_THREAD: u32 = 0x4;
const INVALID_CONTEXT: u32 = 0x10;
/// `STILL_ACTIVE`: what `GetExitCodeThread` says of a running thread.
const STILL_ACTIVE: u32 = 259;
/// A thread's times are in units of 100 ns.
const TICKS_PER_MS: u64 = 10_000;
const TICK_NS: u64 = 100;
/// From 1601-01-01, where `FILETIME` begins, to 1970-01-01, in units of 100 ns.
const UNIX_EPOCH_TICKS: u64 = 116_444_736_000_000_000;

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, threads: &[PlannedThread]) {
    let wanted = threads.iter().filter(|planned| planned.flags & thread_write::THREAD_INFO != 0);
    let mut entries = Vec::with_capacity(threads.len() * ENTRY_BYTES);
    for thread in wanted.filter_map(|planned| snapshot.threads.get(planned.index)) {
        let details = thread.details.unwrap_or_default();
        let mut flags = if thread.registers.is_some() { 0 } else { INVALID_CONTEXT };
        flags |= if matches!(details.state, b'Z' | b'X') { EXITED_THREAD } else { 0 };
        entries.put_u32(thread.tid);
        entries.put_u32(flags);
        entries.put_u32(0);
        entries.put_u32(if flags & EXITED_THREAD == 0 { STILL_ACTIVE } else { 0 });
        entries.put_u64(file_time(details.create_time_unix_ns));
        entries.put_u64(0);
        entries.put_u64(thread.kernel_time_ms.saturating_mul(TICKS_PER_MS));
        entries.put_u64(thread.user_time_ms.saturating_mul(TICKS_PER_MS));
        entries.put_u64(details.start_address);
        entries.put_u64(details.affinity);
    }
    let mut list = Vec::with_capacity(HEADER_BYTES + entries.len());
    list.put_u32(HEADER_BYTES as u32);
    list.put_u32(ENTRY_BYTES as u32);
    list.put_u32(clamp_u32(entries.len() / ENTRY_BYTES));
    list.extend_from_slice(&entries);
    layout.stream(stream::THREAD_INFO_LIST, &list);
}

const fn file_time(unix_ns: u64) -> u64 {
    if unix_ns == 0 { 0 } else { unix_ns / TICK_NS + UNIX_EPOCH_TICKS }
}
