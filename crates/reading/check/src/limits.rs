//! How much is told, and how far is looked.

/// Violations that are told; the rest is dropped.
pub const MAX_VIOLATIONS: usize = 256;
/// Bytes of a string; it bounds the work that many pointers to one string make.
pub const MAX_STRING_BYTES: u64 = 1 << 20;
/// Parts of the file whose owner is remembered to find overlaps; those beyond are not compared.
pub const MAX_EXTENTS: usize = 4 << 20;
/// Blocks of object information that one handle may have.
pub const MAX_OBJECT_INFORMATION: usize = 16;
/// Entries of all lists together that are looked at; lists within lists may all be the same one.
pub const MAX_ENTRIES: u64 = 4 << 20;
/// Bytes of text in all that are looked at for being UTF-8; many strings may begin within one another.
pub const MAX_TEXT_BYTES: u64 = 256 << 20;
