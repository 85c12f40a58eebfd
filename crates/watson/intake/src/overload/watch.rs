//! Looks at intervals, and whenever something failed, at what the intake needs: does the database answer, the place for
//! blobs, how much room is on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use tokio::time::{sleep, timeout};

use crate::Intake;
use crate::limits::{MAX_PROBE_MS, PROBE_PAUSE_MS};
use crate::overload::Room;

/// How free bytes of a folder are found out; a test has its own.
pub type FreeBytes = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// Free bytes for this process on the file system of a folder.
///
/// # Errors
/// The folder is not there.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The folders whose disks must not fill up.
pub(crate) struct Disk {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) free_bytes: FreeBytes,
}

impl Disk {
    /// Free bytes of the fullest. A folder that cannot be asked says nothing; the probe of the store does.
    fn free(&self) -> Option<u64> {
        self.folders.iter().filter_map(|folder| (self.free_bytes)(folder).ok()).min()
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Disk").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl Intake {
    /// Looks for ever.
    pub async fn watch(&self) {
        loop {
            self.look().await;
            tokio::select! {
                () = sleep(Duration::from_millis(PROBE_PAUSE_MS)) => {}
                () = self.gauge.rung() => {}
            }
        }
    }

    /// Looks once.
    pub async fn look(&self) {
        self.look_at_disk();
        let limit = Duration::from_millis(MAX_PROBE_MS);
        // At once: one that does not answer must not hide for seconds that the other is back.
        let (database, blobs) =
            tokio::join!(timeout(limit, self.store.answers()), timeout(limit, self.store.blobs_answer()));
        let (has_database, has_blobs) = (matches!(database, Ok(Ok(()))), matches!(blobs, Ok(Ok(()))));
        if self.gauge.set_store(has_database, has_blobs) {
            tracing::warn!(has_database, has_blobs, "what reports are kept in went or came back");
        }
    }

    /// Looks at the disk alone.
    pub fn look_at_disk(&self) {
        let Some(free_bytes) = self.disk.free() else { return };
        if self.gauge.set_free(&self.overload.marks, free_bytes) {
            let room = self.gauge.room();
            tracing::warn!(room = room.name(), free_bytes, "room on disk");
            self.store.pause_asking(room != Room::Enough);
        }
    }

    /// The room that there would be after so many bytes more.
    pub(crate) fn room_after(&self, announced_bytes: u64) -> Room {
        let room = self.gauge.room();
        let Some(free_bytes) = self.gauge.free_bytes() else { return room };
        self.overload.marks.room(room, free_bytes.saturating_sub(announced_bytes))
    }
}
