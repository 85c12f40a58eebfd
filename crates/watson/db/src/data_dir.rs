//! The data folder: `watson.sqlite`, `blobs/ab/cd/<sha256>`, `symbols/`, `tmp/`; mode 0700, one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::DbError;

/// An open data folder; the lock lasts as long as it does.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    lock: File,
}

impl DataDir {
    /// Creates what is missing, takes the lock, and empties `tmp/`, where an earlier process may have stopped.
    ///
    /// # Errors
    /// [`DbError::InUse`] while another process has the folder; [`DbError::Io`].
    pub fn open(root: &Path) -> Result<Self, DbError> {
        let dir = Self::lock(root)?;
        if dir.is_restoring() {
            return Err(DbError::Restoring(root.to_owned()));
        }
        dir.prepare()
    }

    /// Opens an empty folder to bring a backup back into it. Nobody else opens it before [`DataDir::end_restore`].
    pub(crate) fn begin_restore(root: &Path) -> Result<Self, DbError> {
        let dir = Self::lock(root)?;
        let mark = dir.restoring();
        File::create_new(&mark).map_err(DbError::io("cannot create", &mark))?;
        sync_folder(root)?;
        dir.prepare()
    }

    pub(crate) fn end_restore(&self) -> Result<(), DbError> {
        let mark = self.restoring();
        fs::remove_file(&mark).map_err(DbError::io("cannot remove", &mark))?;
        sync_folder(&self.root)
    }

    /// Between [`DataDir::begin_restore`] and [`DataDir::end_restore`].
    pub(crate) fn is_restoring(&self) -> bool {
        self.restoring().exists()
    }

    fn restoring(&self) -> PathBuf {
        self.root.join("restoring")
    }

    fn lock(root: &Path) -> Result<Self, DbError> {
        create_private(root)?;
        let lock_path = root.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(DbError::io("cannot open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(DbError::InUse(root.to_owned())),
            Err(fs::TryLockError::Error(source)) => {
                return Err(DbError::Io { doing: "cannot lock", path: lock_path, source });
            }
        }
        Ok(Self { root: root.to_owned(), lock })
    }

    fn prepare(self) -> Result<Self, DbError> {
        let dir = self;
        for folder in [dir.blobs(), dir.symbols(), dir.tmp()] {
            create_private(&folder)?;
        }
        empty(&dir.tmp())?;
        Ok(dir)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("watson.sqlite")
    }

    /// Blobs by content.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Breakpad symbols: `<debug_file>/<debug_id>/<debug_file>.sym`.
    #[must_use]
    pub fn symbols(&self) -> PathBuf {
        self.root.join("symbols")
    }

    /// Files being written.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Copies of blobs that are kept elsewhere; made where it is needed.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Requests that were put by while the store could not keep them.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }
}

/// Removes everything in a folder.
pub(crate) fn empty(folder: &Path) -> Result<(), DbError> {
    for entry in fs::read_dir(folder).map_err(DbError::io("cannot list", folder))? {
        let path = entry.map_err(DbError::io("cannot list", folder))?.path();
        let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(DbError::io("cannot remove", &path))?;
    }
    Ok(())
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Said, and not left to the file's end: a child that another thread is about to start may hold a copy of it.
        let _ = self.lock.unlock();
    }
}

/// Creates a folder that only its owner may enter; an existing one is made so.
pub(crate) fn create_private(path: &Path) -> Result<(), DbError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)))
        .map_err(DbError::io("cannot create", path))
}

/// Makes a folder's entries last.
pub(crate) fn sync_folder(path: &Path) -> Result<(), DbError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(DbError::io("cannot sync", path))
}

/// Renames a finished file into a folder below `root`, created as needed, so that it lasts.
pub(crate) fn place(finished: &Path, folder: &Path, name: &str, root: &Path) -> Result<(), DbError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(DbError::io("cannot create", folder))?;
    let target = folder.join(name);
    fs::rename(finished, &target).map_err(DbError::io("cannot rename to", &target))?;
    for made in folder.ancestors() {
        sync_folder(made)?;
        if made == root {
            break;
        }
    }
    Ok(())
}
