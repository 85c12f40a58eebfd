//! The process's memory as the dump may have it: what the watcher serves or alters, and zeros where the process
//! excluded something.

use wer_snapshot::MemoryReader;

use crate::limits::{PAGE_BYTES, UNTOUCHED_MIN_BYTES};
use crate::range::Range;
use crate::watcher::Watcher;

/// Memory through the eyes of a watcher.
pub(crate) struct Source<'a> {
    pub(crate) memory: &'a dyn MemoryReader,
    pub(crate) watcher: &'a mut dyn Watcher,
    pub(crate) excluded: &'a [Range],
    /// Whether the watcher sees every read; asked once.
    pub(crate) rewrites: bool,
}

impl Source<'_> {
    /// Reads the first bytes of `buffer`; returns how many could be had.
    pub(crate) fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        if !self.rewrites {
            let count = self.memory.read(address, buffer).min(buffer.len());
            self.clear(address, buffer, count);
            return count;
        }
        let served = self.watcher.before_read(address, buffer);
        let count = served.unwrap_or_else(|| self.memory.read(address, buffer)).min(buffer.len());
        self.clear(address, buffer, count);
        self.watcher.after_read(address, buffer, count);
        self.clear(address, buffer, count);
        count
    }

    /// Reads ranges one after the other, as [`MemoryReader::read_many`]; nothing where the watcher sees every read.
    pub(crate) fn read_many(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> usize {
        if self.rewrites {
            return 0;
        }
        let count = self.memory.read_many(ranges, buffer).min(buffer.len());
        let mut rest = buffer.get_mut(..count).unwrap_or_default();
        for (address, bytes) in ranges {
            let length = (*bytes).min(rest.len());
            let (part, behind) = std::mem::take(&mut rest).split_at_mut(length);
            clear(part, *address, self.excluded);
            rest = behind;
        }
        count
    }

    /// How many bytes from `address` on are zeros that need not be read.
    pub(crate) fn untouched(&self, address: u64, limit: u64) -> u64 {
        let left = limit.saturating_sub(address);
        if self.rewrites || left < UNTOUCHED_MIN_BYTES || !address.is_multiple_of(PAGE_BYTES as u64) {
            return 0;
        }
        self.memory.untouched(address, limit).min(left)
    }

    /// Whether anything can be had at an address.
    pub(crate) fn is_readable(&mut self, address: u64) -> bool {
        if self.rewrites {
            let mut page = [0; PAGE_BYTES];
            if let Some(count) = self.watcher.before_read(address, &mut page) {
                return count > 0;
            }
        }
        self.memory.read(address, &mut [0]) == 1
    }

    fn clear(&self, address: u64, buffer: &mut [u8], count: usize) {
        if let Some(bytes) = buffer.get_mut(..count) {
            clear(bytes, address, self.excluded);
        }
    }
}

/// Zeroes what the application excluded; `excluded` is merged.
fn clear(bytes: &mut [u8], address: u64, excluded: &[Range]) {
    let all = Range::new(address, address.saturating_add(bytes.len() as u64));
    let first = excluded.partition_point(|range| range.end <= all.start);
    for range in excluded.iter().skip(first).take_while(|range| range.start < all.end) {
        let part = range.within(all);
        let (start, end) = ((part.start - address) as usize, (part.end - address) as usize);
        if let Some(bytes) = bytes.get_mut(start..end) {
            bytes.fill(0);
        }
    }
}
