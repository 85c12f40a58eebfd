//! Limits of a report: what is taken from a crashed process, and what is read from a `Report.wer`.

/// Bytes of a `Report.wer`.
pub const MAX_REPORT_WER_BYTES: usize = 4 * 1024 * 1024;
/// Characters of one value of a `Report.wer`, unescaped.
pub const MAX_VALUE_CHARS: usize = 64 * 1024;
/// Loaded modules.
pub const MAX_LOADED_MODULES: usize = 4096;
/// Runtime exception modules, files, `OsInfo`, `DynamicSig` and metadata: entries of each list.
pub const MAX_LIST_ENTRIES: usize = 1024;
/// What is missing: sentences of one report.
pub const MAX_SOFT_ERRORS: usize = 256;
/// Characters of one sentence about what is missing.
pub const MAX_SENTENCE_CHARS: usize = 2048;
/// Characters of the program's name in a folder name, as on Windows.
pub const FOLDER_NAME_CHARS: usize = 16;
