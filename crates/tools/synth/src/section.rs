//! Bytes that grow field by field.

/// A part of a dump that is being written. All numbers are little endian.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    bytes: Vec<u8>,
}

impl Section {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends 8 bits.
    #[must_use]
    pub fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }

    /// Appends 16 bits.
    #[must_use]
    pub fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends 32 bits.
    #[must_use]
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends 64 bits.
    #[must_use]
    pub fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends several numbers of 32 bits.
    #[must_use]
    pub fn u32s(self, values: &[u32]) -> Self {
        values.iter().fold(self, |section, value| section.u32(*value))
    }

    /// Appends several numbers of 64 bits.
    #[must_use]
    pub fn u64s(self, values: &[u64]) -> Self {
        values.iter().fold(self, |section, value| section.u64(*value))
    }

    /// Appends UTF-16 without a terminator.
    #[must_use]
    pub fn utf16(self, text: &str) -> Self {
        text.encode_utf16().fold(self, |section, unit| section.u16(unit))
    }

    /// Appends UTF-16 in fixed room, the rest of it zero.
    #[must_use]
    pub fn utf16_in(self, text: &str, units: usize) -> Self {
        let end = self.bytes.len() + units * 2;
        self.utf16(text).zeros_to(end)
    }

    /// Appends zeros until the section has `size` bytes; one that is longer is cut.
    #[must_use]
    pub fn zeros_to(mut self, size: usize) -> Self {
        self.bytes.resize(size, 0);
        self
    }

    /// Appends `count` zeros.
    #[must_use]
    pub fn zeros(self, count: usize) -> Self {
        let size = self.bytes.len() + count;
        self.zeros_to(size)
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl From<&[u8]> for Section {
    fn from(bytes: &[u8]) -> Self {
        Self::new().bytes(bytes)
    }
}
