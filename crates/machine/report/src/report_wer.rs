//! `Report.wer`: UTF-16LE with a byte order mark, CRLF, `Key=Value` lines in Windows' order, then ours. Both ways; the
//! form is described in `docs/formats/report-wer.md`. Reading is total and believes nothing.

mod entries;
mod escape;
mod modules;
mod names;
mod read;
mod write;

/// `WerUIIconFilePath`: the path of the executable, where nobody set it.
const ICON_FILE_PATH: u32 = 2;

pub use escape::{escape, unescape};
pub use read::{ReportWerError, parse};
pub use write::to_bytes;
