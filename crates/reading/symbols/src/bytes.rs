//! Bytes of a symbol file that everything parsed from it shares: a mapped file, or a copy.
#![expect(unsafe_code, reason = "mapping a file, and promising gimli that the bytes stay in place")]

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use gimli::{EndianReader, LittleEndian};

/// `O_NONBLOCK | O_CLOEXEC` of Linux x86-64: a FIFO or device in the place of a library must not hang the reader.
const OPEN_FLAGS: i32 = 0o4000 | 0o2000000;

/// A section, as gimli reads it.
pub(crate) type Section = EndianReader<LittleEndian, SharedBytes>;

/// Bytes that live as long as anybody reads them.
#[derive(Clone)]
pub(crate) struct SharedBytes(Owner);

#[derive(Clone)]
enum Owner {
    Mapped(Arc<memmap2::Mmap>),
    Copied(Arc<[u8]>),
}

impl SharedBytes {
    /// Maps a regular file of at most `limit` bytes.
    pub(crate) fn map(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        if metadata.len() > limit {
            return Err(io::Error::other(format!("{} bytes are more than {limit}", metadata.len())));
        }
        Ok(Self(Owner::Mapped(Arc::new(map(&file)?))))
    }

    /// A copy.
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        Self(Owner::Copied(bytes.into()))
    }

    /// These bytes from `offset`, `size` of them, for gimli. Empty where they lie outside.
    pub(crate) fn section(&self, offset: u64, size: u64) -> Section {
        let reader = EndianReader::new(self.clone(), LittleEndian);
        let range = usize::try_from(offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(usize::try_from(size).ok()?)?))
            .filter(|range| range.end <= self.len());
        reader.range(range.unwrap_or(0..0))
    }
}

fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private and read only. A file that is cut short while mapped ends this process by
    // SIGBUS; package managers replace files by renaming, which leaves the mapped one whole.
    unsafe { memmap2::Mmap::map(file) }
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Owner::Mapped(map) => map,
            Owner::Copied(bytes) => bytes,
        }
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes)", self.len())
    }
}

// SAFETY: both owners keep their bytes behind an `Arc` and never change which bytes those are, so the address that
// `deref` gives stays valid when the owner moves.
unsafe impl gimli::StableDeref for SharedBytes {}
// SAFETY: a clone shares the `Arc`, so it derefs to the same address.
unsafe impl gimli::CloneStableDeref for SharedBytes {}
