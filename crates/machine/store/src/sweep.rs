//! Leftovers of writers that were killed, and of machines that stopped.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::FileType;

use crate::limits::{LEFTOVER_AGE, MAX_FOLDERS};
use crate::lock;
use crate::store::Store;

impl Store {
    /// Removes what is in `Temp`, is older than [`LEFTOVER_AGE`] and is held by no living writer. What cannot be removed
    /// stays for the next time.
    pub fn sweep_leftovers(&self) {
        self.sweep_older_than(LEFTOVER_AGE);
    }

    pub(crate) fn sweep_older_than(&self, age: Duration) {
        let names = match self.temp().names(MAX_FOLDERS) {
            Ok(names) => names,
            Err(error) => return tracing::warn!(%error, "leftovers could not be looked for"),
        };
        for name in names {
            if self.is_leftover(&name, age)
                && let Err(error) = self.temp().remove_tree(&name)
            {
                tracing::warn!(%error, "a leftover could not be removed");
            }
        }
    }

    fn is_leftover(&self, name: &str, age: Duration) -> bool {
        let Ok(Some(entry)) = self.temp().entry(name) else { return false };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = Duration::from_nanos(entry.modified_unix_ns);
        if now.saturating_sub(modified) < age {
            return false;
        }
        if entry.kind != FileType::Directory {
            return true;
        }
        // The lock goes with the descriptor at the end of this function; by then the writer is known to be gone.
        self.temp().child(name).is_ok_and(|folder| lock::try_lock(folder.as_fd()).unwrap_or(false))
    }
}
