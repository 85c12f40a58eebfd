//! Limits of the service.

use std::time::Duration;

/// Reporters at work at one time; further crashes wait in the socket's backlog, held by the kernel.
pub const MAX_REPORTERS: usize = 8;
/// One crash's time from connection to stored report. The kernel holds the process for as long.
pub const REPORTER_DEADLINE: Duration = Duration::from_secs(300);
/// How often a waiting reporter is looked at.
pub const REPORTER_POLL: Duration = Duration::from_millis(20);
/// How often queued reports are tried again, for consent given or a server that is back.
pub const RESEND_INTERVAL: Duration = Duration::from_secs(15 * 60);
