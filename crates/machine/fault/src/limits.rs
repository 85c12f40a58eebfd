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
/// How often the process is told that its debugger is still at work.
pub const DEBUGGER_PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
