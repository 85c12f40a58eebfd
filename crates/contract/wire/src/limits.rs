//! Limits of everything that comes over the wire. MS-CER2's own limits (2.2) are marked; the others are ours, wide
//! enough for what real clients send and narrow enough that no body can hold the reader up.

/// Bytes of a level 1 request body.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// Bytes of a level 1 response body.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// Characters of any attribute or response value that is read.
pub const MAX_VALUE_CHARS: usize = 4096;
/// Characters of the code of `SolutionText`: with every other value at its limit a response still fits into
/// [`MAX_RESPONSE_BYTES`].
pub const MAX_SOLUTION_TEXT_CODE_CHARS: usize = 24 * 1024;
/// Characters of the code of `SolutionFixedIn`.
pub const MAX_VERSION_CODE_CHARS: usize = 1024;
/// Characters of an event type (`WER_MAX_EVENT_NAME_LENGTH` doubled: kernel event types are longer).
pub const MAX_EVENT_TYPE_CHARS: usize = 128;
/// Characters of `machinename`, `appname`, `apppath`, `appcompany` and `filename` that are written (MS-CER2).
pub const MAX_NAME_CHARS: usize = 256;
/// Characters of `oem` that are written (MS-CER2).
pub const MAX_OEM_CHARS: usize = 32;
/// `PARAMETER` elements; their ids are below this (MS-CER2).
pub const MAX_PARAMETERS: usize = 10;
/// `SECONDARYPARAMETER` elements.
pub const MAX_SECONDARY_PARAMETERS: usize = 128;
/// `FILE` elements.
pub const MAX_FILES: usize = 512;
/// Elements of a request, known or not.
pub const MAX_ELEMENTS: usize = 4096;
/// Attributes of one element.
pub const MAX_ATTRIBUTES: usize = 32;
/// Depth of nested elements.
pub const MAX_DEPTH: usize = 16;
/// Largest `reporttype` (`WerReportKernel`).
pub const MAX_REPORT_TYPE: u32 = 4;
/// Largest `filetype`; newer Windows add types, so any small number is read.
pub const MAX_FILE_TYPE: u32 = 255;
/// Lines of a response.
pub const MAX_RESPONSE_LINES: usize = 256;
/// Items of one list of a response (`GetFile`, `RegKey`, ...).
pub const MAX_LIST_ITEMS: usize = 64;
/// Bytes of a manifest of an upload in pieces.
pub const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;
/// Files of one such upload.
pub const MAX_PIECED_FILES: usize = 64;
/// Pieces of one such upload.
pub const MAX_PIECES: usize = 32_768;
/// Characters of a file's name in it.
pub const MAX_FILE_NAME_CHARS: usize = 260;
/// Bytes of the smallest piece that a file may be cut into, its last one apart.
pub const MIN_PIECE_BYTES: u32 = 64 * 1024;
/// Bytes of the largest piece.
pub const MAX_PIECE_BYTES: u32 = 16 * 1024 * 1024;
