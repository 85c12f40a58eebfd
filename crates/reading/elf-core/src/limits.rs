//! Limits on what of a dump becomes part of a core. Threads, modules and memory ranges have those of `wer_dump::limits`.

/// Mappings taken from the text of `/proc/PID/maps`.
pub const MAX_MAPPINGS: usize = 262_144;
/// Bytes of a path in that text.
pub const MAX_PATH_BYTES: usize = 4096;
/// Bytes of the auxiliary vector.
pub const MAX_AUXV_BYTES: usize = 4096;
/// Bytes of an XSAVE area.
pub const MAX_XSAVE_BYTES: usize = 16_384;
/// Bytes looked at of the text of `/proc/PID/status`.
pub const MAX_STATUS_BYTES: usize = 64 << 10;
