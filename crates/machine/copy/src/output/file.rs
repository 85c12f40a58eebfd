//! A plain file: pages of zeros are not written, so they are holes where the file system has such.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::buffer::is_zero;
use crate::limits::{HEADER_BYTES, HELD_HOLE_MIN_BYTES, MAX_POSITION};
use crate::output::Parts;
use crate::packer::{Content, Piece};
use crate::ring::Destination;

/// A plain file.
pub(crate) struct PlainFile<'a> {
    pub(crate) file: &'a File,
}

impl PlainFile<'_> {
    pub(crate) fn empty(&self) -> io::Result<()> {
        empty(self.file)
    }

    /// Length first, which makes a hole of what ends in zeros; header last.
    pub(crate) fn finish(&self, parts: &Parts<'_>) -> io::Result<()> {
        self.file.set_len(parts.size)?;
        for (index, chunk) in parts.held.chunks(HELD_HOLE_MIN_BYTES).enumerate() {
            if !is_zero(chunk) {
                self.file.write_all_at(chunk, parts.base + (index * HELD_HOLE_MIN_BYTES) as u64)?;
            }
        }
        self.file.write_all_at(parts.streams, HEADER_BYTES as u64)?;
        self.file.write_all_at(parts.header, 0)
    }
}

impl Destination for PlainFile<'_> {
    fn put(&mut self, piece: &Piece) -> io::Result<()> {
        let Content::Bytes(buffer) = &piece.content else { return Ok(()) };
        for filled in buffer.filled() {
            let offset = position(piece.offset, filled.start as u64)?;
            self.file.write_all_at(buffer.bytes().get(filled).unwrap_or_default(), offset)?;
        }
        Ok(())
    }
}

/// Empties a file; what cannot be emptied is no file, and cannot hold a dump.
pub(super) fn empty(file: &File) -> io::Result<()> {
    file.set_len(0)
}

/// A position that a file can have.
pub(super) fn position(base: u64, offset: u64) -> io::Result<u64> {
    let position = base.checked_add(offset).filter(|position| *position <= MAX_POSITION);
    position.ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}
