//! Stream 13: function tables that a process made at run time.

use crate::bytes::Bytes;
use crate::file::File;
use crate::record::Record;
use crate::value::Value;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let size = |at: u64| u64::from(bytes.u32(at).unwrap_or_default());
    let [header, descriptor, native, function, count, header_pad] = [0, 4, 8, 12, 16, 20].map(size);
    let mut rest = bytes.from(header.max(24).saturating_add(header_pad));
    let mut tables = Vec::new();
    let shown = file.shown(count);
    while tables.len() < shown && descriptor >= 32 && rest.len() >= descriptor {
        let functions = u64::from(rest.u32(24).unwrap_or_default());
        let pad = u64::from(rest.u32(28).unwrap_or_default());
        tables.push(
            Record::new(rest)
                .address("minimum_address", 0)
                .address("maximum_address", 8)
                .address("base_address", 16)
                .u32("functions", 24)
                .done(),
        );
        let behind = functions.saturating_mul(function).saturating_add(native).saturating_add(pad);
        rest = rest.from(descriptor.saturating_add(behind));
    }
    let left_out = count.saturating_sub(tables.len() as u64);
    Record::new(bytes)
        .u32("size_of_header", 0)
        .u32("size_of_descriptor", 4)
        .u32("size_of_native_descriptor", 8)
        .u32("size_of_function_entry", 12)
        .u32("count", 16)
        .with("tables", Value::List(tables))
        .maybe("left_out", (left_out > 0).then_some(Value::Number(left_out)))
        .done()
}
