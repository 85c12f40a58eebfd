//! Why a dump could not be read.

use std::path::PathBuf;

/// A dump that is refused. Each says what to look at.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The file could not be opened or mapped.
    #[error("cannot read the dump {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a regular file.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Too large to be read.
    #[error("the dump has {bytes} bytes; at most {} are read", crate::limits::MAX_DUMP_BYTES)]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The bytes do not start as a little-endian minidump.
    #[error("this is not a minidump: it does not start with \"MDMP\"")]
    NotADump,
    /// A count or size in the dump is beyond what is believed.
    #[error("the dump's {what} is {value}; at most {limit} is believed")]
    Limit {
        /// Which count or size.
        what: &'static str,
        /// What the dump says.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// The header, the directory or a needed stream cannot be read.
    #[error("the dump's {what} cannot be read: {reason}")]
    Damaged {
        /// Which part.
        what: &'static str,
        /// The reader's reason.
        reason: String,
    },
    /// A compressed dump is damaged or cut.
    #[error("the compressed dump {} cannot be unpacked: {reason}", path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A compressed dump would unpack to more than is believed.
    #[error("the compressed dump {} unpacks to more than {limit} bytes{what}", path.display())]
    UnpackedTooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
        /// Of which bytes, or where they had to go.
        what: &'static str,
    },
    /// What a compressed dump unpacks to could not be kept.
    #[error("the compressed dump {} cannot be unpacked to a temporary file: {source}", path.display())]
    Unpack {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
