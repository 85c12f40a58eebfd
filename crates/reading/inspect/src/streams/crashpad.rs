//! Crashpad's stream 0x43500001: ids, annotations, and what its modules say.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::streams::crashpad_modules;
use crate::streams::module_list::guid;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    Record::new(bytes)
        .u32("version", 0)
        .maybe("report_id", guid(bytes, 4))
        .maybe("client_id", guid(bytes, 20))
        .with("simple_annotations", located(file, bytes, 36, dictionary))
        .with("modules", located(file, bytes, 44, crashpad_modules::read))
        .hex64("address_mask", 56)
        .done()
}

/// What a location descriptor names; nothing where it names nothing.
pub(super) fn located<'a>(
    file: &File<'a>,
    bytes: Bytes<'a>,
    at: u64,
    read: impl FnOnce(&File<'a>, Bytes<'a>) -> Value,
) -> Value {
    match file.location(bytes, at) {
        None => Value::Nothing,
        Some(Ok(bytes)) => read(file, bytes),
        Some(Err(reason)) => Value::Unreadable(reason),
    }
}

/// A `MinidumpSimpleStringDictionary`.
pub(super) fn dictionary<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries { bytes: bytes.from(4), count: bytes.u32(0).map_or(0, u64::from), entry_bytes: 8 };
    let read = |entry: Bytes<'a>| {
        let text = |at: u64| entry.u32(at).map(|offset| file.utf8_string(u64::from(offset)));
        Record::new(entry).maybe("key", text(0)).maybe("value", text(4)).done()
    };
    Record::new(bytes).list(file, "entries", &entries, read).done()
}
