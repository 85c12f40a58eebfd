//! Header and directory, and one stream at a time: a dump of any size is read without holding more than one stream's tree.

use core::fmt;

use crate::bytes::Bytes;
use crate::context::XStateLayout;
use crate::file::{File, Platform, Stream};
use crate::limits::MAX_STREAMS;
use crate::names::{DUMP_FLAGS, stream_name};
use crate::record::Record;
use crate::streams;
use crate::value::Value;

const HEADER_BYTES: u64 = 32;
const ENTRY_BYTES: u64 = 12;
const SIGNATURE: u32 = 0x504D_444D;
const SYSTEM_INFO: u32 = 7;
const MISC_INFO: u32 = 15;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Long lists and texts whole, up to the limits.
    pub everything: bool,
}

/// Bytes that are no minidump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Shorter than a header.
    #[error("it has {0} bytes and a minidump's header has 32; perhaps it was cut")]
    TooShort(usize),
    /// Another signature.
    #[error("it does not start with \"MDMP\", so it is no minidump, or one whose writing did not end")]
    NotADump,
    /// Written by a machine of the other byte order.
    #[error("it is a minidump of a big-endian machine, and those are not read")]
    BigEndian,
}

/// One entry of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position in the directory, from 0.
    pub index: usize,
    /// The stream's type.
    pub kind: u32,
    /// Where it begins in the file.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
}

impl Entry {
    /// The type's name, e.g. "ThreadListStream".
    #[must_use]
    pub fn name(&self) -> &'static str {
        stream_name(self.kind).unwrap_or("(unknown)")
    }

    /// The entry as a tree.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::Record(vec![
            ("index", Value::Number(self.index as u64)),
            ("type", Value::Hex(u64::from(self.kind))),
            ("name", Value::text(self.name())),
            ("offset", Value::Hex(u64::from(self.offset))),
            ("size", Value::Number(u64::from(self.size))),
        ])
    }
}

/// A dump's header and directory, and the way to its streams.
pub struct Inspector<'a> {
    file: File<'a>,
    entries: Vec<Entry>,
}

impl fmt::Debug for Inspector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl<'a> Inspector<'a> {
    /// Reads header and directory; a directory that is cut is read as far as it goes.
    ///
    /// # Errors
    /// [`InspectError`]: this is no minidump.
    pub fn open(bytes: &'a [u8], options: Options) -> Result<Self, InspectError> {
        let mut file = File::new(bytes, options);
        if file.bytes.len() < HEADER_BYTES {
            return Err(InspectError::TooShort(bytes.len()));
        }
        match file.bytes.u32(0) {
            Some(SIGNATURE) => {}
            Some(other) if other.swap_bytes() == SIGNATURE => return Err(InspectError::BigEndian),
            _ => return Err(InspectError::NotADump),
        }
        let entries = directory(file.bytes);
        let find = |kind| {
            let entry = entries.iter().find(|entry: &&Entry| entry.kind == kind)?;
            Some(file.bytes.upto(u64::from(entry.offset), u64::from(entry.size)))
        };
        let system = find(SYSTEM_INFO).unwrap_or_default();
        let xstate = find(MISC_INFO).and_then(XStateLayout::read).unwrap_or_default();
        file.processor = system.u16(0).unwrap_or(0xFFFF);
        file.platform = system.u32(20).map_or(Platform::Unknown, Platform::of);
        file.xstate = xstate;
        Ok(Self { file, entries })
    }

    /// The directory's entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries that a person means by a type's number (`6`, `0x47670009`), its name (`ExceptionStream`), or its name without
    /// "Stream" and "List", in upper or lower case, of one or of many (`modules`).
    #[must_use]
    pub fn find(&self, wanted: &str) -> Vec<Entry> {
        let plain = |name: &str| {
            let mut plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            plain.make_ascii_lowercase();
            for end in ["stream", "list", "s"] {
                plain.truncate(plain.strip_suffix(end).unwrap_or(&plain).len());
            }
            plain
        };
        let number = match wanted.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => wanted.parse().ok(),
        };
        let is_meant = |entry: &&Entry| match number {
            Some(number) => entry.kind == number,
            None => stream_name(entry.kind).is_some_and(|name| plain(name) == plain(wanted)),
        };
        self.entries.iter().filter(is_meant).copied().collect()
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> Value {
        let bytes = self.file.bytes;
        let version = u64::from(bytes.u32(4).unwrap_or_default());
        let listed = self.entries.len() as u64;
        let said = u64::from(bytes.u32(8).unwrap_or_default());
        Record::new(bytes.upto(0, HEADER_BYTES))
            .with("file_bytes", Value::Number(bytes.len()))
            .with("version", Value::Hex(version & 0xFFFF))
            .with("implementation_version", Value::Hex(version >> 16))
            .u32("number_of_streams", 8)
            .maybe(
                "missing_streams",
                (listed < said).then(|| Value::Unreadable(format!("only {listed} of them are read"))),
            )
            .hex32("directory_offset", 12)
            .hex32("checksum", 16)
            .unix32("time", 20)
            .mask64("flags", 24, DUMP_FLAGS)
            .done()
    }

    /// A stream's bytes as they are; as many as there are, if the file was cut.
    #[must_use]
    pub fn raw(&self, entry: &Entry) -> &'a [u8] {
        self.file.bytes.upto(u64::from(entry.offset), u64::from(entry.size)).0
    }

    /// A stream's content.
    #[must_use]
    pub fn stream(&self, entry: &Entry) -> Value {
        self.file.next_stream();
        let bytes = Bytes(self.raw(entry));
        let missing = u64::from(entry.size) - bytes.len();
        let content = streams::read(&self.file, Stream { kind: entry.kind, bytes });
        if missing == 0 || entry.kind == 0 {
            return content;
        }
        let cut = Value::Unreadable(format!("{missing} of the stream's bytes are beyond the file's end"));
        match content {
            Value::Record(mut fields) => {
                fields.push(("cut", cut));
                Value::Record(fields)
            }
            content => Value::Record(vec![("content", content), ("cut", cut)]),
        }
    }

    /// Memory of the process as the dump holds it, at most `length` bytes from `address`, from as many of its ranges as touch
    /// one another; empty where the dump has none.
    #[must_use]
    pub fn memory(&self, address: u64, length: u64) -> Vec<u8> {
        crate::memory::read(self, address, length)
    }
}

impl<'a> Inspector<'a> {
    pub(crate) const fn file_bytes(&self) -> Bytes<'a> {
        self.file.bytes
    }
}

fn directory(file: Bytes<'_>) -> Vec<Entry> {
    let count = file.u32(8).unwrap_or_default().min(MAX_STREAMS);
    let start = u64::from(file.u32(12).unwrap_or_default());
    (0..count as usize)
        .map_while(|index| {
            let at = start + index as u64 * ENTRY_BYTES;
            Some(Entry { index, kind: file.u32(at)?, size: file.u32(at + 4)?, offset: file.u32(at + 8)? })
        })
        .collect()
}
