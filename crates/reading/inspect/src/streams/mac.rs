//! Mozilla's streams of macOS dumps: what `__crash_info` sections held, and the kernel's boot arguments.

use crate::bytes::Bytes;
use crate::file::File;
use crate::record::Record;
use crate::streams::module_list::until_nul;
use crate::value::Value;

const MAX_RECORDS: u64 = 20;
const STRINGS: [&str; 5] = ["module", "message", "signature", "backtrace", "message2"];

pub(super) fn read_crash_info<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let count = bytes.u32(4).map_or(0, u64::from).min(MAX_RECORDS);
    let start = bytes.u32(8).map_or(0, u64::from);
    let records = (0..count).map(|index| match file.location(bytes, 12 + index * 8) {
        None => Value::Nothing,
        Some(Ok(record)) => crash_info(file, record, start),
        Some(Err(reason)) => Value::Unreadable(reason),
    });
    Record::new(bytes).u32("count", 4).with("records", Value::List(records.collect())).done()
}

/// Numbers first, then texts one after another.
fn crash_info<'a>(file: &File<'a>, bytes: Bytes<'a>, strings_at: u64) -> Value {
    let mut record = Record::new(bytes.upto(0, strings_at))
        .u64("version", 8)
        .hex64("thread", 16)
        .hex64("dialog_mode", 24)
        .hex64("abort_cause", 32);
    let mut rest = bytes.from(strings_at);
    for name in STRINGS {
        let text = until_nul(rest);
        record = record.with(name, file.utf8(text));
        rest = rest.from(text.len() + 1);
    }
    record.done()
}

pub(super) fn read_boot_arguments<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    bytes.u64(4).map_or(Value::Nothing, |offset| file.string(offset))
}
