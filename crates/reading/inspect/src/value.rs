//! The tree: what was read from a dump, with names, before it becomes text or JSON.

/// A named value.
pub type Field = (&'static str, Value);

/// One value of a dump.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// There is none.
    Nothing,
    /// A count, size or id: decimal.
    Number(u64),
    /// A signed number.
    Signed(i64),
    /// Yes or no.
    Truth(bool),
    /// A 64-bit address: 16 hex digits in text; a string in JSON, as all hex numbers are, because readers of JSON lose bits.
    Address(u64),
    /// A code, mask or offset: hex digits.
    Hex(u64),
    /// A code and the name that it has, e.g. 9 and "AMD64".
    Named(u64, String),
    /// Text of the dump. It may hold anything.
    Text(String),
    /// Several lines of the dump's text.
    Lines(String),
    /// A JSON document of the dump.
    Json(serde_json::Value),
    /// Bytes without a known form, and how many there are; they may be cut.
    Bytes(Vec<u8>, u64),
    /// A register of more than 64 bits, its bytes in memory order.
    Wide(Vec<u8>),
    /// Named values.
    Record(Vec<Field>),
    /// Named numbers that people read side by side: registers.
    Registers(Vec<Field>),
    /// Values of one kind.
    List(Vec<Value>),
    /// What should be there but cannot be read, as a sentence without a full stop.
    Unreadable(String),
}

impl Value {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A code with a name where it has one, else the bare code.
    #[must_use]
    pub fn named(code: u64, name: Option<&str>) -> Self {
        name.map_or(Self::Hex(code), |name| Self::Named(code, name.to_owned()))
    }

    /// The value of that name in a record.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let (Self::Record(fields) | Self::Registers(fields)) = self else { return None };
        fields.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The values of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// Whether it fits on a line with others.
    pub(crate) fn is_flat(&self) -> bool {
        if matches!(self, Self::List(values) if values.is_empty()) {
            return true;
        }
        !matches!(self, Self::Record(_) | Self::Registers(_) | Self::List(_) | Self::Lines(_) | Self::Json(_))
            && !matches!(self, Self::Bytes(bytes, _) if bytes.len() > 16)
    }
}
