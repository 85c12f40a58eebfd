//! Blobs of a distant store as files of this machine: what was used longest ago goes when more comes than the limit. A
//! file that somebody reads stays, so the limit may be exceeded by what is being read at once. Emptied at the start.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::DbError;
use crate::blob::{BlobFile, BlobRef};
use crate::data_dir::{create_private, empty};

/// A folder of blobs that are elsewhere too.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    limit_bytes: u64,
    state: Mutex<State>,
    /// Names that are being fetched: whoever wants the same waits.
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<String, Kept>,
    bytes: u64,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    size_bytes: u64,
    last_use: u64,
    /// Copies of it are with readers.
    held: Arc<()>,
}

impl Cache {
    pub(super) fn open(folder: PathBuf, limit_bytes: u64) -> Result<Self, DbError> {
        create_private(&folder)?;
        empty(&folder)?;
        Ok(Self { folder, limit_bytes, state: Mutex::default(), fetching: Mutex::default() })
    }

    /// The file, fetched by `fetch` where it is not here. Of several that want it at once, one fetches.
    pub(super) async fn get<F: Future<Output = Result<u64, DbError>>>(
        &self,
        sha256: &str,
        fetch: impl FnOnce(PathBuf) -> F,
    ) -> Result<BlobFile, DbError> {
        if let Some(file) = self.find(sha256) {
            return Ok(file);
        }
        let turn = lock(&self.fetching).entry(sha256.to_owned()).or_default().clone();
        let _turn = turn.lock().await;
        if let Some(file) = self.find(sha256) {
            return Ok(file);
        }
        let unfinished = Unfinished(self.folder.join(format!("{sha256}.{}", uuid::Uuid::new_v4().simple())));
        let fetched = fetch(unfinished.0.clone()).await;
        lock(&self.fetching).remove(sha256);
        let size_bytes = fetched?;
        self.keep(&unfinished.0, sha256, size_bytes)
    }

    /// Takes a file over that was just put into the store. It is only a saving, so failures say nothing.
    pub(super) async fn adopt(&self, path: &Path, blob: &BlobRef) {
        if blob.size_bytes <= self.limit_bytes && self.find(&blob.sha256).is_none() {
            let _ = self.keep(path, &blob.sha256, blob.size_bytes);
        }
    }

    /// Drops a blob that is gone from the store. Whoever reads it reads on.
    pub(super) fn forget(&self, sha256: &str) {
        let mut state = lock(&self.state);
        state.drop_one(sha256, &self.folder);
    }

    fn find(&self, sha256: &str) -> Option<BlobFile> {
        let mut state = lock(&self.state);
        state.uses += 1;
        let now = state.uses;
        let kept = state.kept.get_mut(sha256)?;
        kept.last_use = now;
        Some(BlobFile::held(self.folder.join(sha256), Arc::clone(&kept.held)))
    }

    fn keep(&self, from: &Path, sha256: &str, size_bytes: u64) -> Result<BlobFile, DbError> {
        let path = self.folder.join(sha256);
        let mut state = lock(&self.state);
        std::fs::rename(from, &path).map_err(DbError::io("cannot rename to", &path))?;
        state.uses += 1;
        let held = Arc::new(());
        let kept = Kept { size_bytes, last_use: state.uses, held: Arc::clone(&held) };
        let before = state.kept.insert(sha256.to_owned(), kept).map_or(0, |before| before.size_bytes);
        state.bytes = state.bytes.saturating_sub(before).saturating_add(size_bytes);
        state.make_room(self.limit_bytes, &self.folder);
        Ok(BlobFile::held(path, held))
    }
}

impl State {
    fn make_room(&mut self, limit_bytes: u64, folder: &Path) {
        if self.bytes <= limit_bytes {
            return;
        }
        let unused = self.kept.iter().filter(|(_, kept)| Arc::strong_count(&kept.held) == 1);
        let mut unused: Vec<_> = unused.map(|(name, kept)| (kept.last_use, name.clone())).collect();
        unused.sort_unstable();
        for (_, name) in unused {
            if self.bytes <= limit_bytes {
                return;
            }
            self.drop_one(&name, folder);
        }
    }

    /// What cannot be removed takes its room still: it stays counted, and is tried again when room is made next.
    fn drop_one(&mut self, sha256: &str, folder: &Path) {
        let Some(kept) = self.kept.get(sha256) else { return };
        let path = folder.join(sha256);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), bytes = kept.size_bytes, error = %error,
                    "a copy of a blob cannot be removed; it still takes room");
            }
            _ => {
                self.bytes = self.bytes.saturating_sub(kept.size_bytes);
                self.kept.remove(sha256);
            }
        }
    }
}

/// Removed, unless it got its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(cache: &Cache, name: &str, fetched: &mut u32) -> BlobFile {
        let fetch = async |path: PathBuf| {
            *fetched += 1;
            std::fs::write(path, name).unwrap();
            Ok(name.len() as u64)
        };
        cache.get(name, fetch).await.unwrap()
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn what_was_used_longest_ago_goes_and_what_is_read_stays() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("left"), b"of an earlier process").unwrap();
        let cache = Cache::open(dir.path().to_owned(), 9).unwrap();
        assert_eq!(files(dir.path()), [""; 0]);
        let mut fetched = 0;
        let one = get(&cache, "one", &mut fetched).await;
        drop(get(&cache, "two", &mut fetched).await);
        drop(get(&cache, "six", &mut fetched).await);
        assert_eq!((files(dir.path()), fetched), (vec!["one".into(), "six".into(), "two".into()], 3));
        drop(get(&cache, "two", &mut fetched).await);
        assert_eq!(fetched, 3);
        drop(get(&cache, "ten", &mut fetched).await);
        assert_eq!(files(dir.path()), ["one", "ten", "two"], "one is older, and is read");
        assert_eq!(std::fs::read(one.path()).unwrap(), b"one");
        drop(one);
        drop(get(&cache, "twelve", &mut fetched).await);
        assert_eq!(files(dir.path()), ["ten", "twelve"]);
        cache.forget("ten");
        assert_eq!(files(dir.path()), ["twelve"]);
    }

    #[tokio::test]
    async fn what_cannot_be_removed_stays_counted_until_it_can() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path().to_owned(), 3).unwrap();
        let mut fetched = 0;
        drop(get(&cache, "one", &mut fetched).await);
        // A folder under its name is no file that can be removed.
        let stuck = dir.path().join("one");
        std::fs::remove_file(&stuck).unwrap();
        std::fs::create_dir(&stuck).unwrap();
        drop(get(&cache, "two", &mut fetched).await);
        assert_eq!(lock(&cache.state).bytes, 6, "it takes its room still");
        assert_eq!(files(dir.path()), ["one", "two"]);
        std::fs::remove_dir(&stuck).unwrap();
        std::fs::write(&stuck, b"one").unwrap();
        drop(get(&cache, "six", &mut fetched).await);
        assert_eq!((files(dir.path()), lock(&cache.state).bytes), (vec!["six".into()], 3));
    }

    #[tokio::test]
    async fn a_fetch_that_fails_leaves_nothing_and_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path().to_owned(), 9).unwrap();
        let fails = async |path: PathBuf| {
            std::fs::write(path, b"half").unwrap();
            Err(DbError::Busy)
        };
        assert!(cache.get("one", fails).await.is_err());
        assert_eq!(files(dir.path()), [""; 0]);
        let mut fetched = 0;
        get(&cache, "one", &mut fetched).await;
        assert_eq!(fetched, 1);
    }
}
