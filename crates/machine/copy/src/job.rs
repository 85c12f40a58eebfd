//! What is to be copied, and where it went.

use crate::range::Range;

/// Memory that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its addresses.
    pub range: Range,
    /// Private anonymous memory: [`wer_snapshot::MemoryReader::untouched`] may be asked.
    pub may_be_untouched: bool,
}

impl Wanted {
    /// Whether both ends are at page boundaries, so that its zero pages can stay pages of a file.
    pub(crate) const fn is_of_whole_pages(&self) -> bool {
        let page = crate::limits::PAGE_BYTES as u64;
        self.range.start.is_multiple_of(page) && self.range.end.is_multiple_of(page)
    }
}

/// Addresses whose bytes lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// Of its first byte, from where memory begins.
    pub offset: u64,
}

impl Run {
    /// First address after it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.start.saturating_add(self.size)
    }
}

/// A copy to make.
#[derive(Clone, Copy, Debug)]
pub struct CopyJob<'a> {
    /// Disjoint. Their bytes come to lie in this order where they are held; straight in the output, whole pages come
    /// first, so that pages of memory are pages of the file. [`crate::Copied::runs`] tells.
    pub wanted: &'a [Wanted],
    /// Bytes that must be zero; merged ([`crate::range::merge`]).
    pub excluded: &'a [Range],
    /// Up to this many bytes are held in our memory; more goes straight to the output.
    pub in_memory_max_bytes: u64,
    /// Where memory begins when it goes straight to the output; a multiple of the page size, best.
    pub room_bytes: u64,
}

impl CopyJob<'_> {
    /// Bytes that are wanted.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.wanted.iter().fold(0, |sum, wanted| sum.saturating_add(wanted.range.bytes()))
    }
}
