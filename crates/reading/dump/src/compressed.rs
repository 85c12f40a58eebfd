//! Unpacking a dump: one or more zstd frames, with skippable ones between, that together are a plain minidump. The file is
//! hostile: what it may unpack to is limited, in all and for its size; pages of zeros, which real dumps are full of, are
//! holes and count for nothing in the latter.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use zstd::stream::read::Decoder;

use crate::error::DumpError;
use crate::growing::{GrowError, Growing, Unpacked};
use crate::limits::{
    FREE_UNPACKED_BYTES, MAX_DUMP_BYTES, MAX_UNPACKED_RATIO, MAX_WINDOW_LOG, UNPACKED_IN_MEMORY_BYTES,
    UNPACKED_WITHOUT_FILE_BYTES,
};

const ZSTD_MAGIC: u32 = 0xFD2F_B528;
/// Of a skippable frame; the last digit is anything.
const SKIPPABLE_MAGIC: u32 = 0x184D_2A50;
/// What is read and unpacked at once.
const PIECE_BYTES: usize = 1 << 20;

/// What a compressed dump may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes in memory before a temporary file is made.
    pub memory_bytes: usize,
    /// Bytes in memory where no temporary file can be made.
    pub without_file_bytes: usize,
    /// Bytes that are not zero, per compressed byte, beyond the first 64 MiB.
    pub ratio: u64,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self {
            total_bytes: MAX_DUMP_BYTES,
            memory_bytes: UNPACKED_IN_MEMORY_BYTES,
            without_file_bytes: UNPACKED_WITHOUT_FILE_BYTES,
            ratio: MAX_UNPACKED_RATIO,
        }
    }
}

/// Whether bytes begin like a compressed dump.
#[must_use]
pub fn is_compressed(bytes: &[u8]) -> bool {
    let magic = bytes.first_chunk().map(|first| u32::from_le_bytes(*first));
    magic.is_some_and(|magic| magic == ZSTD_MAGIC || magic & !0xF == SKIPPABLE_MAGIC)
}

/// Unpacks a whole file of `size` bytes.
pub(crate) fn unpack(
    file: &File,
    size: u64,
    path: &Path,
    limits: &UnpackLimits,
) -> Result<Unpacked, DumpError> {
    let damaged = |error: &io::Error| DumpError::Compressed {
        path: path.to_owned(),
        reason: match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends in the middle of a frame; it was cut".to_owned(),
            _ => error.to_string(),
        },
    };
    let too_large = |limit, what| DumpError::UnpackedTooLarge { path: path.to_owned(), limit, what };
    let input = BufReader::with_capacity(PIECE_BYTES, FromStart { file, at: 0 }.take(size));
    let mut decoder = Decoder::with_buffer(input).map_err(|error| damaged(&error))?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(|error| damaged(&error))?;
    let stored_limit = FREE_UNPACKED_BYTES.saturating_add(limits.ratio.saturating_mul(size));
    let mut unpacked = Growing::new(path, limits);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = fill(&mut decoder, &mut piece).map_err(|error| damaged(&error))?;
        unpacked.append(piece.get(..read).unwrap_or_default()).map_err(|error| match error {
            GrowError::NoFile(limit) => {
                too_large(limit, ", and no folder for a temporary file was found; set TMPDIR")
            }
            GrowError::Io(source) => DumpError::Unpack { path: path.to_owned(), source },
        })?;
        if unpacked.total_bytes() > limits.total_bytes {
            return Err(too_large(limits.total_bytes, ""));
        }
        if unpacked.stored_bytes() > stored_limit {
            return Err(too_large(stored_limit, " that are not zero, far more than memory ever does"));
        }
        if read < piece.len() {
            break;
        }
    }
    unpacked.finish().map_err(|source| DumpError::Unpack { path: path.to_owned(), source })
}

/// Reads until the buffer is full or the data ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a file from its start, wherever its own position is.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
