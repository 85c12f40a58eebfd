//! A dump file, mapped; a compressed one is unpacked first, to a temporary file that has no name, or into memory.
#![expect(unsafe_code, reason = "mapping a file into memory is unsafe by its nature")]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use crate::compressed::{self, UnpackLimits, is_compressed};
use crate::error::DumpError;
use crate::growing::Unpacked;
use crate::limits::MAX_DUMP_BYTES;

/// `O_NONBLOCK | O_CLOEXEC` of Linux x86-64: a FIFO in the place of a dump must not hang the reader.
const OPEN_FLAGS: i32 = 0o4000 | 0o2000000;
/// Bytes that tell a compressed dump.
const MAGIC_BYTES: usize = 4;

/// The bytes of a dump file. Nobody may cut the file short while this lives (the store never does).
#[derive(Debug)]
pub struct DumpFile {
    held: Held,
}

#[derive(Debug)]
enum Held {
    Mapped(memmap2::Mmap),
    Memory(Vec<u8>),
}

impl DumpFile {
    /// Opens a regular file of at most [`MAX_DUMP_BYTES`], packed or unpacked.
    ///
    /// # Errors
    /// [`DumpError`]: the file cannot be read, is too large, or is compressed and cannot be unpacked.
    pub fn open(path: &Path) -> Result<Self, DumpError> {
        Self::open_within(path, &UnpackLimits::default())
    }

    /// Opens a file that unpacks to no more than the limits say.
    ///
    /// # Errors
    /// See [`DumpFile::open`].
    pub fn open_within(path: &Path, limits: &UnpackLimits) -> Result<Self, DumpError> {
        let failed = |source| DumpError::File { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path).map_err(failed)?;
        Self::of(&file, path, limits)
    }

    /// The dump in a file that is open already; `path` is for messages and tells where a temporary file may lie.
    ///
    /// # Errors
    /// See [`DumpFile::open`].
    pub fn of(file: &File, path: &Path, limits: &UnpackLimits) -> Result<Self, DumpError> {
        let failed = |source| DumpError::File { path: path.to_owned(), source };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(DumpError::NotAFile(path.to_owned()));
        }
        if metadata.len() > MAX_DUMP_BYTES {
            return Err(DumpError::TooLarge { bytes: metadata.len() });
        }
        let mut magic = [0; MAGIC_BYTES];
        let read = file.read_at(&mut magic, 0).map_err(failed)?;
        if !is_compressed(magic.get(..read).unwrap_or_default()) {
            let map = map(file).map_err(failed)?;
            return Ok(Self { held: Held::Mapped(map) });
        }
        let held = match compressed::unpack(file, metadata.len(), path, limits)? {
            Unpacked::Memory(bytes) => Held::Memory(bytes),
            Unpacked::File(unpacked) => {
                let unpack = |source| DumpError::Unpack { path: path.to_owned(), source };
                Held::Mapped(map(&unpacked).map_err(unpack)?)
            }
        };
        Ok(Self { held })
    }

    /// The bytes, unpacked.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.held {
            Held::Mapped(map) => map,
            Held::Memory(bytes) => bytes,
        }
    }
}

fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private and read only; a file that is cut short while mapped ends this process by
    // SIGBUS, which the analysing child is made for, and never gives wrong memory. An unpacked file has no name.
    unsafe { memmap2::Mmap::map(file) }
}
