//! Breakpad's streams 0x47670001 and 2: which threads were involved, and an assertion.

use crate::bytes::Bytes;
use crate::record::Record;
use crate::value::Value;

const VALIDITY: &[(u64, &str)] = &[(1, "dump thread"), (2, "requesting thread")];

pub(super) fn read_info(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .mask32("valid", 0, VALIDITY)
        .u32("dump_thread_id", 4)
        .u32("requesting_thread_id", 8)
        .done()
}

pub(super) fn read_assertion(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .utf16("expression", 0, 256)
        .utf16("function", 256, 256)
        .utf16("file", 512, 256)
        .u32("line", 768)
        .named32("type", 772, |code| match code {
            0 => Some("unknown"),
            1 => Some("invalid parameter"),
            2 => Some("pure virtual call"),
            _ => None,
        })
        .done()
}
