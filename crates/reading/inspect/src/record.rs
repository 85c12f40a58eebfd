//! Reads a record's fields by offset. A field beyond the end of the bytes is left out: later versions of a record are
//! longer, and earlier ones are read as far as they go.

use crate::bytes::Bytes;
use crate::time;
use crate::value::{Field, Value};

/// The fields read so far.
pub(crate) struct Record<'a> {
    pub(crate) bytes: Bytes<'a>,
    fields: Vec<Field>,
}

impl<'a> Record<'a> {
    pub(crate) const fn new(bytes: Bytes<'a>) -> Self {
        Self { bytes, fields: Vec::new() }
    }

    pub(crate) fn done(self) -> Value {
        Value::Record(self.fields)
    }

    /// Adds a value made elsewhere.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Adds a value if there is one.
    pub(crate) fn maybe(self, name: &'static str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn number_as(self, name: &'static str, offset: u64, width: u64, make: impl FnOnce(u64) -> Value) -> Self {
        let value = self.bytes.number(offset, width).map(make);
        self.maybe(name, value)
    }

    pub(crate) fn u8(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 1, Value::Number)
    }

    pub(crate) fn u16(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 2, Value::Number)
    }

    pub(crate) fn u32(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 4, Value::Number)
    }

    pub(crate) fn u64(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 8, Value::Number)
    }

    pub(crate) fn i32(self, name: &'static str, offset: u64) -> Self {
        let value = self.bytes.i32(offset).map(|number| Value::Signed(i64::from(number)));
        self.maybe(name, value)
    }

    pub(crate) fn hex32(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 4, Value::Hex)
    }

    pub(crate) fn hex64(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 8, Value::Hex)
    }

    pub(crate) fn address(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 8, Value::Address)
    }

    /// A 32-bit code by its name.
    pub(crate) fn named32(
        self,
        name: &'static str,
        offset: u64,
        name_of: impl FnOnce(u64) -> Option<&'static str>,
    ) -> Self {
        self.number_as(name, offset, 4, |code| Value::named(code, name_of(code)))
    }

    /// A 32-bit mask by the names of its bits.
    pub(crate) fn mask32(self, name: &'static str, offset: u64, bits: &[(u64, &str)]) -> Self {
        self.number_as(name, offset, 4, |mask| mask_value(mask, bits))
    }

    /// A 64-bit mask by the names of its bits.
    pub(crate) fn mask64(self, name: &'static str, offset: u64, bits: &[(u64, &str)]) -> Self {
        self.number_as(name, offset, 8, |mask| mask_value(mask, bits))
    }

    /// Seconds since 1970.
    pub(crate) fn unix32(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 4, time::unix)
    }

    /// 100 ns since 1601.
    pub(crate) fn filetime(self, name: &'static str, offset: u64) -> Self {
        self.number_as(name, offset, 8, time::filetime)
    }

    /// Fixed room for UTF-16 text.
    pub(crate) fn utf16(self, name: &'static str, offset: u64, size: u64) -> Self {
        let value = self.bytes.utf16(offset, size).map(Value::Text);
        self.maybe(name, value)
    }

    /// Several numbers of 4 bytes, one after another.
    pub(crate) fn u32s(mut self, offset: u64, names: &[&'static str]) -> Self {
        for (name, at) in names.iter().zip((offset..).step_by(4)) {
            self = self.u32(name, at);
        }
        self
    }

    /// Several numbers of 8 bytes, one after another.
    pub(crate) fn u64s(mut self, offset: u64, names: &[&'static str]) -> Self {
        for (name, at) in names.iter().zip((offset..).step_by(8)) {
            self = self.u64(name, at);
        }
        self
    }
}

/// A mask with the names of its bits; bits without a name are told as a number.
pub(crate) fn mask_value(mask: u64, bits: &[(u64, &str)]) -> Value {
    let mut names: Vec<&str> =
        bits.iter().filter(|(bit, _)| mask & bit == *bit && *bit != 0).map(|(_, name)| *name).collect();
    let unknown = bits.iter().fold(mask, |left, (bit, _)| left & !bit);
    let rest = format!("{unknown:#x}");
    if unknown != 0 {
        names.push(&rest);
    }
    if names.is_empty() { Value::Hex(mask) } else { Value::Named(mask, names.join(" | ")) }
}
