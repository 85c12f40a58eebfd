//! Limits of the joiner.

use std::time::Duration;

/// One module's time to answer all its callbacks.
pub const MODULE_DEADLINE: Duration = Duration::from_secs(10);
/// A request from a crashing process is written in one piece; it is here at once or never.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// Looking into another user's store, as that user.
pub const STORE_LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// Opening one registered file as its user; a FIFO or a dead network file system does not hold us longer.
pub const FILE_OPEN_DEADLINE: Duration = Duration::from_secs(2);
