//! Windows' documented limits (werapi.h), under its names.

/// Bytes of one registered memory block (`WerRegisterMemoryBlock`).
pub const WER_MAX_MEM_BLOCK_SIZE: u32 = 65_536;
/// Files, memory blocks, excluded blocks, metadata and additional processes share this many entries.
pub const WER_MAX_REGISTERED_ENTRIES: usize = 512;
/// Custom metadata pairs.
pub const WER_MAX_REGISTERED_METADATA: usize = 8;
/// Additional processes.
pub const WER_MAX_REGISTERED_DUMPCOLLECTION: usize = 4;
/// Runtime exception modules.
pub const WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES: usize = 16;
/// WCHARs of a metadata key.
pub const WER_METADATA_KEY_MAX_LENGTH: usize = 64;
/// WCHARs of a metadata value.
pub const WER_METADATA_VALUE_MAX_LENGTH: usize = 128;
/// WCHARs of the path of an app-local dump, with its terminator.
pub const WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH: usize = 64;
/// WCHARs of the command line of a restart, with its terminator.
pub const RESTART_MAX_CMD_LINE: usize = 1024;
/// Milliseconds within which a recovery callback must tell its progress, unless it was registered with another number.
pub const RECOVERY_DEFAULT_PING_INTERVAL_MS: u32 = 5000;
/// The longest interval that can be registered.
pub const RECOVERY_MAX_PING_INTERVAL_MS: u32 = 5 * 60 * 1000;
/// However much progress a recovery callback tells, the process waits for it no longer.
pub const RECOVERY_CAP_MS: u64 = 10 * 60 * 1000;
/// WCHARs of a path, with its terminator.
pub const MAX_PATH: usize = 260;
/// Parameters of a signature.
pub const WER_MAX_PARAM_COUNT: usize = 10;
/// WCHARs of a parameter's value, with its terminator.
pub const WER_MAX_PARAM_LENGTH: usize = MAX_PATH;
/// WCHARs of a parameter's name, without its terminator.
pub const WER_MAX_SIGNATURE_NAME_LENGTH: usize = 128;
/// WCHARs of an event name, without its terminator.
pub const WER_MAX_EVENT_NAME_LENGTH: usize = 64;
/// Bytes of a process's last words that we keep.
pub const MAX_LAST_WORDS_BYTES: usize = 4096;
/// Milliseconds that a crashing process is held at most, unless it set another limit.
pub const DEFAULT_MAX_HOLD_MS: u32 = 30_000;
