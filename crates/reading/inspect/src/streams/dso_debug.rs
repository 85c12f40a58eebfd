//! Breakpad's stream 0x4767000A: the dynamic loader's list of libraries, of 64-bit processes.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const HEADER_BYTES: u64 = 36;
const LINK_BYTES: u64 = 20;
const DYNAMIC_BYTES: u64 = 16;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let list = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let links = Entries { bytes: file.bytes.from(list), count, entry_bytes: LINK_BYTES };
    let dynamic = bytes.from(HEADER_BYTES);
    let tags = Entries { bytes: dynamic, count: dynamic.len() / DYNAMIC_BYTES, entry_bytes: DYNAMIC_BYTES };
    let link = |entry: Bytes<'a>| {
        let name = entry.u32(8).map(|offset| file.string(u64::from(offset)));
        Record::new(entry).address("base", 0).address("dynamic", 12).maybe("name", name).done()
    };
    let tag = |entry: Bytes<'a>| Record::new(entry).hex64("tag", 0).hex64("value", 8).done();
    Record::new(bytes)
        .u32("version", 0)
        .address("break", 12)
        .address("loader_base", 20)
        .address("dynamic", 28)
        .list(file, "libraries", &links, link)
        .with("dynamic_section", Record::new(dynamic).list(file, "entries", &tags, tag).done())
        .done()
}
