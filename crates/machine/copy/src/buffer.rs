//! One piece of the output on its way: bytes, and which pages of them are not all zero.

use crate::limits::{CHUNK_BYTES, PAGE_BYTES};

const PAGES: usize = CHUNK_BYTES / PAGE_BYTES;
const WORD_BITS: usize = u64::BITS as usize;
static ZERO_PAGE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// A page-aligned buffer of [`CHUNK_BYTES`].
pub(crate) struct Buffer {
    memory: Vec<u8>,
    /// Where the page-aligned part begins.
    aligned: usize,
    /// Bytes that are filled.
    len: usize,
    /// One bit per page with something in it.
    marks: [u64; PAGES / WORD_BITS],
}

impl Buffer {
    pub(crate) fn new() -> Self {
        let memory = vec![0; CHUNK_BYTES + PAGE_BYTES];
        let aligned = memory.as_ptr().align_offset(PAGE_BYTES).min(PAGE_BYTES);
        Self { memory, aligned, len: 0, marks: [0; PAGES / WORD_BITS] }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The bytes after the filled ones, so many that `limit` bytes are filled with them.
    pub(crate) fn room(&mut self, limit: usize) -> &mut [u8] {
        let end = self.aligned + limit.min(CHUNK_BYTES);
        self.memory.get_mut(self.aligned + self.len..end).unwrap_or_default()
    }

    /// So many more bytes are filled.
    pub(crate) fn fill(&mut self, count: usize) {
        self.len = (self.len + count).min(CHUNK_BYTES);
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.get(self.aligned..self.aligned + self.len).unwrap_or_default()
    }

    /// Looks for pages that are all zero.
    pub(crate) fn mark(&mut self) {
        let mut marks = [0; PAGES / WORD_BITS];
        for (index, page) in self.bytes().chunks(PAGE_BYTES).enumerate() {
            if let (false, Some(word)) = (is_zero(page), marks.get_mut(index / WORD_BITS)) {
                *word |= 1 << (index % WORD_BITS);
            }
        }
        self.marks = marks;
    }

    /// Whether nothing but zeros is in it, by its marks.
    pub(crate) fn is_zero(&self) -> bool {
        self.marks.iter().all(|word| *word == 0)
    }

    /// Where in it something is, by its marks: ranges of whole pages, the last one cut at its end.
    pub(crate) fn filled(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let mut page = 0;
        std::iter::from_fn(move || {
            let start = (page..PAGES).find(|page| self.has(*page))?;
            let end = (start..PAGES).find(|page| !self.has(*page)).unwrap_or(PAGES);
            page = end;
            Some(start * PAGE_BYTES..(end * PAGE_BYTES).min(self.len))
        })
    }

    fn has(&self, page: usize) -> bool {
        self.marks.get(page / WORD_BITS).is_some_and(|word| word >> (page % WORD_BITS) & 1 == 1)
    }
}

/// Whether all of it is zero; the first word answers for most that is not.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    match bytes.first_chunk::<8>() {
        Some(first) if *first != [0; 8] => false,
        _ => bytes.chunks(PAGE_BYTES).all(|page| ZERO_PAGE.get(..page.len()) == Some(page)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut buffer = Buffer::new();
        buffer.room(bytes.len()).copy_from_slice(bytes);
        buffer.fill(bytes.len());
        buffer.mark();
        let filled: Vec<_> = buffer.filled().map(|range| (range.start, range.end)).collect();
        assert_eq!(buffer.is_zero(), filled.is_empty());
        filled
    }

    #[test]
    fn buffers_are_page_aligned() {
        let mut buffer = Buffer::new();
        assert_eq!(buffer.room(CHUNK_BYTES).as_ptr().addr() % PAGE_BYTES, 0);
        assert_eq!(buffer.room(CHUNK_BYTES).len(), CHUNK_BYTES);
    }

    #[test]
    fn zero_pages_are_found() {
        let mut bytes = vec![0; CHUNK_BYTES];
        assert_eq!(filled(&bytes), []);
        bytes[PAGE_BYTES * 65 - 1] = 1;
        bytes[PAGE_BYTES * 65] = 1;
        bytes[CHUNK_BYTES - 1] = 1;
        assert_eq!(
            filled(&bytes),
            [(64 * PAGE_BYTES, 66 * PAGE_BYTES), (CHUNK_BYTES - PAGE_BYTES, CHUNK_BYTES)]
        );
        assert_eq!(filled(&bytes[..PAGE_BYTES * 65]), [(64 * PAGE_BYTES, 65 * PAGE_BYTES)]);
        assert_eq!(filled(&vec![7; CHUNK_BYTES]), [(0, CHUNK_BYTES)]);
        assert_eq!(filled(&[0, 0, 3]), [(0, 3)]);
        assert_eq!(filled(&[]), []);
    }
}
