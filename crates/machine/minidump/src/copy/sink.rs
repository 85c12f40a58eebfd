//! Where copied memory goes: into one buffer, or straight to its place in the file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use wer_snapshot::MemoryReader;

use crate::error::DumpError;
use crate::limits::COPY_CHUNK_BYTES;
use crate::range::Range;

/// Where the copied memory is.
#[derive(Debug)]
pub(crate) enum Placement {
    /// With us, still to be written.
    Memory(Vec<u8>),
    /// In the file from this position on.
    File {
        /// Position of the first byte.
        base: u64,
    },
}

/// Where copied memory goes.
pub(super) struct Sink<'a> {
    file: Option<(&'a File, u64)>,
    /// All memory, or one chunk of it.
    buffer: Vec<u8>,
    bytes: u64,
    total_bytes: u64,
}

impl<'a> Sink<'a> {
    /// All of it is kept in memory; `total_bytes` is within the limit for that.
    pub(super) fn in_memory(total_bytes: u64) -> Self {
        Self { file: None, buffer: vec![0; total_bytes as usize], bytes: 0, total_bytes }
    }

    pub(super) fn in_file(out: &'a File, base: u64, total_bytes: u64) -> Self {
        Self { file: Some((out, base)), buffer: vec![0; COPY_CHUNK_BYTES], bytes: 0, total_bytes }
    }

    /// Bytes taken so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn finish(mut self) -> Placement {
        match self.file {
            Some((_, base)) => Placement::File { base },
            None => {
                self.buffer.truncate(self.bytes as usize);
                Placement::Memory(self.buffer)
            }
        }
    }

    /// Reads the beginning of `range`, as much as one read may. Returns how many bytes were taken, and whether that was
    /// all that was asked for.
    pub(super) fn take(
        &mut self,
        range: Range,
        memory: &dyn MemoryReader,
        excluded: &[Range],
    ) -> Result<(u64, bool), DumpError> {
        let start = if self.file.is_some() { 0 } else { self.bytes as usize };
        let room = self.buffer.get_mut(start..).unwrap_or_default();
        let wanted = room.len().min(usize::try_from(range.bytes()).unwrap_or(usize::MAX));
        let chunk = room.get_mut(..wanted).unwrap_or_default();
        let read = memory.read(range.start, chunk).min(wanted);
        let chunk = chunk.get_mut(..read).unwrap_or_default();
        clear(chunk, range.start, excluded);
        if let Some((out, base)) = self.file {
            write_chunk(out, base + self.bytes, chunk)
                .map_err(|error| DumpError::of_write(error, base + self.total_bytes))?;
        }
        self.bytes += read as u64;
        Ok((read as u64, wanted > 0 && read == wanted))
    }
}

/// Zeros are found in pieces of this size.
const PIECE_BYTES: usize = 64 << 10;
static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];

/// Pages that were never touched stay holes in the file.
fn write_chunk(out: &File, position: u64, chunk: &[u8]) -> std::io::Result<()> {
    if !chunk.chunks(PIECE_BYTES).any(is_zero) {
        return out.write_all_at(chunk, position);
    }
    for (index, piece) in chunk.chunks(PIECE_BYTES).enumerate() {
        if !is_zero(piece) {
            out.write_all_at(piece, position + (index * PIECE_BYTES) as u64)?;
        }
    }
    Ok(())
}

fn is_zero(piece: &[u8]) -> bool {
    ZEROS.get(..piece.len()) == Some(piece)
}

/// Zeroes what the application excluded.
fn clear(chunk: &mut [u8], address: u64, excluded: &[Range]) {
    let all = Range::new(address, address.saturating_add(chunk.len() as u64));
    let first = excluded.partition_point(|range| range.end <= all.start);
    for range in excluded.iter().skip(first).take_while(|range| range.start < all.end) {
        let part = range.within(all);
        let (start, end) = ((part.start - address) as usize, (part.end - address) as usize);
        if let Some(bytes) = chunk.get_mut(start..end) {
            bytes.fill(0);
        }
    }
}
