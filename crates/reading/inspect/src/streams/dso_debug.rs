//! Breakpad's stream 0x4767000A: the dynamic loader's list of libraries, of 64-bit processes. Its records are packed to 4 bytes;
//! Breakpad itself has written them aligned to 8 for some years, which their size tells.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::record::Record;
use crate::value::Value;

const DYNAMIC_BYTES: u64 = 16;

/// Where the fields are: the header's `break`, its size, and a link's size and `dynamic`.
struct Layout {
    addresses_at: u64,
    header_bytes: u64,
    link_bytes: u64,
    link_dynamic_at: u64,
}

const PACKED: Layout = Layout { addresses_at: 12, header_bytes: 36, link_bytes: 20, link_dynamic_at: 12 };
const ALIGNED: Layout = Layout { addresses_at: 16, header_bytes: 40, link_bytes: 24, link_dynamic_at: 16 };

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let is_aligned = bytes.len() % DYNAMIC_BYTES == ALIGNED.header_bytes % DYNAMIC_BYTES;
    let layout = if is_aligned { ALIGNED } else { PACKED };
    let list = u64::from(bytes.u32(4).unwrap_or_default());
    let count = u64::from(bytes.u32(8).unwrap_or_default());
    let links = Entries { bytes: file.bytes.from(list), count, entry_bytes: layout.link_bytes };
    let dynamic = bytes.from(layout.header_bytes);
    let tags = Entries { bytes: dynamic, count: dynamic.len() / DYNAMIC_BYTES, entry_bytes: DYNAMIC_BYTES };
    let link = |entry: Bytes<'a>| {
        let name = entry.u32(8).map(|offset| file.string(u64::from(offset)));
        Record::new(entry)
            .address("base", 0)
            .address("dynamic", layout.link_dynamic_at)
            .maybe("name", name)
            .done()
    };
    let tag = |entry: Bytes<'a>| Record::new(entry).hex64("tag", 0).hex64("value", 8).done();
    Record::new(bytes)
        .u32("version", 0)
        .address("break", layout.addresses_at)
        .address("loader_base", layout.addresses_at + 8)
        .address("dynamic", layout.addresses_at + 16)
        .list(file, "libraries", &links, link)
        .with("dynamic_section", Record::new(dynamic).list(file, "entries", &tags, tag).done())
        .done()
}
