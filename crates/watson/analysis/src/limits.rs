//! Named limits of an analysis, on both sides of the pipe.

/// Milliseconds that a child may take, from start to answer.
pub const WALL_CLOCK_MS: u64 = 60_000;
/// Seconds of processor time that a child may use.
pub const CPU_SECONDS: u64 = 45;
/// Bytes of address space of a child.
pub const ADDRESS_SPACE_BYTES: u64 = 2 << 30;
/// Bytes of an answer. A child makes its answer smaller; a longer one ends it.
pub const MAX_ANSWER_BYTES: usize = 32 << 20;
/// Bytes of a job.
pub const MAX_JOB_BYTES: usize = 1 << 20;

/// Bytes of a cab that are read.
pub const MAX_CAB_BYTES: u64 = 1 << 30;
/// Members of a cab.
pub const MAX_MEMBERS: usize = 256;
/// Bytes of one unpacked member; a larger one is left out.
pub const MAX_MEMBER_BYTES: u64 = 1 << 30;
/// Bytes of all unpacked members together.
pub const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// Unpacked bytes that are always allowed, however small the cab.
pub const FREE_UNPACKED_BYTES: u64 = 64 << 20;
/// Unpacked bytes per byte of the cab beyond that: real dumps stay far below.
pub const MAX_RATIO: u64 = 200;
/// Characters of a member's name.
pub const MAX_NAME_CHARS: usize = 128;

/// Bytes of a `Report.wer`.
pub const MAX_REPORT_WER_BYTES: usize = 4 << 20;
/// Lines of a `Report.wer` that are looked at.
pub const MAX_REPORT_WER_LINES: usize = 65_536;
/// Signature pairs: P1 to P10.
pub const MAX_PARAMETERS: usize = 10;
/// Entries of every other list in an answer.
pub const MAX_ENTRIES: usize = 1_024;
/// Characters of every text in an answer; longer ones are cut by the child and refused by the parent.
pub const MAX_TEXT_CHARS: usize = 8_192;

/// Registered blocks in an answer.
pub const MAX_BLOCKS: usize = 512;
/// Bytes shown of one registered block.
pub const MAX_BLOCK_BYTES: usize = 64 << 10;
/// Bytes shown of all registered blocks together.
pub const MAX_BLOCKS_TOTAL_BYTES: usize = 4 << 20;

/// Threads in an answer.
pub const MAX_THREADS: usize = 16_385;
/// Frames of one thread in an answer.
pub const MAX_FRAMES: usize = 1_024;
/// Modules in an answer.
pub const MAX_MODULES: usize = 16_384;
/// Frames that other threads keep where an answer would be too long.
pub const FRAMES_WHEN_SHORTENED: usize = 16;
