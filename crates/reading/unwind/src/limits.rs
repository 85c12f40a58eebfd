//! How far a walk goes.

/// Frames of one thread; the outer ones are cut, with a note.
pub const MAX_FRAMES: usize = 1_024;
/// Frames of all threads together; later threads get their first frame only.
pub const MAX_TOTAL_FRAMES: usize = 1 << 18;
/// Words of the stack that are searched for a return address after a frame that is certain.
pub const SCAN_WORDS_AFTER_CERTAIN: u64 = 160;
/// The same after a frame that is itself a guess.
pub const SCAN_WORDS_AFTER_GUESS: u64 = 40;
/// Below this address there is no code.
pub const FIRST_CODE_ADDRESS: u64 = 4_096;
/// Bytes of a module image in the dump's memory that are read, for modules without a file (the vdso).
pub const MAX_IMAGE_BYTES: u64 = 64 << 10;
