//! A caller's own I/O: every byte is written through it, each once, and the header last.

use std::io;

use crate::limits::{CHUNK_BYTES, HEADER_BYTES};
use crate::output::{Parts, WriteAt};
use crate::packer::{Content, Piece};
use crate::ring::Destination;

/// Zeros are written in pieces of this size.
const ZEROS_BYTES: usize = 64 << 10;
static ZEROS: [u8; ZEROS_BYTES] = [0; ZEROS_BYTES];

/// A caller's own I/O.
pub(crate) struct Custom<'a> {
    pub(crate) writer: &'a mut dyn WriteAt,
}

impl Custom<'_> {
    pub(crate) fn finish(&mut self, parts: &Parts<'_>) -> io::Result<()> {
        self.write(HEADER_BYTES as u64, parts.streams)?;
        self.zeros(parts.base - parts.gap_bytes(), parts.gap_bytes())?;
        self.write(parts.base, parts.held)?;
        self.writer.write_all_at(0, parts.header)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        for (index, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
            self.writer.write_all_at(offset + (index * CHUNK_BYTES) as u64, chunk)?;
        }
        Ok(())
    }

    fn zeros(&mut self, mut offset: u64, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            let count = bytes.min(ZEROS_BYTES as u64);
            self.writer.write_all_at(offset, ZEROS.get(..count as usize).unwrap_or_default())?;
            offset += count;
            bytes -= count;
        }
        Ok(())
    }
}

impl Destination for Custom<'_> {
    fn put(&mut self, piece: &Piece) -> io::Result<()> {
        match &piece.content {
            Content::Bytes(buffer) => self.write(piece.offset, buffer.bytes()),
            Content::Zeros(bytes) => self.zeros(piece.offset, *bytes),
        }
    }
}
