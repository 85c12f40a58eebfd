//! Limits of the joiner.

use std::time::Duration;

/// A request from a crashing process is written in one piece; it is here at once or never.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// Looking into another user's store, as that user.
pub const STORE_LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// Opening one registered file as its user; a FIFO or a dead network file system does not hold us longer.
pub const FILE_OPEN_DEADLINE: Duration = Duration::from_secs(2);
/// Without progress for this long, nobody holds a process for its report, however short or long it asked for.
pub const HOLD_RANGE_MS: std::ops::RangeInclusive<u32> = 1_000..=600_000;
/// Writing the last line of a hung run into the log, which may hang too.
pub const LAST_LINE_DEADLINE: Duration = Duration::from_secs(2);
/// A process waits no longer for its debugger. Much longer than for anything else: a person may be at work.
pub const DEBUGGER_DEADLINE: Duration = Duration::from_secs(3600);
/// A process comes to stand before its debugger starts; one that does not is shown as it is.
pub const STANDING_DEADLINE: Duration = Duration::from_secs(2);
/// How often the process is told that its debugger is still at work.
pub const DEBUGGER_PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// A program must have run for this long to be started again after a crash, as on Windows.
pub const RESTART_AFTER: Duration = Duration::from_secs(60);
/// Milliseconds between two restarts of one program.
pub const RESTART_PAUSE_MS: u64 = 60_000;
/// How long a crashed process's death is waited for before it is started again; the kernel may write its core meanwhile.
pub const DEATH_DEADLINE: Duration = Duration::from_secs(60);
/// Bytes of a command line of a program that is started again.
pub const MAX_COMMAND_LINE_BYTES: usize = 256 << 10;
/// Bytes of its environment.
pub const MAX_RESTART_ENVIRONMENT_BYTES: usize = 1 << 20;
/// Bytes read of the file that keeps the times of restarts.
pub const MAX_RESTART_TIMES_BYTES: u64 = 64 << 10;
/// Bytes of a process's environment in which its user's folders are looked for.
pub const MAX_ENVIRONMENT_BYTES: usize = 1 << 20;
/// Bytes of the machine's list of users.
pub const MAX_USER_LIST_BYTES: u64 = 4 << 20;
/// Making, naming or removing something in a folder with its user's rights.
pub const FOLDER_DEADLINE: Duration = Duration::from_secs(5);
/// Entries of a folder of dumps that are looked at.
pub const MAX_DUMP_FOLDER_ENTRIES: usize = 20_000;
/// Characters of a program's name in the name of its dump.
pub const MAX_PROGRAM_NAME_CHARS: usize = 128;
/// Dumps of one program and process id in one folder.
pub const MAX_SAME_DUMPS: u32 = 100;
/// Capturing one additional process (`WerRegisterAdditionalProcess`) and reading its memory.
pub const ADDITIONAL_PROCESS_DEADLINE: Duration = Duration::from_secs(5);
/// Reading the settings of the crashed user, with that user's rights.
pub const USER_SETTINGS_DEADLINE: Duration = Duration::from_secs(2);
/// How long `werfault --store` may take; a server that is slow to take a cab is most of it.
pub const STORE_REQUEST_DEADLINE: Duration = Duration::from_secs(600);
