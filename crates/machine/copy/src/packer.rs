//! Packs what is read into buffers that begin at the output's own boundaries, so that a page of the output is a page of
//! a buffer, and hands each on when it is full.

use crate::buffer::Buffer;
use crate::copier::Store;
use crate::error::CopyError;
use crate::limits::{CHUNK_BYTES, PAGE_BYTES};

/// One piece of the output, in the order of the output.
pub(crate) struct Piece {
    /// Of its first byte, in the output.
    pub(crate) offset: u64,
    pub(crate) content: Content,
}

/// What a piece is.
pub(crate) enum Content {
    /// Marked.
    Bytes(Buffer),
    /// So many zeros.
    Zeros(u64),
}

/// Takes pieces; gives buffers. An error that only says that nothing more is taken is [`CopyError::Cancelled`]; whoever
/// made the feed knows the reason.
pub(crate) trait Feed {
    fn buffer(&mut self) -> Result<Buffer, CopyError>;
    fn submit(&mut self, piece: Piece) -> Result<(), CopyError>;
}

/// Packs bytes into pieces.
pub(crate) struct Packer<'a> {
    feed: &'a mut dyn Feed,
    buffer: Option<Buffer>,
    /// Of the buffer's first byte, in the output.
    offset: u64,
}

impl<'a> Packer<'a> {
    /// The first byte goes to `offset` of the output.
    pub(crate) fn new(feed: &'a mut dyn Feed, offset: u64) -> Self {
        Self { feed, buffer: None, offset }
    }

    /// Hands on what is left.
    pub(crate) fn finish(mut self) -> Result<(), CopyError> {
        self.submit()
    }

    /// Bytes that the buffer may hold: its end is a boundary of the output.
    const fn limit(&self) -> usize {
        CHUNK_BYTES - (self.offset % CHUNK_BYTES as u64) as usize
    }

    fn filled(&self) -> usize {
        self.buffer.as_ref().map_or(0, Buffer::len)
    }

    fn submit(&mut self) -> Result<(), CopyError> {
        let Some(mut buffer) = self.buffer.take() else { return Ok(()) };
        let offset = self.offset;
        self.offset = offset.saturating_add(buffer.len() as u64);
        buffer.mark();
        self.feed.submit(Piece { offset, content: Content::Bytes(buffer) })
    }

    /// Zeros in the buffer, at most up to its end. Returns how many.
    fn zeros_in_buffer(&mut self, bytes: u64) -> Result<u64, CopyError> {
        let room = self.room(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        room.fill(0);
        let count = room.len();
        self.fill(count)?;
        Ok(count as u64)
    }
}

impl Store for Packer<'_> {
    fn room(&mut self, wanted: usize) -> Result<&mut [u8], CopyError> {
        let limit = self.limit();
        if self.buffer.is_none() {
            self.buffer = Some(self.feed.buffer()?);
        }
        let room = self.buffer.as_mut().map(|buffer| buffer.room(limit)).unwrap_or_default();
        let count = room.len().min(wanted);
        Ok(room.get_mut(..count).unwrap_or_default())
    }

    fn fill(&mut self, count: usize) -> Result<(), CopyError> {
        let limit = self.limit();
        let Some(buffer) = &mut self.buffer else { return Ok(()) };
        buffer.fill(count);
        if buffer.len() >= limit { self.submit() } else { Ok(()) }
    }

    fn zeros(&mut self, mut bytes: u64) -> Result<(), CopyError> {
        const PAGE: u64 = PAGE_BYTES as u64;
        if self.filled() > 0 && bytes < self.limit() as u64 {
            while bytes > 0 {
                bytes -= self.zeros_in_buffer(bytes)?;
            }
            return Ok(());
        }
        let position = self.offset.saturating_add(self.filled() as u64);
        let to_page = (position.next_multiple_of(PAGE) - position).min(bytes);
        bytes -= if to_page > 0 { self.zeros_in_buffer(to_page)? } else { 0 };
        self.submit()?;
        let whole = bytes - bytes % PAGE;
        if whole > 0 {
            self.feed.submit(Piece { offset: self.offset, content: Content::Zeros(whole) })?;
            self.offset = self.offset.saturating_add(whole);
        }
        bytes -= whole;
        if bytes > 0 {
            self.zeros_in_buffer(bytes)?;
        }
        Ok(())
    }
}
