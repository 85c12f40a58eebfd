//! Limits on what modules and their hosts may use or answer.

use std::time::Duration;

/// What a module has for being loaded and for each of its callbacks, unless the caller sets another limit.
pub const DEFAULT_DEADLINE_PER_CALL: Duration = Duration::from_secs(10);
/// Calls that a host makes at most: loading, the event, ten pairs, the debugger.
pub const MAX_CALLS: u32 = MAX_SIGNATURE_PAIRS + 3;
/// How often the caller hears that a module is still being waited for.
pub const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// How long a killed host may take to disappear before it is left to itself.
pub const REAP_LIMIT: Duration = Duration::from_secs(1);

/// Modules that are asked, as many as can be registered.
pub const MAX_MODULES: usize = wer_abi::limits::WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES;
/// Bytes of one packet between `werfault` and a host. Below the kernel's default socket buffer.
pub const MAX_PACKET_BYTES: usize = 64 * 1024;
/// Packets that one host may send.
pub const MAX_PACKETS: usize = 64;
/// Requests (`TerminateProcess`, `DuplicateHandle`, `MiniDumpWriteDump`) that one module may make.
pub const MAX_REQUESTS: usize = 64;
/// Notes that one host may send.
pub const MAX_NOTES: usize = 8;
/// Characters of a note or a loader's reason that are kept.
pub const MAX_REASON_CHARS: usize = 512;

/// WCHARs of the buffers that a callback is first given (the documented limit of the event name's).
pub const FIRST_BUFFER_WCHARS: usize = wer_abi::limits::MAX_PATH;
/// WCHARs that a callback may ask for by `HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER)`.
pub const MAX_BUFFER_WCHARS: usize = 4096;
/// Signature pairs that are asked for; a module that counts more gets this many.
pub const MAX_SIGNATURE_PAIRS: u32 = wer_abi::limits::WER_MAX_PARAM_COUNT as u32;

/// Address space of a host.
pub const HOST_ADDRESS_SPACE_BYTES: u64 = 2 << 30;
/// Descriptors of a host; a handle names them in 16 bits.
pub const HOST_DESCRIPTORS: u64 = 256;

/// Bytes of a module's file that [`crate::check_module`] reads.
pub const MAX_CHECKED_FILE_BYTES: u64 = 512 << 20;

/// Files of one module that join the report; one that makes more loses its claim.
pub const MAX_MODULE_FILES: usize = 16;
/// Bytes of one module's files together; one that writes more loses its claim, and no file of it may be longer.
pub const MAX_MODULE_FILES_BYTES: u64 = 1 << 30;
/// Characters that are kept of a file's name.
pub const MAX_FILE_NAME_CHARS: usize = 64;
/// Imports of a module that [`crate::check_module`] names.
pub const MAX_NAMED_IMPORTS: usize = 64;
