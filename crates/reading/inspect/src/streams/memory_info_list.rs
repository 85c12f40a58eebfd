//! Stream 16: the process's mappings.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::names::{PROTECTION, memory_kind, memory_state};
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(0).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(4).unwrap_or_default());
    let count = bytes.u64(8).unwrap_or_default();
    let entries = Entries { bytes: bytes.from(header.max(16)), count, entry_bytes };
    let sizes =
        entries.iter().filter(|entry| entry.u32(32) == Some(0x1000)).filter_map(|entry| entry.u64(24));
    let committed = sizes.fold(0, u64::saturating_add);
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_entry", 4)
        .with("committed_bytes", Value::Number(committed))
        .list(file, "mappings", &entries, mapping)
        .done()
}

fn mapping(entry: Bytes<'_>) -> Value {
    Record::new(entry)
        .address("base", 0)
        .u64("size", 24)
        .named32("state", 32, memory_state)
        .mask32("protection", 36, PROTECTION)
        .named32("type", 40, memory_kind)
        .address("allocation_base", 8)
        .mask32("allocation_protection", 16, PROTECTION)
        .done()
}
