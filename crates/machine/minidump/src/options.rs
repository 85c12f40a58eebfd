//! What the caller wants in a dump.

use wer_abi::flags::DumpType;
use wer_model::ReportId;

use crate::flags;

/// What the caller wants in a dump.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DumpOptions {
    /// `MINIDUMP_TYPE`; written to the header as it is. Bits that mean nothing on Linux are ignored.
    pub flags: u64,
    /// Micro dumps: the crashed thread and its stack, no other thread.
    pub only_crashed_thread: bool,
    /// Text for the comment stream (`CommentStreamW`).
    pub comment: Option<String>,
    /// The report that the dump belongs to.
    pub report_id: Option<ReportId>,
}

impl DumpOptions {
    /// What the `WER_DUMP_TYPE` page makes a type equivalent to.
    #[must_use]
    pub fn for_type(dump_type: DumpType) -> Self {
        Self {
            flags: dump_type.minidump_flags(),
            only_crashed_thread: dump_type == DumpType::Micro,
            ..Self::default()
        }
    }

    pub(crate) const fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    pub(crate) const fn full_memory(&self) -> bool {
        self.has(flags::WITH_FULL_MEMORY)
    }

    /// Heap and larger dumps: the only ones that registered blocks belong to.
    pub(crate) const fn heap_memory(&self) -> bool {
        self.has(flags::WITH_FULL_MEMORY | flags::WITH_PRIVATE_READ_WRITE_MEMORY)
    }

    pub(crate) const fn data_segments(&self) -> bool {
        self.has(flags::WITH_DATA_SEGS) && !self.has(flags::WITHOUT_OPTIONAL_DATA)
    }
}
