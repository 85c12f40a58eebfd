//! Why no core could be made of a dump.

use std::io;

use wer_dump::DumpError;

/// Why no core could be made of a dump.
#[derive(Debug, thiserror::Error)]
pub enum ElfCoreError {
    /// The dump cannot be read.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The dump is of another system or processor.
    #[error(
        "a core can only be made of the dump of a Linux program for x86-64; this one is of {os} on {cpu}"
    )]
    OtherSystem {
        /// Operating system.
        os: String,
        /// Processor.
        cpu: String,
    },
    /// The dump has no threads, so there is nothing that a debugger could look at.
    #[error("the dump has no threads; a debugger opens no core without one")]
    NoThreads,
    /// The same bytes of the dump stand for memory many times; the core could be of any size.
    #[error(
        "the dump's memory lists name {memory_bytes} bytes, and all of it has {dump_bytes}; no core is made of it"
    )]
    MoreMemoryThanDump {
        /// Bytes in the memory lists.
        memory_bytes: u64,
        /// Bytes of the dump.
        dump_bytes: u64,
    },
    /// The dump's bytes could not be read again.
    #[error("the dump cannot be read: {0}")]
    Read(io::Error),
    /// The core could not be written.
    #[error("the core cannot be written: {0}")]
    Write(io::Error),
    /// Whoever asked wanted no more.
    #[error("making the core was cancelled")]
    Cancelled,
}
