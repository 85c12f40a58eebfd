//! What the server knows of its own load: told by whoever finds out, read by whoever decides.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::limits::{DEFAULT_MAX_SPOOL_BYTES, DEFAULT_MAX_SPOOL_ENTRIES};
use crate::overload::Room;
use crate::overload::watermark::Marks;

/// What a site may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverloadSettings {
    /// Free bytes below which blobs, and below which everything, stops.
    pub marks: Marks,
    /// Bytes of the reserve.
    pub max_spool_bytes: u64,
    /// Requests in the reserve.
    pub max_spool_entries: usize,
}

impl Default for OverloadSettings {
    fn default() -> Self {
        Self {
            marks: Marks::default(),
            max_spool_bytes: DEFAULT_MAX_SPOOL_BYTES,
            max_spool_entries: DEFAULT_MAX_SPOOL_ENTRIES,
        }
    }
}

/// The state of what the intake needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database answered last time.
    pub has_database: bool,
    /// So did the place for blobs.
    pub has_blobs: bool,
    /// Room on disk.
    pub room: Room,
    /// Free bytes of the fullest folder, when last asked; `None` = not asked yet.
    pub free_bytes: Option<u64>,
    /// Requests in the reserve.
    pub spooled: usize,
    /// Their bytes.
    pub spooled_bytes: u64,
}

impl Health {
    /// Whether level 1 is taken: a server that takes none is not ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.has_database && self.room != Room::None
    }
}

/// What was last found out.
#[derive(Debug)]
pub struct Gauge {
    has_database: AtomicBool,
    has_blobs: AtomicBool,
    room: AtomicU8,
    free_bytes: AtomicU64,
    trouble: Notify,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            has_database: AtomicBool::new(true),
            has_blobs: AtomicBool::new(true),
            room: AtomicU8::new(0),
            free_bytes: AtomicU64::new(u64::MAX),
            trouble: Notify::new(),
        }
    }
}

impl Gauge {
    /// Whether the database answered last time.
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.has_database.load(Ordering::Relaxed)
    }

    /// Whether the place for blobs did.
    #[must_use]
    pub fn has_blobs(&self) -> bool {
        self.has_blobs.load(Ordering::Relaxed)
    }

    /// Room on disk.
    #[must_use]
    pub fn room(&self) -> Room {
        match self.room.load(Ordering::Relaxed) {
            0 => Room::Enough,
            1 => Room::Low,
            _ => Room::None,
        }
    }

    /// Free bytes, when last asked.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes != u64::MAX)
    }

    /// Writes down what a probe found. True where it changed something.
    pub fn set_store(&self, has_database: bool, has_blobs: bool) -> bool {
        let database = self.has_database.swap(has_database, Ordering::Relaxed) != has_database;
        let blobs = self.has_blobs.swap(has_blobs, Ordering::Relaxed) != has_blobs;
        database || blobs
    }

    /// Writes down how much is free. True where the state changed.
    pub fn set_free(&self, marks: &Marks, free_bytes: u64) -> bool {
        let before = self.room();
        let room = marks.room(before, free_bytes);
        self.free_bytes.store(free_bytes.min(u64::MAX - 1), Ordering::Relaxed);
        let number = match room {
            Room::Enough => 0,
            Room::Low => 1,
            Room::None => 2,
        };
        self.room.store(number, Ordering::Relaxed);
        room != before
    }

    /// A request could not be kept: the prober should look at once.
    pub fn ring(&self) {
        self.trouble.notify_one();
    }

    /// Ends when somebody rang.
    pub async fn rung(&self) {
        self.trouble.notified().await;
    }
}
