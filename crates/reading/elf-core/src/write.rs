//! Writing: memory first, piece by piece, then tables and notes, and the ELF header last.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

use crate::error::ElfCoreError;
use crate::layout::HEADER_BYTES;
use crate::plan::CorePlan;
use crate::source::ReadAt;

/// Bytes moved at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Bytes of one hole, so that progress is told within a vast one.
const MAX_HOLE_BYTES: u64 = 1 << 30;
/// A block that is all zero is not written.
const BLOCK_BYTES: usize = 4096;
static ZERO_BLOCK: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

impl CorePlan {
    /// Writes the core into an empty file. `source` has the bytes of the planned dump; `progress` hears of the bytes of
    /// memory done and of all.
    ///
    /// # Errors
    /// [`ElfCoreError::Read`], [`ElfCoreError::Write`], [`ElfCoreError::Cancelled`]: the file has no ELF header then.
    pub fn write(
        &self,
        source: &dyn ReadAt,
        output: &File,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), ElfCoreError> {
        output.set_len(0).and_then(|()| output.set_len(self.layout.end)).map_err(ElfCoreError::Write)?;
        self.write_memory(source, output, progress)?;
        let write = |bytes: &[u8], at| output.write_all_at(bytes, at).map_err(ElfCoreError::Write);
        write(&self.layout.tables, HEADER_BYTES)?;
        write(&self.notes.bytes, self.layout.notes_at)?;
        write(&self.layout.header, 0)
    }

    fn write_memory(
        &self,
        source: &dyn ReadAt,
        output: &File,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), ElfCoreError> {
        let total = self.memory_bytes();
        let mut done = 0;
        let mut buffer = vec![0; CHUNK_BYTES];
        for (segment, place) in self.segments.iter().zip(&self.layout.places) {
            let Some(from) = segment.dump_offset else { continue };
            let size = segment.end - segment.start;
            let mut at = 0;
            while at < size {
                if progress(done, total).is_break() {
                    return Err(ElfCoreError::Cancelled);
                }
                let hole = source.zeros_at(from + at, (size - at).min(MAX_HOLE_BYTES));
                if hole > 0 {
                    at += hole;
                    done += hole;
                    continue;
                }
                // The next chunk begins with a page of the file.
                let to_page = CHUNK_BYTES as u64 - (place + at) % BLOCK_BYTES as u64;
                let length = usize::try_from((size - at).min(to_page)).unwrap_or(CHUNK_BYTES);
                let Some(chunk) = buffer.get_mut(..length) else { break };
                source.read_exact_at(chunk, from + at).map_err(ElfCoreError::Read)?;
                write_sparse(output, chunk, place + at).map_err(ElfCoreError::Write)?;
                at += length as u64;
                done += length as u64;
            }
        }
        // Nothing is left to cancel.
        let _ = progress(done, total);
        Ok(())
    }
}

fn write_sparse(output: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    let is_zero = |block: &[u8]| ZERO_BLOCK.get(..block.len()) == Some(block);
    let mut offset = 0;
    let blocks: Vec<&[u8]> = bytes.chunks(BLOCK_BYTES).collect();
    for run in blocks.chunk_by(|one, two| is_zero(one) == is_zero(two)) {
        let length: usize = run.iter().map(|block| block.len()).sum();
        let Some(part) = bytes.get(offset..offset + length) else { break };
        if !run.first().is_some_and(|block| is_zero(block)) {
            output.write_all_at(part, at + offset as u64)?;
        }
        offset += length;
    }
    Ok(())
}
