//! The tree as JSON. Keys keep their order; hex numbers are strings.

use core::fmt::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::value::Value;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
            Self::Address(number) | Self::Hex(number) => serializer.collect_str(&format_args!("{number:#x}")),
            Self::Named(code, name) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("code", &format!("{code:#x}"))?;
                map.serialize_entry("name", name)?;
                map.end()
            }
            Self::Text(text) | Self::Lines(text) => serializer.serialize_str(text),
            Self::Json(json) => json.serialize(serializer),
            Self::Bytes(bytes, size) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("size", size)?;
                map.serialize_entry("hex", &hex(bytes.iter()))?;
                map.end()
            }
            Self::Wide(bytes) => serializer.collect_str(&format_args!("0x{}", hex(bytes.iter().rev()))),
            Self::Record(fields) | Self::Registers(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::List(values) => serializer.collect_seq(values),
            Self::Unreadable(reason) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("unreadable", reason)?;
                map.end()
            }
        }
    }
}

/// Hex digits, two for each byte.
pub(crate) fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
