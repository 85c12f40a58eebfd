//! Stream 17: times, start address and affinity of threads.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::names::THREAD_INFO_FLAGS;
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(0).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(12)), count, entry_bytes };
    let read = |entry: Bytes<'a>| {
        Record::new(entry)
            .u32("thread_id", 0)
            .mask32("dump_flags", 4, THREAD_INFO_FLAGS)
            .hex32("dump_error", 8)
            .hex32("exit_status", 12)
            .filetime("create_time", 16)
            .filetime("exit_time", 24)
            .u64("kernel_time_100ns", 32)
            .u64("user_time_100ns", 40)
            .address("start_address", 48)
            .hex64("affinity", 56)
            .done()
    };
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_entry", 4)
        .list(file, "threads", &entries, read)
        .done()
}
