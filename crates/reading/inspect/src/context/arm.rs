//! Contexts of ARM, 64-bit in today's and in Breakpad's former form, and 32-bit.

use super::registers;
use crate::bytes::Bytes;
use crate::record::Record;
use crate::value::Value;

const ARM64_BYTES: u64 = 912;
const ARM64_OLD_BYTES: u64 = 276;
const ARM_BYTES: u64 = 72;

const X: [&str; 33] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr",
    "sp", "pc",
];
const R: [&str; 16] =
    ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"];

pub(super) fn read64(bytes: Bytes<'_>) -> Option<Value> {
    let mut all = registers(bytes, 8, 8, &X);
    all.extend(registers(bytes, 4, 4, &["cpsr"]));
    context(bytes, ARM64_BYTES, all)
}

pub(super) fn read64_old(bytes: Bytes<'_>) -> Option<Value> {
    let mut all = registers(bytes, 8, 8, &X);
    all.extend(registers(bytes, 272, 4, &["cpsr"]));
    context(bytes, ARM64_OLD_BYTES, all)
}

pub(super) fn read32(bytes: Bytes<'_>) -> Option<Value> {
    let mut all = registers(bytes, 4, 4, &R);
    all.extend(registers(bytes, 68, 4, &["cpsr"]));
    context(bytes, ARM_BYTES, all)
}

fn context(bytes: Bytes<'_>, least: u64, all: Vec<crate::value::Field>) -> Option<Value> {
    let record = Record::new(bytes).with("bytes", Value::Number(bytes.len())).hex32("flags", 0);
    (bytes.len() >= least).then(|| record.with("registers", Value::Registers(all)).done())
}
