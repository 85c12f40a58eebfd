//! What is done with a request while the server is overloaded. Pure: what the dialect's client does with a refusal, what
//! is short, and whether the reserve has room decide.
//!
//! A client that sends again is told when, before its body is read. One that never does (`docs/watson/overload.md` says
//! how that is known) has its request written to the reserve ([`crate::spool`]) and is answered as if it had been taken.
//! Level 1 is small, and worth the most: it is shed last, when the others have been shed long before.

pub mod dialect;
pub mod gauge;
mod shed;
pub mod watch;
pub mod watermark;

use crate::limits::{RETRY_AFTER_BUSY_S, RETRY_AFTER_DISK_S, RETRY_AFTER_STORE_S};
pub use dialect::{Dialect, dialect};
pub use gauge::{Gauge, Health, OverloadSettings};
pub use watermark::Room;

/// What a client does with a report that was refused with 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Sends it again, later.
    SendsAgain,
    /// Forgets it.
    NeverAgain,
}

/// What is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortage {
    /// As many requests of this kind as the server works on at once, and as many again wait.
    Turns,
    /// Too many crashes wait for the next commit.
    Commits,
    /// The database does not answer.
    Database,
    /// The place for blobs does not answer.
    Blobs,
    /// Little room is left on disk.
    Disk,
}

impl Shortage {
    /// Stable name, for counters and answers.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Turns => "busy",
            Self::Commits => "busy_commits",
            Self::Database => "no_database",
            Self::Blobs => "no_blobs",
            Self::Disk => "disk_low",
        }
    }

    /// Seconds after which to come again: `Retry-After`.
    #[must_use]
    pub fn retry_after_s(self) -> u32 {
        match self {
            Self::Turns | Self::Commits => RETRY_AFTER_BUSY_S,
            Self::Database | Self::Blobs => RETRY_AFTER_STORE_S,
            Self::Disk => RETRY_AFTER_DISK_S,
        }
    }
}

/// How loaded the server is, as one request sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Requests of this kind that wait for a turn.
    pub waiting: usize,
    /// How many may.
    pub max_waiting: usize,
    /// Crashes that wait for a commit.
    pub commits_waiting: usize,
    /// How many may.
    pub max_commits_waiting: usize,
    /// The database answered last time.
    pub has_database: bool,
    /// So did the place for blobs.
    pub has_blobs: bool,
    /// Room on disk.
    pub room: Room,
}

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Take it.
    Take,
    /// 503 and `Retry-After`, before the body is read.
    Later(Shortage),
    /// Write it to the reserve and answer as if it were taken.
    Spool(Shortage),
    /// There is no room in the reserve either: refuse, and count it as lost.
    Lost(Shortage),
}

/// What is short for a request of this dialect.
#[must_use]
pub fn shortage(dialect: Dialect, load: &Load) -> Option<Shortage> {
    let brings_blobs = dialect != Dialect::Level1;
    // What brings blobs gives way while half of the places for commits are still free for level 1.
    let max_commits = if brings_blobs { load.max_commits_waiting / 2 } else { load.max_commits_waiting };
    let has_room = match load.room {
        Room::Enough => true,
        Room::Low => !brings_blobs,
        Room::None => false,
    };
    if !load.has_database {
        Some(Shortage::Database)
    } else if !has_room {
        Some(Shortage::Disk)
    } else if brings_blobs && !load.has_blobs {
        Some(Shortage::Blobs)
    } else if load.commits_waiting >= max_commits {
        Some(Shortage::Commits)
    } else {
        (load.waiting >= load.max_waiting).then_some(Shortage::Turns)
    }
}

/// What to do with a request of this dialect.
#[must_use]
pub fn decide(dialect: Dialect, load: &Load, reserve_has_room: bool) -> Decision {
    match shortage(dialect, load) {
        None => Decision::Take,
        Some(short) => shed(dialect, short, load.room, reserve_has_room),
    }
}

/// What to do with a request that cannot be taken.
#[must_use]
pub fn shed(dialect: Dialect, short: Shortage, room: Room, reserve_has_room: bool) -> Decision {
    match dialect.manners() {
        Manners::SendsAgain => Decision::Later(short),
        Manners::NeverAgain if reserve_has_room && room != Room::None => Decision::Spool(short),
        Manners::NeverAgain => Decision::Lost(short),
    }
}

#[cfg(test)]
#[path = "overload/tests.rs"]
mod tests;
