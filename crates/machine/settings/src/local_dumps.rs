//! `[LocalDumps]`: dumps that are kept on this machine, apart from reports.

use std::path::PathBuf;

/// What a local dump holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalDumpType {
    /// `DumpType` 0, with these `MINIDUMP_TYPE` flags.
    Custom(u32),
    /// `DumpType` 1.
    Mini,
    /// `DumpType` 2.
    Full,
}

/// `MiniDumpWithFullMemory`.
const FULL_MEMORY: u32 = 0x2;
/// `MiniDumpWithPrivateReadWriteMemory`.
const PRIVATE_READ_WRITE_MEMORY: u32 = 0x200;

impl LocalDumpType {
    /// Whether it holds the heap.
    #[must_use]
    pub const fn holds_heap(self) -> bool {
        match self {
            Self::Custom(flags) => flags & (FULL_MEMORY | PRIVATE_READ_WRITE_MEMORY) != 0,
            Self::Mini => false,
            Self::Full => true,
        }
    }
}

/// The local dump of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDump {
    /// What it holds.
    pub dump_type: LocalDumpType,
    /// How many are kept.
    pub count: u32,
    /// Where they go.
    pub folder: PathBuf,
}
