//! A file of zstd frames. Layout:
//!
//! ```text
//! head frame            header, directory, streams, and the zeros up to where memory begins
//! skippable frame       fills the gap
//! memory frames         one for each piece of up to 1 MiB
//! ```
//!
//! The file is a plain sequence of frames that decompresses to exactly the bytes of the uncompressed dump. Memory is
//! written while the process stands still, the skippable frame and the head after it, and the first bytes last: a file
//! that was interrupted begins with zeros, which no decompressor takes.

use std::fs::File;
use std::io::{self, Write as _};

use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use crate::limits::{CHUNK_BYTES, HEADER_BYTES};
use crate::output::file::{empty, position};
use crate::output::{Parts, limited};
use crate::packer::{Content, Piece};
use crate::ring::Destination;

/// Magic number and size of a skippable frame.
const SKIPPABLE_HEADER_BYTES: u64 = 8;
const SKIPPABLE_MAGIC: u32 = 0x184D_2A50;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A file of zstd frames.
pub(crate) struct Compressed<'a> {
    file: &'a File,
    level: i32,
    /// Where the next memory frame goes.
    end: u64,
    frames: Option<Frames>,
}

/// Makes frames; the same buffers for each.
struct Frames {
    compressor: Compressor<'static>,
    frame: Vec<u8>,
    /// The frame of [`CHUNK_BYTES`] zeros, once it was needed.
    zeros: Vec<u8>,
}

impl<'a> Compressed<'a> {
    pub(crate) fn new(file: &'a File, level: i32) -> Self {
        Self { file, level, end: 0, frames: None }
    }

    pub(crate) fn empty(&mut self) -> io::Result<()> {
        self.end = 0;
        empty(self.file)
    }

    /// Memory frames leave room for the head frame of a dump whose memory begins at `base`.
    pub(crate) fn start(&mut self, base: u64) {
        self.end = head_room_bytes(base);
    }

    pub(crate) fn finish(&mut self, parts: &Parts<'_>) -> io::Result<()> {
        let head = self.head_frame(parts)?;
        let head_end = head.len() as u64;
        if parts.held.is_empty() && self.end > 0 {
            self.fill_gap(head_end, head_room_bytes(parts.base))?;
        } else {
            self.end = head_end;
            for chunk in parts.held.chunks(CHUNK_BYTES) {
                self.put_bytes(chunk)?;
            }
        }
        let (first, rest) = head.split_at(head.len().min(HEADER_BYTES));
        limited::write_all_at(self.file, rest, first.len() as u64)?;
        limited::write_all_at(self.file, first, 0)
    }

    /// All of the head, with zeros up to where memory begins.
    fn head_frame(&self, parts: &Parts<'_>) -> io::Result<Vec<u8>> {
        let mut encoder = zstd::Encoder::new(Vec::new(), self.level)?;
        encoder.set_pledged_src_size(Some(parts.base))?;
        encoder.write_all(parts.header)?;
        encoder.write_all(parts.streams)?;
        let mut gap_bytes = parts.gap_bytes();
        while gap_bytes > 0 {
            let count = gap_bytes.min(ZEROS.len() as u64);
            encoder.write_all(ZEROS.get(..count as usize).unwrap_or_default())?;
            gap_bytes -= count;
        }
        encoder.finish()
    }

    /// A skippable frame between the head and the memory.
    fn fill_gap(&self, start: u64, end: u64) -> io::Result<()> {
        let size = end.checked_sub(start + SKIPPABLE_HEADER_BYTES).and_then(|size| u32::try_from(size).ok());
        let size = size.ok_or(io::ErrorKind::InvalidInput)?;
        let mut header = [0; SKIPPABLE_HEADER_BYTES as usize];
        let (magic, length) = header.split_at_mut(4);
        magic.copy_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
        length.copy_from_slice(&size.to_le_bytes());
        limited::write_all_at(self.file, &header, start)?;
        // What is skipped stays a hole; the file must reach to its end all the same.
        let length = self.file.metadata()?.len();
        if length < end { limited::set_len(self.file, end) } else { Ok(()) }
    }

    fn frames(&mut self) -> io::Result<&mut Frames> {
        if self.frames.is_none() {
            let frame = Vec::with_capacity(compress_bound(CHUNK_BYTES));
            self.frames = Some(Frames { compressor: Compressor::new(self.level)?, frame, zeros: Vec::new() });
        }
        self.frames.as_mut().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn put_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (file, end) = (self.file, self.end);
        let frames = self.frames()?;
        frames.frame.clear();
        frames.compressor.compress_to_buffer(bytes, &mut frames.frame)?;
        limited::write_all_at(file, &frames.frame, end)?;
        self.end = position(end, frames.frame.len() as u64)?;
        Ok(())
    }

    fn put_zeros(&mut self, mut bytes: u64) -> io::Result<()> {
        static CHUNK: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];
        while bytes > 0 {
            let count = bytes.min(CHUNK_BYTES as u64) as usize;
            let (file, end) = (self.file, self.end);
            let frames = self.frames()?;
            if count == CHUNK_BYTES {
                if frames.zeros.is_empty() {
                    frames.zeros = frames.compressor.compress(&CHUNK)?;
                }
                limited::write_all_at(file, &frames.zeros, end)?;
                self.end = position(end, frames.zeros.len() as u64)?;
            } else {
                self.put_bytes(CHUNK.get(..count).unwrap_or_default())?;
            }
            bytes -= count as u64;
        }
        Ok(())
    }
}

impl Destination for Compressed<'_> {
    fn put(&mut self, piece: &Piece) -> io::Result<()> {
        match &piece.content {
            Content::Bytes(buffer) if buffer.is_zero() => self.put_zeros(buffer.len() as u64),
            Content::Bytes(buffer) => self.put_bytes(buffer.bytes()),
            Content::Zeros(bytes) => self.put_zeros(*bytes),
        }
    }
}

/// Where memory frames begin: the largest head frame and a skippable one fit before.
fn head_room_bytes(base: u64) -> u64 {
    let frame = compress_bound(usize::try_from(base).unwrap_or(usize::MAX)) as u64;
    frame.saturating_add(SKIPPABLE_HEADER_BYTES).saturating_add(64)
}
