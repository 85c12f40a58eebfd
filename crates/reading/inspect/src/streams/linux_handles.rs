//! This system's stream 0x57450003: what Linux knows of each file descriptor.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let header = u64::from(bytes.u32(4).unwrap_or_default());
    let entry_bytes = u64::from(bytes.u32(8).unwrap_or_default());
    let count = u64::from(bytes.u32(12).unwrap_or_default());
    let entries = Entries { bytes: bytes.from(header.max(16)), count, entry_bytes };
    Record::new(bytes)
        .u32("version", 0)
        .list(file, "descriptors", &entries, |entry| descriptor(file, entry))
        .done()
}

fn descriptor<'a>(file: &File<'a>, entry: Bytes<'a>) -> Value {
    let string = |at: u64| entry.u32(at).map(|offset| file.string(u64::from(offset)));
    Record::new(entry)
        .u64("descriptor", 0)
        .named32("kind", 8, kind)
        .maybe("name", string(56))
        .maybe("peer", string(60))
        .maybe("open_flags", octal(entry, 12))
        .u64("offset", 16)
        .maybe("mode", octal(entry, 24))
        .hex64("device", 32)
        .u64("inode", 40)
        .u64("size", 48)
        .done()
}

/// Numbers that people know in octal.
fn octal(entry: Bytes<'_>, at: u64) -> Option<Value> {
    entry.u32(at).map(|number| Value::Text(format!("{number:#o}")))
}

const fn kind(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "File",
        1 => "Directory",
        2 => "CharacterDevice",
        3 => "BlockDevice",
        4 => "Pipe",
        5 => "Socket",
        6 => "Memfd",
        7 => "Event",
        8 => "Epoll",
        9 => "Timer",
        10 => "Signal",
        11 => "Process",
        12 => "Other",
        _ => return None,
    })
}
