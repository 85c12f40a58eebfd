//! `ProcessVmCountersStream` in its second form: the process's memory use. What Windows counts and Linux does not, pool
//! quotas and jobs, is 0 and not flagged.

use wer_snapshot::VmCounters;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};

const STREAM_BYTES: usize = 152;
const REVISION: u16 = 2;
/// `MINIDUMP_PROCESS_VM_COUNTERS`, `_VIRTUALSIZE`, `_EX`.
const FLAGS: u16 = 0x1 | 0x2 | 0x4;
/// Of the four pool quotas.
const QUOTA_BYTES: usize = 32;

pub(crate) fn write(layout: &mut Layout, counters: &VmCounters) {
    let mut list = Vec::with_capacity(STREAM_BYTES);
    list.put_u16(REVISION);
    list.put_u16(FLAGS);
    list.put_u32(clamp_u32(usize::try_from(counters.page_fault_count).unwrap_or(usize::MAX)));
    list.put_u64(counters.peak_resident_bytes);
    list.put_u64(counters.resident_bytes);
    list.put_zeros(QUOTA_BYTES);
    // What the process may take of memory and swap together.
    list.put_u64(counters.private_bytes);
    list.put_u64(counters.private_bytes);
    list.put_u64(counters.peak_virtual_bytes);
    list.put_u64(counters.virtual_bytes);
    list.put_u64(counters.private_bytes);
    list.put_zeros(STREAM_BYTES - list.len());
    layout.stream(stream::PROCESS_VM_COUNTERS, &list);
}
