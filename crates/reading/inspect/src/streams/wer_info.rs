//! This system's stream 0x57450002: one JSON object.

use serde_json::Value as Json;

use crate::bytes::Bytes;
use crate::file::File;
use crate::value::Value;

/// Beyond this a document stays text.
const MAX_JSON_BYTES: u64 = 4 << 20;

pub(super) fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    json(file, bytes)
}

/// A JSON document; what is none stays text.
pub(super) fn json<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let text = bytes.0.strip_suffix(b"\0").unwrap_or(bytes.0);
    let parsed = (bytes.len() <= MAX_JSON_BYTES && file.takes_json(text.len()))
        .then(|| serde_json::from_slice::<Json>(text).ok())
        .flatten();
    parsed.map_or_else(|| file.lines(Bytes(text)), Value::Json)
}
