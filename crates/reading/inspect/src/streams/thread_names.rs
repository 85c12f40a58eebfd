//! Stream 24: threads by name.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const ENTRY_BYTES: u64 = 12;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries::after_count(bytes, ENTRY_BYTES);
    let read = |entry: Bytes<'a>| {
        let name = entry.u64(4).map(|offset| file.string(offset));
        Record::new(entry).u32("thread_id", 0).maybe("name", name).done()
    };
    Record::new(bytes).list(file, "threads", &entries, read).done()
}
