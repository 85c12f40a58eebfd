//! Files that survive power loss whole: written under another name, flushed, renamed, the folder flushed.
//!
//! A crash at any step leaves the old contents or the new ones, and at worst a file whose name starts with
//! [`TEMPORARY_PREFIX`], which a later start may delete.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Names of unfinished files start with this.
pub const TEMPORARY_PREFIX: &str = ".wer-unfinished-";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A file that appears under its name only when committed; dropped uncommitted, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Begins a file at `path` with these permission bits (less the umask).
    ///
    /// # Errors
    /// The kernel's; `InvalidInput` for a path without a file name.
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden =
            std::ffi::OsString::from(format!("{TEMPORARY_PREFIX}{}-{count}-", std::process::id()));
        hidden.push(name);
        let temporary = path.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        Ok(Self { file, temporary, path: path.to_path_buf(), committed: false })
    }

    /// The file, to write to.
    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Flushes it, gives it its name, and flushes the folder.
    ///
    /// # Errors
    /// The kernel's; until the rename the old contents stay.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.temporary, &self.path)?;
        self.committed = true;
        sync_directory(parent_of(&self.path))
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a whole file that appears at once or not at all.
///
/// # Errors
/// The kernel's.
pub fn write_atomically(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path, mode)?;
    file.file().write_all(bytes)?;
    file.commit()
}

/// Flushes a folder, so that names made or changed in it survive power loss.
///
/// # Errors
/// The kernel's.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The folder that a path's last part is in; `.` for a bare name.
#[must_use]
pub fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn old_or_new_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report");
        write_atomically(&path, 0o600, b"old").expect("a file");
        let mut file = AtomicFile::create(&path, 0o600).expect("a file");
        file.file().write_all(b"half").expect("a write");
        assert_eq!(std::fs::read(&path).expect("the old one"), b"old");
        drop(file);
        write_atomically(&path, 0o640, b"new").expect("a file");
        assert_eq!(std::fs::read(&path).expect("the new one"), b"new");
        let mode = std::fs::metadata(&path).expect("the new one").permissions().mode();
        assert_eq!(mode & 0o777 & !0o040, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        assert!(AtomicFile::create(Path::new("/"), 0o600).is_err());
        assert!(write_atomically(Path::new("/missing-folder/x"), 0o600, b"").is_err());
    }
}
