//! One thing that is wrong.

use core::fmt;

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Header or directory.
    Header,
    /// Something reaches beyond the file, or beyond what holds it.
    OutOfRange,
    /// Something does not begin where it should.
    Misaligned,
    /// Two things are in one place of the file.
    Overlap,
    /// A count, or the size of a header or entry, does not match the size of what it counts.
    Count,
    /// A text without its terminator.
    Terminator,
    /// A string of a length that it cannot have.
    String,
    /// Something is there twice.
    Duplicate,
    /// A list that is not sorted.
    Order,
    /// Memory of the process is there twice, is empty or wraps around.
    Memory,
    /// A thread's stack is not in the memory list.
    Stack,
    /// A register context of a wrong size, or with wrong flags.
    Context,
    /// A value that the format or this system does not have there.
    Value,
}

impl Kind {
    /// The word for it in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::OutOfRange => "out_of_range",
            Self::Misaligned => "misaligned",
            Self::Overlap => "overlap",
            Self::Count => "count",
            Self::Terminator => "terminator",
            Self::String => "string",
            Self::Duplicate => "duplicate",
            Self::Order => "order",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Context => "context",
            Self::Value => "value",
        }
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where in the file.
    pub offset: u64,
    /// What sort of thing.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:#x}: {}", self.offset, self.message)
    }
}
