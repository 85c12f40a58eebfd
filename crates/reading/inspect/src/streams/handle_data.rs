//! Stream 12: handles; on Linux, file descriptors.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::limits::MAX_OBJECT_INFORMATION;
use crate::names::object_information;
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(0).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(16)), count, entry_bytes };
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_descriptor", 4)
        .list(file, "handles", &entries, |entry| handle(file, entry))
        .done()
}

fn handle<'a>(file: &File<'a>, entry: Bytes<'a>) -> Value {
    let string = |at: u64| entry.u32(at).map(|offset| file.string(u64::from(offset)));
    let information = entry.u32(32).filter(|offset| *offset != 0);
    Record::new(entry)
        .maybe("handle", entry.u64(0).map(Value::Hex))
        .maybe("type", string(8))
        .maybe("name", string(12))
        .hex32("attributes", 16)
        .hex32("granted_access", 20)
        .u32("handle_count", 24)
        .u32("pointer_count", 28)
        .maybe("object_information", information.map(|offset| chain(file, offset)))
        .done()
}

/// Blocks of information, each naming the next.
fn chain(file: &File<'_>, first: u32) -> Value {
    let mut blocks = Vec::new();
    let mut offset = u64::from(first);
    while offset != 0 && blocks.len() < MAX_OBJECT_INFORMATION && file.shown(1) == 1 {
        let block = file.bytes.from(offset);
        let (Some(next), Some(size)) = (block.u32(0), block.u32(8)) else {
            blocks.push(Value::Unreadable(format!("what is at {offset:#x} reaches beyond the file")));
            break;
        };
        let data = block.upto(12, u64::from(size));
        let record = Record::new(block).named32("type", 4, object_information).u32("size", 8);
        blocks.push(record.with("data", file.raw(data)).done());
        offset = u64::from(next);
    }
    Value::List(blocks)
}
