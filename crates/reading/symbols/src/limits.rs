//! How much of a symbol file is believed.

/// Bytes of an ELF file or separate debug file; larger ones are not used.
pub const MAX_ELF_BYTES: u64 = 8 << 30;
/// Bytes of an uploaded Breakpad symbol file; larger ones are not used.
pub const MAX_BREAKPAD_BYTES: u64 = 1 << 30;
/// Bytes that one compressed debug section may decompress to.
pub const MAX_DECOMPRESSED_BYTES: u64 = 1 << 30;
/// Function symbols of one module; the rest is not used.
pub const MAX_SYMBOLS: usize = 4 << 20;
/// Entries of one unwind table that has to be indexed because it has no search table of its own.
pub const MAX_UNWIND_ENTRIES: usize = 1 << 20;
/// Steps of one DWARF expression of the call frame information.
pub const MAX_EXPRESSION_STEPS: u32 = 1_000;
/// Rows of one unwind entry that are looked at.
pub const MAX_UNWIND_ROWS: usize = 100_000;
/// Inlined calls that are named at one address; the rest is left out.
pub const MAX_INLINES: usize = 128;
/// Characters of a name or a source path; the rest is cut.
pub const MAX_NAME_CHARS: usize = 4_096;
/// Bytes of a mangled name that is demangled; longer ones are shown as they are.
pub const MAX_MANGLED_BYTES: usize = 16 << 10;
/// Notes that are kept; the rest is dropped.
pub const MAX_NOTES: usize = 256;
