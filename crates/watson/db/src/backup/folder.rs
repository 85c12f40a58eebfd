//! The folder of backups.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncReadExt;

use crate::backup::manifest::{FILE, KeptFile, Manifest};
use crate::backup::{BackupError, io};
use crate::blob::{BlobPlace, FolderBlobs};
use crate::data_dir::{create_private, sync_folder};
use crate::{BlobRef, BlobWriter};

/// What snapshots are called that are not complete.
const UNFINISHED: &str = "unfinished-";
/// Bytes that are copied in one step.
const STEP_BYTES: usize = 256 * 1024;
/// Bytes of a holder's name.
const MAX_HOLDER_BYTES: u64 = 256;

/// An open folder of backups; nobody else writes to it meanwhile.
#[derive(Debug)]
pub(super) struct BackupFolder {
    root: PathBuf,
    blobs: Arc<BlobPlace>,
    /// Who pauses for this folder: the one who comes after a backup that died goes on with its pause.
    pub(super) holder: String,
    _lock: File,
}

/// A snapshot that is being made. Dropped before it is finished, it is none.
#[derive(Debug)]
pub(super) struct NewSnapshot {
    pub(super) name: String,
    pub(super) path: PathBuf,
    snapshots: PathBuf,
}

impl BackupFolder {
    /// Opens or makes it, and removes what backups left that were cut.
    pub(super) fn open(root: &Path) -> Result<Self, BackupError> {
        let (snapshots, blobs, tmp) = (root.join("snapshots"), root.join("blobs"), root.join("tmp"));
        create_private(root)?;
        let lock_path = root.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut lock = options.open(&lock_path).map_err(io("cannot open", &lock_path))?;
        lock.try_lock().map_err(|_| BackupError::FolderInUse(root.to_owned()))?;
        let holder = holder(&mut lock).map_err(io("cannot read", &lock_path))?;
        for folder in [&snapshots, &blobs, &tmp] {
            create_private(folder)?;
        }
        for entry in fs::read_dir(&tmp).map_err(io("cannot list", &tmp))?.flatten() {
            let _ = fs::remove_file(entry.path());
        }
        for entry in fs::read_dir(&snapshots).map_err(io("cannot list", &snapshots))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path()).map_err(io("cannot remove", entry.path()))?;
            }
        }
        let blobs = Arc::new(BlobPlace::Folder(FolderBlobs::new(blobs, tmp)));
        Ok(Self { root: root.to_owned(), blobs, holder, _lock: lock })
    }

    /// Begins a snapshot.
    pub(super) fn begin(&self, name: String) -> Result<NewSnapshot, BackupError> {
        let snapshots = self.root.join("snapshots");
        let path = snapshots.join(format!("{UNFINISHED}{name}"));
        create_private(&path)?;
        Ok(NewSnapshot { name, path, snapshots })
    }

    /// Copies a file under its content's name; whether it had to be copied. A wrong `name` is found out.
    pub(super) async fn copy(&self, from: &Path, name: Option<&str>) -> Result<(BlobRef, bool), BackupError> {
        let mut writer = BlobWriter::begin(&self.blobs).await?;
        let mut file = tokio::fs::File::open(from).await.map_err(io("cannot open", from))?;
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            let read = file.read(&mut buffer).await.map_err(io("cannot read", from))?;
            if read == 0 {
                break;
            }
            writer.write(buffer.get(..read).unwrap_or_default()).await?;
        }
        let sha256 = writer.sha256();
        if name.is_some_and(|name| name != sha256) {
            return Err(BackupError::Damaged(from.display().to_string()));
        }
        let is_new = self.size_of(&sha256).await != Some(writer.size_bytes());
        Ok((writer.finish().await?, is_new))
    }

    /// Bytes of a blob that is there.
    pub(super) async fn size_of(&self, sha256: &str) -> Option<u64> {
        let file = self.blobs.file(sha256).await.ok()?;
        tokio::fs::metadata(file.path()).await.ok().map(|metadata| metadata.len())
    }
}

/// The name in the lock file; a new one where it has none.
fn holder(lock: &mut File) -> std::io::Result<String> {
    let mut name = String::new();
    lock.take(MAX_HOLDER_BYTES).read_to_string(&mut name)?;
    if name.is_empty() {
        name = format!("backup-{}", uuid::Uuid::new_v4().simple());
        lock.write_all(name.as_bytes())?;
    }
    Ok(name)
}

impl NewSnapshot {
    /// Writes the manifest; from now on there is a snapshot. Durable on return.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<PathBuf, BackupError> {
        let path = self.path.join(FILE);
        let bytes = serde_json::to_vec_pretty(manifest)
            .map_err(|error| BackupError::Manifest { path: path.clone(), why: error.to_string() })?;
        fs::write(&path, bytes).map_err(io("cannot write", &path))?;
        for file in [&path, &self.path.join(&manifest.database.path)] {
            File::open(file).and_then(|file| file.sync_all()).map_err(io("cannot sync", file))?;
        }
        sync_folder(&self.path)?;
        let finished = self.snapshots.join(&self.name);
        fs::rename(&self.path, &finished).map_err(io("cannot rename to", &finished))?;
        sync_folder(&self.snapshots)?;
        Ok(finished)
    }
}

/// Complete snapshots, oldest first. Their manifests are not looked at.
///
/// # Errors
/// The folder cannot be listed.
pub fn list(root: &Path) -> Result<Vec<String>, BackupError> {
    let snapshots = root.join("snapshots");
    let entries = match fs::read_dir(&snapshots) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io("cannot list", snapshots)(error)),
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join(FILE).is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with(UNFINISHED))
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Length and hash of a file that is already in its place.
pub(super) async fn hash_of(path: &Path, below: &Path) -> Result<KeptFile, BackupError> {
    use sha2::{Digest, Sha256};
    let mut file = tokio::fs::File::open(path).await.map_err(io("cannot open", path))?;
    let (mut hash, mut size_bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; STEP_BYTES]);
    loop {
        let read = file.read(&mut buffer).await.map_err(io("cannot read", path))?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        size_bytes += read as u64;
    }
    let sha256 = crate::blob::hex(&hash.finalize());
    Ok(KeptFile { path: below.to_owned(), size_bytes, sha256 })
}
