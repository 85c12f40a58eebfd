//! Packed cores, as systemd keeps them: zstd and lz4 frames, unpacked into a temporary file that has no name. Blocks of
//! zeros become holes, so that a bomb of zeros costs time and no room.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::CoreFileError;
use super::limits::{MAX_CORE_BYTES, MAX_ZSTD_WINDOW_LOG};
use super::part::Part;

/// Bytes unpacked at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// A block that is all zero is not written.
const BLOCK_BYTES: usize = 4096;
static ZERO_BLOCK: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// How a core is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Zstd,
    Lz4,
}

/// An unpacked core.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) file: File,
    /// Why there may be more of it.
    pub(super) problem: Option<String>,
}

/// How a file that begins so is packed; `None` = it is not.
pub(super) fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        // A frame, or one of those that a reader passes over.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Packing::Lz4),
        _ => None,
    }
}

/// The first bytes of what is packed.
pub(super) fn peek(file: &File, file_bytes: u64, packing: Packing) -> io::Result<[u8; 4]> {
    let mut first = [0; 4];
    reader(Part::new(file, 0, file_bytes), packing)?.read_exact(&mut first)?;
    Ok(first)
}

/// Where temporary files go unless said otherwise: `/tmp` may be memory.
pub(super) fn scratch_folder() -> PathBuf {
    match std::env::var_os("TMPDIR") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => "/var/tmp".into(),
    }
}

fn reader<'a>(packed: impl Read + 'a, packing: Packing) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match packing {
        Packing::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(packed)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        Packing::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(packed)),
    })
}

/// Tells how much of the packed bytes was taken.
struct Counted<'a> {
    inner: Part<'a>,
    taken: &'a std::cell::Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

/// Unpacks a core. Packed bytes that are cut or damaged end it there, with what came before.
pub(super) fn unpack(
    packed: &File,
    packed_bytes: u64,
    packing: Packing,
    path: &Path,
    folder: &Path,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Unpacked, CoreFileError> {
    let unpack_error = |source| CoreFileError::Unpack { path: path.into(), folder: folder.into(), source };
    let damaged = |reason: String| CoreFileError::Damaged { path: path.into(), reason };
    let output = tempfile::tempfile_in(folder).map_err(unpack_error)?;
    let taken = std::cell::Cell::new(0);
    let counted = Counted { inner: Part::new(packed, 0, packed_bytes), taken: &taken };
    let mut reader = reader(counted, packing).map_err(|error| damaged(error.to_string()))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut written = 0u64;
    let problem = loop {
        if progress(taken.get(), packed_bytes).is_break() {
            return Err(CoreFileError::Cancelled { path: path.into() });
        }
        let (count, error) = fill(&mut *reader, &mut chunk);
        let bytes = chunk.get(..count).unwrap_or_default();
        if written == 0 && !bytes.starts_with(b"\x7fELF") {
            let what = match error {
                Some(error) if bytes.is_empty() => {
                    return Err(damaged(format!("it cannot be unpacked: {error}")));
                }
                _ => "what is packed in it does not begin as an ELF file".into(),
            };
            return Err(CoreFileError::NotACore { path: path.into(), what });
        }
        if written + count as u64 > MAX_CORE_BYTES {
            return Err(damaged(format!("unpacked it has more than {MAX_CORE_BYTES} bytes")));
        }
        write_sparse(&output, written, bytes).map_err(unpack_error)?;
        written += count as u64;
        if let Some(error) = error {
            break Some(format!("The packed core is cut or damaged after {written} bytes ({error})."));
        }
        if count < CHUNK_BYTES {
            break None;
        }
    };
    output.set_len(written).map_err(unpack_error)?;
    Ok(Unpacked { file: output, problem })
}

/// Fills a buffer; fewer bytes at the end, or before an error.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut count = 0;
    let mut ended = false;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            // One frame may have ended and another follow.
            Ok(0) if ended => break,
            Ok(0) => ended = true,
            Ok(more) => {
                count += more;
                ended = false;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (count, Some(error)),
        }
    }
    (count, None)
}

fn write_sparse(output: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    let is_zero = |block: &[u8]| ZERO_BLOCK.get(..block.len()) == Some(block);
    let mut offset = 0;
    for run in bytes.chunks(BLOCK_BYTES).collect::<Vec<_>>().chunk_by(|a, b| is_zero(a) == is_zero(b)) {
        let length: usize = run.iter().map(|block| block.len()).sum();
        let Some(part) = bytes.get(offset..offset + length) else { break };
        if !run.first().is_some_and(|block| is_zero(block)) {
            output.write_all_at(part, at + offset as u64)?;
        }
        offset += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn zeros_become_holes() {
        let file = tempfile::tempfile().expect("a file");
        let mut bytes = vec![0; 64 * BLOCK_BYTES];
        bytes[BLOCK_BYTES * 3] = 1;
        bytes[BLOCK_BYTES * 40..BLOCK_BYTES * 42].fill(2);
        write_sparse(&file, 8192, &bytes).expect("room");
        file.set_len(8192 + bytes.len() as u64).expect("room");
        let mut back = vec![9; bytes.len()];
        file.read_exact_at(&mut back, 8192).expect("all of it");
        assert_eq!(back, bytes);
        assert!(file.metadata().expect("ours").blocks() * 512 <= 8 * BLOCK_BYTES as u64);
    }
}
