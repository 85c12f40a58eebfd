//! `CONTEXT` of 32-bit x86: 716 bytes.

use super::{registers, wide};
use crate::bytes::Bytes;
use crate::record::Record;
use crate::value::Value;

const CONTEXT_BYTES: u64 = 716;
const EXTENDED_REGISTERS: u32 = 0x0001_0020;
/// In the extended registers, an image of `fxsave`.
const XMM: u64 = 204 + 160;

const FLAG_NAMES: &[(u64, &str)] = &[
    (0x1_0001, "control"),
    (0x1_0002, "integer"),
    (0x1_0004, "segments"),
    (0x1_0008, "floating point"),
    (0x1_0010, "debug registers"),
    (0x1_0020, "extended registers"),
    (0x1_0040, "xstate"),
    (0x1_0000, "i386"),
];
const GENERAL: [&str; 12] =
    ["edi", "esi", "ebx", "edx", "ecx", "eax", "ebp", "eip", "cs", "eflags", "esp", "ss"];
const XMM_NAMES: [&str; 8] = ["xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"];

pub(super) fn read(bytes: Bytes<'_>) -> Option<Value> {
    if bytes.len() < CONTEXT_BYTES {
        return None;
    }
    let flags = bytes.u32(0)?;
    let mut record = Record::new(bytes)
        .with("bytes", Value::Number(bytes.len()))
        .mask32("flags", 0, FLAG_NAMES)
        .with("registers", Value::Registers(registers(bytes, 156, 4, &GENERAL)))
        .with("segments", Value::Registers(registers(bytes, 140, 4, &["gs", "fs", "es", "ds"])))
        .with("debug", Value::Registers(registers(bytes, 4, 4, &["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"])));
    if flags & EXTENDED_REGISTERS == EXTENDED_REGISTERS {
        record = record.with("xmm", wide(bytes, XMM, 16, 16, &XMM_NAMES));
    }
    Some(record.done())
}
