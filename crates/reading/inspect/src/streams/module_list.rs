//! Stream 4: modules with their debug records.

use crate::bytes::Bytes;
use crate::file::{Entries, File, Platform};
use crate::json::hex;
use crate::record::Record;
use crate::value::Value;

const MODULE_BYTES: u64 = 108;
const PDB70: u32 = 0x5344_5352;
const PDB20: u32 = 0x3031_424E;
const ELF: u32 = 0x4270_454C;
const VERSION_SIGNATURE: u32 = 0xFEEF_04BD;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries::after_count(bytes, MODULE_BYTES);
    Record::new(bytes).list(file, "modules", &entries, |entry| module(file, entry)).done()
}

fn module<'a>(file: &File<'a>, entry: Bytes<'a>) -> Value {
    let name = entry.u32(20).map(|offset| file.string(u64::from(offset)));
    Record::new(entry)
        .maybe("name", name)
        .address("base", 0)
        .u32("size", 8)
        .hex32("checksum", 12)
        .unix32("time", 16)
        .with("version", version(file, entry))
        .with("debug", located(file, entry, 76, codeview))
        .with("misc", located(file, entry, 84, |file, bytes| file.raw(bytes)))
        .done()
}

/// File and product version, where the record has its signature.
fn version(file: &File<'_>, entry: Bytes<'_>) -> Value {
    if entry.u32(24) != Some(VERSION_SIGNATURE) {
        return Value::Nothing;
    }
    let dotted = |at: u64| {
        let (high, low) = (entry.u32(at).unwrap_or_default(), entry.u32(at + 4).unwrap_or_default());
        format!("{}.{}.{}.{}", high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
    };
    // Writers of ELF modules put four whole numbers where Windows has eight halves.
    let whole = |at: u64| entry.u32(at).unwrap_or_default();
    let words = format!("{}.{}.{}.{}", whole(32), whole(36), whole(40), whole(44));
    Record::new(entry)
        .with("file", Value::Text(dotted(32)))
        .with("product", Value::Text(dotted(40)))
        .maybe("as_four_words", (file.platform == Platform::Linux).then_some(Value::Text(words)))
        .done()
}

fn located<'a>(
    file: &File<'a>,
    entry: Bytes<'a>,
    at: u64,
    read: impl FnOnce(&File<'a>, Bytes<'a>) -> Value,
) -> Value {
    match file.location(entry, at) {
        None => Value::Nothing,
        Some(Ok(bytes)) => read(file, bytes),
        Some(Err(reason)) => Value::Unreadable(reason),
    }
}

fn codeview<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let form = |name: &str| Value::Named(u64::from(bytes.u32(0).unwrap_or_default()), name.to_owned());
    match bytes.u32(0) {
        Some(PDB70) => Record::new(bytes)
            .with("form", form("PDB 7.0"))
            .maybe("guid", guid(bytes, 4))
            .u32("age", 20)
            .with("file", file.utf8(until_nul(bytes.from(24))))
            .done(),
        Some(PDB20) => Record::new(bytes)
            .with("form", form("PDB 2.0"))
            .u32("offset", 4)
            .hex32("signature", 8)
            .u32("age", 12)
            .with("file", file.utf8(until_nul(bytes.from(16))))
            .done(),
        Some(ELF) => Record::new(bytes)
            .with("form", form("BpEL build id"))
            .with("build_id", Value::Text(hex(bytes.upto(4, 256).0.iter())))
            .done(),
        _ => file.raw(bytes),
    }
}

pub(super) fn until_nul(bytes: Bytes<'_>) -> Bytes<'_> {
    let end = bytes.0.iter().position(|byte| *byte == 0).unwrap_or(bytes.0.len());
    Bytes(bytes.0.get(..end).unwrap_or_default())
}

/// A GUID as it is written.
pub(super) fn guid(bytes: Bytes<'_>, at: u64) -> Option<Value> {
    let (first, second, third) = (bytes.u32(at)?, bytes.u16(at + 4)?, bytes.u16(at + 6)?);
    let clock = hex(bytes.slice(at + 8, 2)?.0.iter());
    let node = hex(bytes.slice(at + 10, 6)?.0.iter());
    Some(Value::Text(format!("{first:08x}-{second:04x}-{third:04x}-{clock}-{node}")))
}
