//! Streams 3 and 8: threads with their stacks and registers.

use crate::bytes::Bytes;
use crate::context;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const THREAD_BYTES: u64 = 48;
const THREAD_EX_BYTES: u64 = 64;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries::after_count(bytes, THREAD_BYTES);
    Record::new(bytes).list(file, "threads", &entries, |entry| thread(file, entry).done()).done()
}

pub(super) fn read_ex<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries::after_count(bytes, THREAD_EX_BYTES);
    let read = |entry: Bytes<'a>| {
        let store = memory(Record::new(entry), THREAD_BYTES);
        thread(file, entry).with("backing_store", store).done()
    };
    Record::new(bytes).list(file, "threads", &entries, read).done()
}

fn thread<'a>(file: &File<'a>, entry: Bytes<'a>) -> Record<'a> {
    Record::new(entry)
        .u32("thread_id", 0)
        .u32("suspend_count", 4)
        .hex32("priority_class", 8)
        .i32("priority", 12)
        .address("teb", 16)
        .with("stack", memory(Record::new(entry), 24))
        .with("context", context::at(file, entry, 40))
}

/// A memory descriptor.
fn memory(record: Record<'_>, at: u64) -> Value {
    record.address("address", at).u32("size", at + 8).hex32("offset", at + 12).done()
}
