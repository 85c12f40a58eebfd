//! Streams 5 and 9: which memory of the process is in the dump, and where.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const DESCRIPTOR_BYTES: u64 = 16;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries::after_count(bytes, DESCRIPTOR_BYTES);
    let total = entries.iter().filter_map(|entry| entry.u32(8)).map(u64::from).sum();
    let read =
        |entry: Bytes<'a>| Record::new(entry).address("address", 0).u32("size", 8).hex32("offset", 12).done();
    Record::new(bytes).with("total_bytes", Value::Number(total)).list(file, "ranges", &entries, read).done()
}

pub(super) fn read64<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let count = bytes.u64(0).unwrap_or_default();
    let entries = Entries { bytes: bytes.from(16), count, entry_bytes: DESCRIPTOR_BYTES };
    let sizes = entries.iter().filter_map(|entry| entry.u64(8));
    let total = sizes.fold(0, u64::saturating_add);
    let mut offset = bytes.u64(8).unwrap_or_default();
    let read = |entry: Bytes<'a>| {
        let record = Record::new(entry).address("address", 0).u64("size", 8);
        let record = record.with("offset", Value::Hex(offset));
        offset = offset.saturating_add(entry.u64(8).unwrap_or_default());
        record.done()
    };
    Record::new(bytes)
        .with("total_bytes", Value::Number(total))
        .hex64("first_offset", 8)
        .list(file, "ranges", &entries, read)
        .done()
}
