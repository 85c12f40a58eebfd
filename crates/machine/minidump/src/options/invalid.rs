//! Which options are refused. The original refuses bits outside its valid ones; what else contradicts itself is our own
//! decision, and gets the same HRESULT.

use wer_abi::Hresult;

use crate::flags::{
    FILTER_TRIAGE, IGNORE_INACCESSIBLE_MEMORY, NO_IGNORE_INACCESSIBLE_MEMORY, VALID_TYPE_FLAGS,
    WITH_FULL_AUXILIARY_STATE, WITH_FULL_MEMORY, WITHOUT_AUXILIARY_STATE,
};
use crate::limits::MAX_USER_STREAMS;
use crate::options::DumpOptions;

/// Options that make no dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlags {
    /// Bits that no version of the header defines.
    #[error("the dump type has the unknown bits {bits:#x}; the valid ones are {VALID_TYPE_FLAGS:#x}")]
    Unknown {
        /// The bits.
        bits: u64,
    },
    /// Two flags that ask for opposite things.
    #[error("the dump type asks for {first} and for {second}, which exclude each other; leave one out")]
    Contradiction {
        /// One flag's name.
        first: &'static str,
        /// The other's.
        second: &'static str,
    },
    /// A user stream of type 0, which marks unused directory entries.
    #[error("a user stream has the type 0, which means an unused one; give it a type above 0xFFFF")]
    UnusedStream,
    /// More user streams than a dump takes.
    #[error("{count} user streams are more than the {MAX_USER_STREAMS} that a dump takes")]
    TooManyStreams {
        /// How many there are.
        count: usize,
    },
}

impl InvalidFlags {
    /// What `GetLastError` says then: `E_INVALIDARG`.
    #[must_use]
    pub const fn hresult(&self) -> i32 {
        Hresult::E_INVALIDARG.0
    }
}

const CONTRADICTIONS: [(u64, &str, u64, &str); 3] = [
    (
        IGNORE_INACCESSIBLE_MEMORY,
        "MiniDumpIgnoreInaccessibleMemory",
        NO_IGNORE_INACCESSIBLE_MEMORY,
        "MiniDumpNoIgnoreInaccessibleMemory",
    ),
    (
        WITHOUT_AUXILIARY_STATE,
        "MiniDumpWithoutAuxiliaryState",
        WITH_FULL_AUXILIARY_STATE,
        "MiniDumpWithFullAuxiliaryState",
    ),
    (FILTER_TRIAGE, "MiniDumpFilterTriage", WITH_FULL_MEMORY, "MiniDumpWithFullMemory"),
];

pub(super) fn check(options: &DumpOptions) -> Result<(), InvalidFlags> {
    let unknown = options.flags & !VALID_TYPE_FLAGS;
    if unknown != 0 {
        return Err(InvalidFlags::Unknown { bits: unknown });
    }
    for (first, first_name, second, second_name) in CONTRADICTIONS {
        if options.has(first) && options.has(second) {
            return Err(InvalidFlags::Contradiction { first: first_name, second: second_name });
        }
    }
    if options.user_streams.iter().any(|stream| stream.stream_type == 0) {
        return Err(InvalidFlags::UnusedStream);
    }
    let count = options.user_streams.len();
    if count > MAX_USER_STREAMS { Err(InvalidFlags::TooManyStreams { count }) } else { Ok(()) }
}
