//! Strings, and places that descriptors name.

use crate::checker::Checker;
use crate::limits::MAX_STRING_BYTES;
use crate::violation::Kind;

impl Checker<'_> {
    /// A `MINIDUMP_STRING`.
    pub(crate) fn string(&mut self, offset: u64) {
        self.aligned(offset, 4, "string");
        let Some(length) = self.file.u32(offset).map(u64::from) else {
            self.wrong(Kind::OutOfRange, offset, || "a string reaches beyond the file".to_owned());
            return;
        };
        if !length.is_multiple_of(2) || length > MAX_STRING_BYTES {
            self.wrong(Kind::String, offset, || format!("a string of {length} bytes"));
            return;
        }
        // What is behind a string without a terminator is not the string's.
        let terminated = self.file.u16(offset + 4 + length) == Some(0);
        if self.own(offset, 4 + length + if terminated { 2 } else { 0 }, "string") && !terminated {
            self.wrong(Kind::Terminator, offset, || "a string has no terminator".to_owned());
        }
    }

    /// The string that a 32-bit offset names; 0 names none.
    pub(crate) fn optional_string(&mut self, at: u64) {
        if let Some(offset) = self.file.u32(at).filter(|offset| *offset != 0) {
            self.string(u64::from(offset));
        }
    }

    /// A string of Crashpad: UTF-8.
    pub(crate) fn utf8_string(&mut self, offset: u64) {
        self.aligned(offset, 4, "string");
        let Some(length) = self.file.u32(offset).map(u64::from) else {
            self.wrong(Kind::OutOfRange, offset, || "a string reaches beyond the file".to_owned());
            return;
        };
        if length > MAX_STRING_BYTES {
            self.wrong(Kind::String, offset, || format!("a string of {length} bytes"));
        } else if self.own(offset, 4 + length + 1, "string") {
            let text = self.file.slice(offset + 4, length + 1).unwrap_or_default();
            let end = text.last().copied();
            let utf8 = !self.takes_text(length) || str::from_utf8(text).is_ok();
            if end != Some(0) {
                self.wrong(Kind::Terminator, offset, || "a string has no terminator".to_owned());
            }
            if !utf8 {
                self.wrong(Kind::String, offset, || "a string is not UTF-8".to_owned());
            }
        }
    }

    /// The place that a location descriptor names, owned by `what`; `None` for none, or one that is not in the file.
    pub(crate) fn located(&mut self, at: u64, what: &'static str) -> Option<(u64, u64)> {
        let size = u64::from(self.file.u32(at)?);
        let offset = u64::from(self.file.u32(at + 4)?);
        if size == 0 {
            return None;
        }
        self.aligned(offset, 4, what);
        self.own(offset, size, what).then_some((offset, size))
    }

    /// A text in fixed room of `units` UTF-16 units must end within it.
    pub(crate) fn fixed_text(&mut self, at: u64, units: u64, what: &str) {
        let ends = (0..units).any(|index| self.file.u16(at + index * 2) == Some(0));
        if !ends {
            self.wrong(Kind::Terminator, at, || format!("the {what} has no terminator"));
        }
    }
}
