//! A dump file, mapped.
#![expect(unsafe_code, reason = "mapping a file into memory is unsafe by its nature")]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::DumpError;
use crate::limits::MAX_DUMP_BYTES;

/// `O_NONBLOCK | O_CLOEXEC` of Linux x86-64: a FIFO in the place of a dump must not hang the reader.
const OPEN_FLAGS: i32 = 0o4000 | 0o2000000;

/// The bytes of a dump file. Nobody may cut the file short while this lives (the store never does).
#[derive(Debug)]
pub struct DumpFile {
    map: memmap2::Mmap,
}

impl DumpFile {
    /// Maps a regular file of at most [`MAX_DUMP_BYTES`].
    ///
    /// # Errors
    /// [`DumpError::File`], [`DumpError::NotAFile`], [`DumpError::TooLarge`].
    pub fn open(path: &Path) -> Result<Self, DumpError> {
        let failed = |source| DumpError::File { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(DumpError::NotAFile(path.to_owned()));
        }
        if metadata.len() > MAX_DUMP_BYTES {
            return Err(DumpError::TooLarge { bytes: metadata.len() });
        }
        map(&file).map(|map| Self { map }).map_err(failed)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}

fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private and read only; a file that is cut short while mapped ends this process by
    // SIGBUS, which the analysing child is made for, and never gives wrong memory.
    unsafe { memmap2::Mmap::map(file) }
}
