//! Header, directory, and who owns which part of the file.

use crate::bytes::Bytes;
use crate::limits::{MAX_ENTRIES, MAX_EXTENTS, MAX_TEXT_BYTES, MAX_VIOLATIONS};
use crate::violation::{Kind, Violation};

const HEADER_BYTES: u64 = 32;
const ENTRY_BYTES: u64 = 12;
const SIGNATURE: u32 = 0x504D_444D;
const VERSION: u32 = 0xA793;
const SYSTEM_INFO: u32 = 7;
const MISC_INFO: u32 = 15;
const WER_INFO: u32 = 0x5745_0002;

/// Everything that is wrong with a file, at most [`MAX_VIOLATIONS`]; empty = nothing.
#[must_use]
pub fn check(file: &[u8]) -> Vec<Violation> {
    let mut checker = Checker::new(file);
    if let Some(streams) = checker.directory() {
        checker.know(&streams);
        checker.all_streams(&streams);
        checker.overlaps();
    }
    checker.violations
}

/// A part of the file that one thing owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Extent {
    start: u64,
    end: u64,
    what: &'static str,
}

/// Where a stream lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) kind: u32,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// Memory of the process in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryRun {
    pub(crate) address: u64,
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

pub(crate) struct Checker<'a> {
    pub(crate) file: Bytes<'a>,
    extents: Vec<Extent>,
    pub(crate) memory: Vec<MemoryRun>,
    /// Thread ids with the offset of their context.
    pub(crate) threads: Vec<(u32, u64)>,
    /// Whether this system wrote the dump.
    pub(crate) ours: bool,
    /// `PROCESSOR_ARCHITECTURE_...`, where the dump says it.
    pub(crate) processor: Option<u16>,
    /// Parts of the extended state that the dump says its machine has.
    pub(crate) xstate_features: Option<u64>,
    entries_left: u64,
    text_left: u64,
    violations: Vec<Violation>,
}

impl<'a> Checker<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self {
            file: Bytes::new(file),
            extents: Vec::new(),
            memory: Vec::new(),
            threads: Vec::new(),
            ours: false,
            processor: None,
            xstate_features: None,
            entries_left: MAX_ENTRIES,
            text_left: MAX_TEXT_BYTES,
            violations: Vec::new(),
        }
    }

    pub(crate) fn wrong(&mut self, kind: Kind, offset: u64, message: impl FnOnce() -> String) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation { offset, kind, message: message() });
        }
    }

    /// Notes that `what` owns a part of the file; false when that part is not in the file.
    pub(crate) fn own(&mut self, offset: u64, size: u64, what: &'static str) -> bool {
        match offset.checked_add(size) {
            Some(end) if end <= self.file.len() => {
                if size > 0 && self.extents.len() < MAX_EXTENTS {
                    self.extents.push(Extent { start: offset, end, what });
                }
                true
            }
            _ => {
                self.wrong(Kind::OutOfRange, offset, || {
                    format!("{what} of {size} bytes reaches beyond the file")
                });
                false
            }
        }
    }

    /// Whether so much text may still be looked at.
    pub(crate) fn takes_text(&mut self, bytes: u64) -> bool {
        let takes = bytes <= self.text_left;
        self.text_left = self.text_left.saturating_sub(bytes);
        takes
    }

    /// This system's writer aligns; the format does not ask for it.
    pub(crate) fn aligned(&mut self, offset: u64, alignment: u64, what: &str) {
        if self.ours && !offset.is_multiple_of(alignment) {
            self.wrong(Kind::Misaligned, offset, || format!("{what} is not at a multiple of {alignment}"));
        }
    }

    /// Header and directory.
    fn directory(&mut self) -> Option<Vec<Stream>> {
        if !self.own(0, HEADER_BYTES, "header") {
            return None;
        }
        if self.file.u32(0) != Some(SIGNATURE) {
            self.wrong(Kind::Header, 0, || "no MDMP signature".to_owned());
            return None;
        }
        if self.file.u32(4).map(|version| version & 0xFFFF) != Some(VERSION) {
            self.wrong(Kind::Header, 4, || "the version is not 0xA793".to_owned());
        }
        let count = u64::from(self.file.u32(8)?);
        let start = u64::from(self.file.u32(12)?);
        if !self.own(start, count * ENTRY_BYTES, "directory") {
            return None;
        }
        Some((0..count).filter_map(|index| self.entry(start + index * ENTRY_BYTES)).collect())
    }

    fn entry(&mut self, at: u64) -> Option<Stream> {
        let kind = self.file.u32(at)?;
        let size = u64::from(self.file.u32(at + 4)?);
        let offset = u64::from(self.file.u32(at + 8)?);
        if kind == 0 {
            if size != 0 || offset != 0 {
                self.wrong(Kind::Header, at, || "an unused directory entry names bytes".to_owned());
            }
            return None;
        }
        self.own(offset, size, "stream").then_some(Stream { kind, offset, size })
    }

    /// What later rules depend on.
    fn know(&mut self, streams: &[Stream]) {
        let find = |kind| streams.iter().find(|stream| stream.kind == kind);
        self.ours = find(WER_INFO).is_some();
        self.processor = find(SYSTEM_INFO).and_then(|stream| self.file.u16(stream.offset));
        let misc = find(MISC_INFO).filter(|stream| stream.size >= 1_360);
        let features = misc.and_then(|stream| self.file.u64(stream.offset + 840));
        self.xstate_features = features.filter(|features| *features != 0);
    }

    fn all_streams(&mut self, streams: &[Stream]) {
        let start = u64::from(self.file.u32(12).unwrap_or_default());
        self.aligned(start, 4, "directory");
        let kinds: Vec<u32> = streams.iter().map(|stream| stream.kind).collect();
        if self.ours && !kinds.is_sorted() {
            self.wrong(Kind::Order, start, || "the directory is not sorted by stream type".to_owned());
        }
        let mut sorted = kinds;
        sorted.sort_unstable();
        for pair in sorted.windows(2).filter(|pair| pair.first() == pair.last()) {
            let kind = pair.first().copied().unwrap_or_default();
            self.wrong(Kind::Duplicate, start, || format!("two streams of type {kind:#x}"));
        }
        if sorted.contains(&5) && sorted.contains(&9) {
            self.wrong(Kind::Duplicate, start, || "both a memory list and a 64-bit memory list".to_owned());
        }
        // Threads point into memory, the exception names a thread.
        let rank = |kind: u32| match kind {
            5 | 9 => 0,
            3 => 1,
            _ => 2,
        };
        let mut ordered = streams.to_vec();
        ordered.sort_by_key(|stream| (rank(stream.kind), stream.kind));
        // A second one of a type was told; a directory may name one stream any number of times.
        ordered.dedup_by_key(|stream| stream.kind);
        for stream in ordered {
            self.aligned(stream.offset, 4, "stream");
            self.stream(stream);
        }
    }

    /// Only contexts and strings are shared: the exception names the crashed thread's registers, handles of one type its name.
    fn overlaps(&mut self) {
        let mut extents = std::mem::take(&mut self.extents);
        extents.sort_unstable();
        extents.dedup_by(|a, b| a == b && matches!(a.what, "context" | "string"));
        let mut furthest: Option<Extent> = None;
        for extent in extents {
            if let Some(before) = furthest.filter(|before| extent.start < before.end) {
                self.wrong(Kind::Overlap, extent.start, || {
                    format!("{} lies on {}", extent.what, before.what)
                });
            }
            if furthest.is_none_or(|before| before.end < extent.end) {
                furthest = Some(extent);
            }
        }
    }

    /// A list's entries: `size` is that of the part that holds header and entries, and must be used up.
    pub(crate) fn list(&mut self, list: List, what: &'static str) -> Vec<u64> {
        let List { at, size, header, entry, count } = list;
        if count.min(size) > self.entries_left {
            self.wrong(Kind::Count, at, || format!("{what} of {count} entries, more than are looked at"));
            return Vec::new();
        }
        self.entries_left -= count.min(size);
        let needed = count.checked_mul(entry).and_then(|bytes| bytes.checked_add(header));
        if needed == Some(size) {
            return (0..count).map(|index| at + header + index * entry).collect();
        }
        // Others align the entries behind a bare count.
        if !self.ours && header == 4 && needed.map(|needed| needed + 4) == Some(size) {
            return (0..count).map(|index| at + 8 + index * entry).collect();
        }
        self.wrong(Kind::Count, at, || format!("{what} of {size} bytes says that it has {count} entries"));
        Vec::new()
    }

    /// A 32-bit count, then entries.
    pub(crate) fn plain_list(&mut self, stream: Stream, entry: u64, what: &'static str) -> Vec<u64> {
        let Some(count) = self.file.u32(stream.offset).filter(|_| stream.size >= 4) else {
            self.wrong(Kind::Count, stream.offset, || format!("{what} without a count"));
            return Vec::new();
        };
        let list = List { at: stream.offset, size: stream.size, header: 4, entry, count: u64::from(count) };
        self.list(list, what)
    }

    /// A list whose header begins with its own size and its entries' size. Both may be larger than they must.
    pub(crate) fn sized_list(&mut self, stream: Stream, form: SizedList, what: &'static str) -> Vec<u64> {
        let (header_at, entry_at, count_at) = form.places;
        let number = |at: u64| self.file.u32(stream.offset + at).map_or(0, u64::from);
        let (header, entry) = (number(header_at), number(entry_at));
        let count = if form.count_is_64_bit {
            self.file.u64(stream.offset + count_at).unwrap_or_default()
        } else {
            number(count_at)
        };
        let exact = self.ours && (header != form.header || entry != form.entry);
        if stream.size < form.header || header < form.header || entry < form.entry || exact {
            self.wrong(Kind::Count, stream.offset, || {
                format!("the {what} says that its header has {header} bytes and an entry {entry}")
            });
            return Vec::new();
        }
        self.list(List { at: stream.offset, size: stream.size, header, entry, count }, what)
    }
}

/// A list's place and form.
pub(crate) struct List {
    pub(crate) at: u64,
    pub(crate) size: u64,
    pub(crate) header: u64,
    pub(crate) entry: u64,
    pub(crate) count: u64,
}

/// The form of a list with sizes in its header.
pub(crate) struct SizedList {
    /// Least bytes of the header.
    pub(crate) header: u64,
    /// Least bytes of an entry.
    pub(crate) entry: u64,
    /// Where the header's size, the entry's size and the count are.
    pub(crate) places: (u64, u64, u64),
    /// Whether the count has 64 bits.
    pub(crate) count_is_64_bit: bool,
}

impl SizedList {
    /// Sizes at 0 and 4, a 32-bit count at 8.
    pub(crate) const fn usual(header: u64, entry: u64) -> Self {
        Self { header, entry, places: (0, 4, 8), count_is_64_bit: false }
    }
}
