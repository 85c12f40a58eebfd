//! This system's stream 0x57450001: memory that the application had registered.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(4).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(8).unwrap_or_default());
    let count = u64::from(bytes.u32(12).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(16)), count, entry_bytes };
    let read = |entry: Bytes<'a>| {
        Record::new(entry)
            .u64("sequence", 0)
            .address("address", 8)
            .u32("size", 16)
            .u32("present_bytes", 20)
            .done()
    };
    Record::new(bytes).u32("version", 0).list(file, "blocks", &entries, read).done()
}
