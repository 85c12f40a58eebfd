//! `CONTEXT` of x86-64: 1,232 bytes, and behind them, where bit 0x40 says so, the extended state.

use super::{registers, wide, xstate};
use crate::bytes::Bytes;
use crate::context::XStateLayout;
use crate::record::Record;
use crate::value::Value;

/// Bytes of the classic context.
pub(super) const CONTEXT_BYTES: u64 = 1_232;
const FLAGS: u64 = 0x30;
/// The image that `fxsave` writes.
pub(super) const FXSAVE: u64 = 0x100;
pub(super) const XMM: u64 = FXSAVE + 160;
pub(super) const HAS_XSTATE: u32 = 0x0010_0040;
const FLOATING_POINT: u32 = 0x0010_0008;
const DEBUG_REGISTERS: u32 = 0x0010_0010;

const FLAG_NAMES: &[(u64, &str)] = &[
    (0x10_0001, "control"),
    (0x10_0002, "integer"),
    (0x10_0004, "segments"),
    (0x10_0008, "floating point"),
    (0x10_0010, "debug registers"),
    (0x10_0020, "breakpad xstate"),
    (0x10_0040, "xstate"),
    (0x10_0000, "AMD64"),
];
const GENERAL: [&str; 17] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip",
];
const SEGMENTS: [&str; 6] = ["cs", "ds", "es", "fs", "gs", "ss"];
const DEBUG: [&str; 6] = ["dr0", "dr1", "dr2", "dr3", "dr6", "dr7"];
const ST: [&str; 8] = ["st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7"];
pub(super) const XMM_NAMES: [&str; 16] = [
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
    "xmm12", "xmm13", "xmm14", "xmm15",
];

pub(super) fn read(bytes: Bytes<'_>, layout: &XStateLayout) -> Option<Value> {
    if bytes.len() < CONTEXT_BYTES {
        return None;
    }
    let flags = bytes.u32(FLAGS)?;
    let has = |part: u32| flags & part == part;
    let mut general = registers(bytes, 0x78, 8, &GENERAL);
    general.extend(registers(bytes, 0x44, 4, &["eflags"]));
    let mut record = Record::new(bytes)
        .with("bytes", Value::Number(bytes.len()))
        .mask32("flags", FLAGS, FLAG_NAMES)
        .with("registers", Value::Registers(general))
        .with("segments", Value::Registers(registers(bytes, 0x38, 2, &SEGMENTS)));
    if has(DEBUG_REGISTERS) {
        record = record.with("debug", Value::Registers(registers(bytes, 0x48, 8, &DEBUG)));
    }
    if has(FLOATING_POINT) {
        record = record
            .hex32("mxcsr", 0x34)
            .with("x87", x87(bytes))
            .with("xmm", wide(bytes, XMM, 16, 16, &XMM_NAMES));
    }
    if has(HAS_XSTATE) && bytes.len() > CONTEXT_BYTES {
        record = record.with("xstate", xstate::read(bytes, layout));
    }
    Some(record.done())
}

fn x87(bytes: Bytes<'_>) -> Value {
    let mut fields = registers(bytes, FXSAVE, 2, &["control", "status", "tag", "opcode"]);
    if let Value::Registers(stack) = wide(bytes, FXSAVE + 32, 10, 16, &ST) {
        fields.extend(stack);
    }
    Value::Registers(fields)
}
