//! The part of Crashpad's stream that its modules fill: annotations in three forms.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::streams::crashpad::{dictionary, located};
use crate::value::Value;

const LINK_BYTES: u64 = 12;
const ANNOTATION_BYTES: u64 = 12;
const STRING: u16 = 1;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = counted(bytes, LINK_BYTES);
    Record::new(bytes).list(file, "modules", &entries, |link| module(file, link)).done()
}

fn counted(bytes: Bytes<'_>, entry_bytes: u64) -> Entries<'_> {
    Entries { bytes: bytes.from(4), count: bytes.u32(0).map_or(0, u64::from), entry_bytes }
}

fn module<'a>(file: &File<'a>, link: Bytes<'a>) -> Value {
    let record = Record::new(link).u32("module_index", 0);
    match file.location(link, 4) {
        None => record.done(),
        Some(Err(reason)) => record.with("info", Value::Unreadable(reason)).done(),
        Some(Ok(info)) => record
            .maybe("version", info.u32(0).map(|version| Value::Number(u64::from(version))))
            .with("list_annotations", located(file, info, 4, texts))
            .with("simple_annotations", located(file, info, 12, dictionary))
            .with("annotations", located(file, info, 20, annotations))
            .done(),
    }
}

/// A list of offsets of strings.
fn texts<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let read = |entry: Bytes<'a>| file.utf8_string(entry.u32(0).map_or(0, u64::from));
    Record::new(bytes).list(file, "texts", &counted(bytes, 4), read).done()
}

fn annotations<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let read = |entry: Bytes<'a>| {
        let kind = entry.u16(4).unwrap_or_default();
        let name = entry.u32(0).map(|offset| file.utf8_string(u64::from(offset)));
        Record::new(entry)
            .maybe("name", name)
            .with("type", Value::named(u64::from(kind), (kind == STRING).then_some("string")))
            .with("value", value(file, entry, kind))
            .done()
    };
    Record::new(bytes).list(file, "entries", &counted(bytes, ANNOTATION_BYTES), read).done()
}

/// A byte array: text where its type says so.
fn value<'a>(file: &File<'a>, entry: Bytes<'a>, kind: u16) -> Value {
    match file.counted(entry.u32(8).map_or(0, u64::from), 4) {
        Ok(None) => Value::Nothing,
        Ok(Some(bytes)) if kind == STRING => file.utf8(bytes),
        Ok(Some(bytes)) => file.raw(bytes),
        Err(reason) => Value::Unreadable(reason),
    }
}
