//! Limits of sending, and of what a server may say.

use std::time::Duration;

/// Time for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for level 1, from the first byte to the last.
pub const LEVEL1_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for level 2, the cab's bytes included.
pub const LEVEL2_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The longest time for which a server's wish to be left alone is followed.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// Bytes of a response's headers.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Bytes of an answer to level 2 that are read.
pub const MAX_LEVEL2_RESPONSE_BYTES: u64 = 64 * 1024;
/// Characters of a solution's URL.
pub const MAX_SOLUTION_URL_CHARS: usize = 2048;
/// Characters of a solution's text.
pub const MAX_SOLUTION_TEXT_CHARS: usize = 4096;
/// Characters of a cab's path.
pub const MAX_DUMP_PATH_CHARS: usize = 1024;
/// Bytes of a file with certificates of authorities.
pub const MAX_AUTHORITY_BYTES: u64 = 1024 * 1024;
/// Characters of a host.
pub const MAX_HOST_CHARS: usize = 255;
/// Bytes of one file in a cab: the format's own limit.
pub const MAX_CAB_FILE_BYTES: u64 = 0x7FFF_8000;
/// Bytes of a cab's files together, so that cab and offsets stay below the format's 2 GiB.
pub const MAX_CAB_BYTES: u64 = 0x7FFF_0000;
/// Files of a cab.
pub const MAX_CAB_FILES: usize = 1000;
/// Bytes of a `Report.wer`.
pub const MAX_REPORT_WER_BYTES: u64 = 4 * 1024 * 1024;
/// Characters of any text in an explanation that comes from elsewhere.
pub const MAX_QUOTED_CHARS: usize = 300;
/// Bytes of one piece of an upload in pieces.
pub const PIECE_BYTES: u32 = 4 * 1024 * 1024;
/// Bytes of files from which they are sent in pieces where the server takes them: an upload that is cut then goes on where
/// it ended, which a cab cannot.
pub const PIECES_FROM_BYTES: u64 = 64 * 1024 * 1024;
/// Time for one piece.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Time in which a server puts the pieces together.
pub const COMPLETE_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Tries of one piece in one attempt.
pub const PIECE_TRIES: u32 = 3;
/// zstd's level for pieces: dumps are large, and mostly zeros and text.
pub const PIECE_LEVEL: i32 = 3;
/// Bytes of a refusal that are read.
pub const MAX_REFUSAL_BYTES: usize = 64 * 1024;
