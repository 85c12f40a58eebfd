//! Stream 19: whose rights the process had. The entries' data is JSON where this system wrote it, else bytes: what Windows
//! puts there has no public form.

use crate::bytes::Bytes;
use crate::file::File;
use crate::record::Record;
use crate::streams::wer_info;
use crate::value::Value;

const ELEMENT_HEADER_BYTES: u64 = 16;
/// The id of an entry of this system.
const LINUX: u32 = 0x8000_0001;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let count = bytes.u32(4).map_or(0, u64::from);
    let list_header = bytes.u32(8).map_or(0, u64::from).max(16);
    let element_header = bytes.u32(12).map_or(0, u64::from).max(ELEMENT_HEADER_BYTES);
    let mut rest = bytes.from(list_header);
    let mut tokens = Vec::new();
    let shown = file.shown(count);
    while tokens.len() < shown && rest.len() >= element_header {
        let size = u64::from(rest.u32(0).unwrap_or_default()).max(element_header);
        let data = rest.upto(0, size).from(element_header);
        tokens.push(token(file, rest, data));
        rest = rest.from(size);
    }
    let missing = count.saturating_sub(tokens.len() as u64);
    Record::new(bytes)
        .u32("size", 0)
        .u32("count", 4)
        .with("tokens", Value::List(tokens))
        .maybe("missing", (missing > 0).then_some(Value::Number(missing)))
        .done()
}

fn token<'a>(file: &File<'a>, header: Bytes<'a>, data: Bytes<'a>) -> Value {
    let linux = header.u32(4) == Some(LINUX);
    let content = if linux { wer_info::json(file, data) } else { file.raw(data) };
    Record::new(header)
        .u32("size", 0)
        .named32("id", 4, |id| (id == u64::from(LINUX)).then_some("Linux"))
        .hex64("handle", 8)
        .with("data", content)
        .done()
}
