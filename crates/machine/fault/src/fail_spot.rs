//! Fail-spots: named places at which a test lets `werfault` die or stand still, to prove what happens then. They exist
//! in debug builds only and do nothing unless the variable `WER_FAIL_SPOT` names one.
//!
//! - `WER_FAIL_SPOT=NAME`: at that spot the process kills itself with SIGKILL, as the kernel's memory killer would.
//! - `WER_FAIL_SPOT=NAME:/PATH`: at that spot the process makes the empty file `/PATH` and stands still until somebody
//!   removes it, at most [`MAX_STANDSTILL`].
//!
//! | Name | Where |
//! |---|---|
//! | `before-capture` | a crash was handed over; nothing of the process was read |
//! | `captured` | the process is captured and stopped; nothing was written anywhere |
//! | `begun` | the registration block says "begun" |
//! | `copied` | dumps and files are in the unfinished report |
//! | `committed` | the report is in the store; the block still says "begun" |
//!
//! The last two are those of a report that a program submits, too, and `captured` of each process that is dumped for it; the
//! program waits for an answer there.
//!
//! A process that the kernel or the service starts has no such variable: core_pattern must set it by `env`.

use std::time::Duration;

/// How long a standstill lasts at most.
pub const MAX_STANDSTILL: Duration = Duration::from_secs(60);

/// A place in the work on one crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A crash was handed over; nothing of the process was read.
    BeforeCapture,
    /// The process is captured and stopped; nothing was written anywhere.
    Captured,
    /// The registration block says "begun".
    Begun,
    /// Dumps and files are in the unfinished report.
    Copied,
    /// The report is in the store; the block still says "begun".
    Committed,
}

impl Spot {
    /// Its name in `WER_FAIL_SPOT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeCapture => "before-capture",
            Self::Captured => "captured",
            Self::Begun => "begun",
            Self::Copied => "copied",
            Self::Committed => "committed",
        }
    }
}

/// Fails here if the variable says so.
#[cfg(debug_assertions)]
pub fn reach(spot: Spot) {
    let Some(wish) = std::env::var_os("WER_FAIL_SPOT") else { return };
    let wish = wish.to_string_lossy();
    match wish.split_once(':') {
        None if wish == spot.name() => die(),
        Some((name, path)) if name == spot.name() => stand_still(std::path::Path::new(path)),
        _ => {}
    }
}

/// Fails never.
#[cfg(not(debug_assertions))]
pub fn reach(_spot: Spot) {}

#[cfg(debug_assertions)]
fn die() {
    use rustix::process::{Signal, getpid, kill_process};
    if let Err(error) = kill_process(getpid(), Signal::KILL) {
        eprintln!("werfault: the fail-spot did not kill: {error}");
    }
}

#[cfg(debug_assertions)]
fn stand_still(path: &std::path::Path) {
    /// Between two looks.
    const POLL: Duration = Duration::from_millis(5);
    if let Err(error) = std::fs::File::create(path) {
        eprintln!("werfault: the fail-spot's file {} cannot be made: {error}", path.display());
        return;
    }
    let end = std::time::Instant::now() + MAX_STANDSTILL;
    while path.exists() && std::time::Instant::now() < end {
        std::thread::sleep(POLL);
    }
}
