//! Named limits.

use std::time::Duration;

/// In a dump of the own process: how long a callback may take while the other threads stand still. It might wait for one
/// of them, so afterwards they are let go and the dump fails.
pub const CALLBACK_DEADLINE: Duration = Duration::from_secs(30);
/// In a dump of the own process: how long the child that writes it may be silent. It tells of progress far more often.
pub const CHILD_SILENCE_DEADLINE: Duration = Duration::from_secs(120);
/// Bytes of one message between the own process and its child.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Bytes of memory or output that one such message carries.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// Stack of the child and of the middle child that waits for it.
pub const CHILD_STACK_BYTES: usize = 1 << 20;
/// Stack of the thread of the child that does the work.
pub const CHILD_WORK_STACK_BYTES: usize = 8 << 20;
