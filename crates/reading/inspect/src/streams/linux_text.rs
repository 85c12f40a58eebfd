//! Breakpad's copies of files of `/proc`.

use crate::bytes::Bytes;
use crate::file::{Entries, File};
use crate::names::auxv;
use crate::record::Record;
use crate::value::Value;

const PAIR_BYTES: u64 = 16;

/// Texts with a NUL between them: arguments, environment.
pub(super) fn read_nul_separated<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let whole = bytes.0.strip_suffix(b"\0").unwrap_or(bytes.0);
    if whole.is_empty() {
        return Value::List(Vec::new());
    }
    let count = whole.iter().filter(|byte| **byte == 0).count() as u64 + 1;
    let shown = file.shown(count);
    let parts = whole.split(|byte| *byte == 0).take(shown);
    let mut values: Vec<Value> = parts.map(|part| file.utf8(Bytes(part))).collect();
    if (shown as u64) < count {
        values.push(Value::Unreadable(format!("{} more are left out", count - shown as u64)));
    }
    Value::List(values)
}

/// The auxiliary vector, up to its end mark.
pub(super) fn read_auxv<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let entries = Entries { bytes, count: bytes.len() / PAIR_BYTES, entry_bytes: PAIR_BYTES };
    let read = |entry: Bytes<'a>| {
        let key = entry.u64(0).map(|key| Value::named(key, auxv(key)));
        Record::new(entry).maybe("key", key).hex64("value", 8).done()
    };
    Record::new(bytes).list(file, "entries", &entries, read).done()
}
