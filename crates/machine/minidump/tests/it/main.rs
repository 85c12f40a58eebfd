//! The writer against readers: the `minidump` crate, a reader written by hand from the format's tables (it shares no
//! struct with the writer), the strict checker, and, for real processes, lldb and `minidump-processor`.

mod capturer;
mod failures;
mod fake;
mod live;
mod memory;
mod property;
mod raw;
mod registered;
mod streams;
