//! Blobs: bytes under the name that their content gives them. They are streamed to a local file, hashed on the way, and
//! then brought to where they are kept.

mod folder;
mod place;
mod writer;

use std::path::{Path, PathBuf};

pub(crate) use folder::FolderBlobs;
pub(crate) use place::BlobPlace;
pub use writer::BlobWriter;

/// A blob that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// 64 hex digits.
    pub sha256: String,
    /// Bytes.
    pub size_bytes: u64,
}

impl BlobRef {
    /// Bytes, as the rows have them.
    pub(crate) fn size(&self) -> i64 {
        i64::try_from(self.size_bytes).unwrap_or(i64::MAX)
    }
}

/// A blob as a file of this machine, which is there as long as this value lives.
#[derive(Clone, Debug)]
pub struct BlobFile {
    path: PathBuf,
}

impl BlobFile {
    fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file. It is not to be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether this is a blob's name, and no stranger's.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
