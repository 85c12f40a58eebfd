//! The writer against readers: the `minidump` crate, a reader written by hand from the format's tables (it shares no
//! struct with the writer), the strict checker, and, for real processes, lldb and `minidump-processor`.

mod callbacks;
mod capturer;
mod custom;
mod extended;
mod failures;
mod fake;
mod flags;
mod live;
mod memory;
mod more_streams;
mod property;
mod raw;
mod reads;
mod registered;
mod streams;
mod writing;
