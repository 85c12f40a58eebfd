//! Blobs: bytes under the name that their content gives them. They are streamed to a local file, hashed on the way, and
//! then brought to where they are kept.

mod cache;
mod folder;
mod place;
mod release;
mod rows;
mod s3;
mod settings;
mod sweep;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use folder::FolderBlobs;
pub(crate) use place::BlobPlace;
pub use release::Released;
pub(crate) use rows::name_blobs;
pub(crate) use s3::S3Blobs;
pub use settings::{BadBlobsAt, BlobsAt, S3Credentials, S3Settings};
pub use sweep::{NAMED_BY, Swept};
pub use writer::BlobWriter;

/// A blob that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// 64 hex digits.
    pub sha256: String,
    /// Bytes.
    pub size_bytes: u64,
    /// When storing it began, by this machine's clock.
    put_ms: i64,
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
    _held: Option<Arc<()>>,
}

impl BlobFile {
    fn new(path: PathBuf) -> Self {
        Self { path, _held: None }
    }

    fn held(path: PathBuf, held: Arc<()>) -> Self {
        Self { path, _held: Some(held) }
    }

    /// The file. It is not to be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A blob that a list of the place has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) sha256: String,
    pub(crate) size_bytes: u64,
    /// When it was last stored, by the place's clock.
    pub(crate) stored_ms: i64,
}

/// Whether this is a blob's name, and no stranger's.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() == 64 && is_hex(name)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
