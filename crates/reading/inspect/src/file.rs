//! The dump as the readers of streams see it: its bytes, what kind of machine it is of, and how much may still be shown.

use crate::budget::Budget;
use crate::bytes::Bytes;
use crate::context::XStateLayout;
use crate::inspector::Options;
use crate::limits::{
    JSON_MEMORY_RATIO, MAX_CONTEXTS, MAX_ENTRIES, MAX_ENTRIES_TOTAL, MAX_RAW_BYTES, MAX_STRING_BYTES,
    MAX_TEXT_TOTAL_BYTES, SHARES_IN_ALL, SHOWN_ENTRIES, SHOWN_RAW_BYTES, SHOWN_TEXT_BYTES,
};
use crate::record::Record;
use crate::value::Value;

/// Whose conventions the dump follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Platform {
    #[default]
    Unknown,
    Windows,
    Linux,
    Mac,
}

impl Platform {
    pub(crate) const fn of(platform_id: u32) -> Self {
        match platform_id {
            1..=3 => Self::Windows,
            0x8101 | 0x8102 => Self::Mac,
            0x8201 | 0x8203 => Self::Linux,
            _ => Self::Unknown,
        }
    }
}

/// A stream's bytes and where they begin in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) kind: u32,
    pub(crate) bytes: Bytes<'a>,
}

/// The file while one stream of it is read.
pub(crate) struct File<'a> {
    pub(crate) bytes: Bytes<'a>,
    pub(crate) platform: Platform,
    /// `PROCESSOR_ARCHITECTURE_...`.
    pub(crate) processor: u16,
    pub(crate) xstate: XStateLayout,
    everything: bool,
    text: Budget,
    entries: Budget,
    contexts: Budget,
}

impl<'a> File<'a> {
    pub(crate) fn new(bytes: &'a [u8], options: Options) -> Self {
        Self {
            bytes: Bytes(bytes),
            platform: Platform::default(),
            processor: 0xFFFF,
            xstate: XStateLayout::default(),
            everything: options.everything,
            text: budget(MAX_TEXT_TOTAL_BYTES),
            entries: budget(MAX_ENTRIES_TOTAL),
            contexts: budget(MAX_CONTEXTS),
        }
    }

    /// The next stream has room of its own.
    pub(crate) fn next_stream(&self) {
        self.text.next_share();
        self.entries.next_share();
        self.contexts.next_share();
    }

    /// Whether one more context may be set out.
    pub(crate) fn takes_context(&self) -> bool {
        self.contexts.take(1) == 1
    }

    /// Whether a JSON document of that size may be held.
    pub(crate) fn takes_json(&self, bytes: usize) -> bool {
        let memory = bytes.saturating_mul(JSON_MEMORY_RATIO);
        self.text.take(memory) == memory
    }

    /// At most that many bytes, as far as there is room left for text.
    fn spend(&self, bytes: &'a [u8], limit: usize) -> &'a [u8] {
        let shown = self.text.take(bytes.len().min(limit));
        bytes.get(..shown).unwrap_or_default()
    }

    /// How many of `count` entries are shown.
    pub(crate) fn shown(&self, count: u64) -> usize {
        let limit = if self.everything { MAX_ENTRIES } else { SHOWN_ENTRIES };
        self.entries.take(usize::try_from(count).unwrap_or(usize::MAX).min(limit))
    }

    /// The bytes that a location descriptor (size, offset) names; `None` where it names none.
    pub(crate) fn location(&self, descriptor: Bytes<'_>, at: u64) -> Option<Result<Bytes<'a>, String>> {
        let (size, offset) = (u64::from(descriptor.u32(at)?), u64::from(descriptor.u32(at + 4)?));
        if size == 0 {
            return None;
        }
        let bytes = self.bytes.slice(offset, size);
        Some(bytes.ok_or_else(|| format!("{size} bytes at {offset:#x} reach beyond the file")))
    }

    /// A `MINIDUMP_STRING`; offset 0 is none.
    pub(crate) fn string(&self, offset: u64) -> Value {
        match self.counted(offset, 4) {
            Ok(None) => Value::Nothing,
            Ok(Some(bytes)) => {
                let shown = Bytes(self.spend(bytes.0, MAX_STRING_BYTES));
                // A writer that counts the terminator is read like one that does not.
                let text = shown.utf16(0, shown.len() & !1).unwrap_or_default();
                Value::Text(text)
            }
            Err(reason) => Value::Unreadable(reason),
        }
    }

    /// A string of Crashpad: length, then UTF-8.
    pub(crate) fn utf8_string(&self, offset: u64) -> Value {
        match self.counted(offset, 4) {
            Ok(None) => Value::Nothing,
            Ok(Some(bytes)) => self.utf8(bytes),
            Err(reason) => Value::Unreadable(reason),
        }
    }

    /// A 32-bit size and that many bytes.
    pub(crate) fn counted(&self, offset: u64, header: u64) -> Result<Option<Bytes<'a>>, String> {
        if offset == 0 {
            return Ok(None);
        }
        let beyond = || format!("what is at {offset:#x} reaches beyond the file");
        let size = self.bytes.u32(offset).ok_or_else(beyond)?;
        self.bytes.slice(offset.saturating_add(header), u64::from(size)).map(Some).ok_or_else(beyond)
    }

    /// A short text of the given bytes.
    pub(crate) fn utf8(&self, bytes: Bytes<'a>) -> Value {
        Value::Text(String::from_utf8_lossy(self.spend(bytes.0, MAX_STRING_BYTES)).into_owned())
    }

    /// UTF-16 text of many lines, up to its terminator.
    pub(crate) fn utf16_lines(&self, bytes: Bytes<'a>) -> Value {
        let shown = Bytes(self.spend(bytes.0, MAX_TEXT_TOTAL_BYTES));
        Value::Lines(shown.utf16(0, shown.len() & !1).unwrap_or_default())
    }

    /// A text of many lines; cut unless everything is asked for.
    pub(crate) fn lines(&self, bytes: Bytes<'a>) -> Value {
        let limit = if self.everything { usize::MAX } else { SHOWN_TEXT_BYTES };
        let shown = self.spend(bytes.0, limit);
        let mut text = String::from_utf8_lossy(shown).into_owned();
        if shown.len() < bytes.0.len() {
            text.push_str(&format!("\n... {} more bytes", bytes.0.len() - shown.len()));
        }
        Value::Lines(text)
    }

    /// Bytes without a known form; cut unless everything is asked for.
    pub(crate) fn raw(&self, bytes: Bytes<'a>) -> Value {
        let limit = if self.everything { MAX_RAW_BYTES } else { SHOWN_RAW_BYTES };
        Value::Bytes(self.spend(bytes.0, limit).to_vec(), bytes.len())
    }
}

const fn budget(share: usize) -> Budget {
    Budget::new(share, share * SHARES_IN_ALL)
}

/// A list's place in a stream.
pub(crate) struct Entries<'a> {
    /// From the first entry to the stream's end.
    pub(crate) bytes: Bytes<'a>,
    /// How many the stream says there are.
    pub(crate) count: u64,
    /// Bytes of one.
    pub(crate) entry_bytes: u64,
}

impl<'a> Entries<'a> {
    /// A 32-bit count, then entries; some writers align these to 8 bytes.
    pub(crate) fn after_count(stream: Bytes<'a>, entry_bytes: u64) -> Self {
        let count = u64::from(stream.u32(0).unwrap_or_default());
        let padded = stream.len() == 8 + count * entry_bytes;
        Self { bytes: stream.from(if padded { 8 } else { 4 }), count, entry_bytes }
    }

    /// How many entries the stream has room for, at most what it says.
    pub(crate) fn present(&self) -> u64 {
        self.bytes.len().checked_div(self.entry_bytes).unwrap_or_default().min(self.count)
    }

    /// Every entry that is there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Bytes<'a>> + use<'a> {
        let (bytes, size) = (self.bytes, self.entry_bytes);
        (0..self.present()).map(move |index| bytes.upto(index * size, size))
    }
}

impl<'a> Record<'a> {
    /// Adds a list: how many entries it says it has, those that are shown, and how many are left out or missing.
    pub(crate) fn list(
        self,
        file: &File<'a>,
        name: &'static str,
        entries: &Entries<'a>,
        mut read: impl FnMut(Bytes<'a>) -> Value,
    ) -> Self {
        let shown = file.shown(entries.present());
        let values = entries.iter().take(shown).map(&mut read).collect();
        let left_out = entries.present() - shown as u64;
        let missing = entries.count - entries.present();
        let record = self.with("count", Value::Number(entries.count)).with(name, Value::List(values));
        record
            .maybe("left_out", (left_out > 0).then_some(Value::Number(left_out)))
            .maybe("missing", (missing > 0).then(|| missing_entries(missing)))
    }
}

fn missing_entries(missing: u64) -> Value {
    Value::Unreadable(format!("the stream is too short for {missing} of them"))
}
