//! Little-endian numbers by offset; `None` beyond the end.

/// A part of the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) const fn len(self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn slice(self, offset: u64, size: u64) -> Option<Self> {
        let start = usize::try_from(offset).ok()?;
        let end = usize::try_from(offset.checked_add(size)?).ok()?;
        self.0.get(start..end).map(Self)
    }

    /// Everything from `offset`; empty beyond the end.
    pub(crate) fn from(self, offset: u64) -> Self {
        Self(usize::try_from(offset).ok().and_then(|start| self.0.get(start..)).unwrap_or(&[]))
    }

    /// At most `size` bytes from `offset`.
    pub(crate) fn upto(self, offset: u64, size: u64) -> Self {
        let rest = self.from(offset);
        rest.slice(0, size).unwrap_or(rest)
    }

    fn array<const N: usize>(self, offset: u64) -> Option<[u8; N]> {
        self.from(offset).0.first_chunk().copied()
    }

    pub(crate) fn u8(self, offset: u64) -> Option<u8> {
        self.from(offset).0.first().copied()
    }

    pub(crate) fn u16(self, offset: u64) -> Option<u16> {
        self.array(offset).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(self, offset: u64) -> Option<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    pub(crate) fn i32(self, offset: u64) -> Option<i32> {
        self.array(offset).map(i32::from_le_bytes)
    }

    pub(crate) fn u64(self, offset: u64) -> Option<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }

    /// A number of 1, 2, 4 or 8 bytes.
    pub(crate) fn number(self, offset: u64, width: u64) -> Option<u64> {
        match width {
            1 => self.u8(offset).map(u64::from),
            2 => self.u16(offset).map(u64::from),
            4 => self.u32(offset).map(u64::from),
            _ => self.u64(offset),
        }
    }

    /// UTF-16 text of at most `size` bytes, up to its terminator.
    pub(crate) fn utf16(self, offset: u64, size: u64) -> Option<String> {
        let units = self.slice(offset, size)?.0.chunks_exact(2);
        let units: Vec<u16> = units
            .map(|unit| unit.iter().rev().fold(0, |value, byte| value << 8 | u16::from(*byte)))
            .collect();
        let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
        Some(String::from_utf16_lossy(units.get(..end).unwrap_or_default()))
    }
}
