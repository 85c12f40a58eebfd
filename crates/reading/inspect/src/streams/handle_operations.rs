//! Stream 18: who opened and closed handles, where the application verifier watched.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const ADDRESSES: u64 = 32;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(0).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(16)), count, entry_bytes };
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_entry", 4)
        .list(file, "operations", &entries, operation)
        .done()
}

fn operation(entry: Bytes<'_>) -> Value {
    let depth = u64::from(entry.u32(24).unwrap_or_default()).min(ADDRESSES);
    let addresses = (0..depth).filter_map(|index| entry.u64(32 + index * 8)).map(Value::Address);
    Record::new(entry)
        .hex64("handle", 0)
        .u32("process_id", 8)
        .u32("thread_id", 12)
        .named32("operation", 16, |code| match code {
            1 => Some("open"),
            2 => Some("close"),
            3 => Some("bad reference"),
            _ => None,
        })
        .u32("backtrace_index", 28)
        .with("return_addresses", Value::List(addresses.collect()))
        .done()
}
