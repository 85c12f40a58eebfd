//! How much is told, and how far is looked.

/// Violations that are told; the rest is dropped.
pub const MAX_VIOLATIONS: usize = 256;
/// Bytes of a string; it bounds the work that many pointers to one string make.
pub const MAX_STRING_BYTES: u64 = 1 << 20;
/// Parts of the file whose owner is remembered to find overlaps; those beyond are not compared.
pub const MAX_EXTENTS: usize = 4 << 20;
/// Blocks of object information that one handle may have.
pub const MAX_OBJECT_INFORMATION: usize = 16;
