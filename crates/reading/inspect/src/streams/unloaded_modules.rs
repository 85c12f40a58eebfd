//! Stream 14: modules that are gone.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(0).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(12)), count, entry_bytes };
    let read = |entry: Bytes<'a>| {
        let name = entry.u32(20).map(|offset| file.string(u64::from(offset)));
        Record::new(entry)
            .address("base", 0)
            .u32("size", 8)
            .hex32("checksum", 12)
            .unix32("time", 16)
            .maybe("name", name)
            .done()
    };
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_entry", 4)
        .list(file, "modules", &entries, read)
        .done()
}
