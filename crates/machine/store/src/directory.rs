//! One folder, held open: everything below it is named by one component and opened without following links, so that no
//! link and no renamed parent leads elsewhere. Modes are set explicitly and do not depend on the umask.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::limits::{MAX_DEPTH, MAX_FILES, MAX_NAME_BYTES, MAX_REMOVE_PASSES};
use crate::{StoreError, fail_point};

/// Folders: only the owner.
const FOLDER_MODE: Mode = Mode::RWXU;
/// Files: only the owner.
pub(crate) const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const OPEN_FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What `st_blocks` counts.
const BLOCK_BYTES: u64 = 512;

/// A folder and its path (for messages and for callers; never opened again by it).
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// What `fstat` says about an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryInfo {
    pub(crate) kind: FileType,
    pub(crate) size_bytes: u64,
    pub(crate) on_disk_bytes: u64,
    pub(crate) modified_unix_ns: u64,
}

/// A name that is one component of a path.
pub(crate) fn check_name(name: &str) -> Result<&str, StoreError> {
    let bad = name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || matches!(name, "." | "..")
        || name.contains(['/', '\0']);
    if bad { Err(StoreError::BadName(name.chars().take(64).collect())) } else { Ok(name) }
}

impl Directory {
    /// Opens a folder by its path; links above it are the caller's.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd =
            rustix::fs::open(path, flags, Mode::empty()).map_err(StoreError::io("open the folder", path))?;
        Ok(Self { fd, path: path.to_path_buf() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn as_fd(&self) -> impl AsFd + '_ {
        self.fd.as_fd()
    }

    /// Owner and mode.
    pub(crate) fn stat(&self) -> Result<(u32, u32), StoreError> {
        let stat = rustix::fs::fstat(&self.fd).map_err(StoreError::io("look at", &self.path))?;
        Ok((stat.st_uid, stat.st_mode))
    }

    /// A folder within.
    pub(crate) fn child(&self, name: &str) -> Result<Self, StoreError> {
        let path = self.join(check_name(name)?);
        let fd = rustix::fs::openat(&self.fd, name, OPEN_FOLDER, Mode::empty())
            .map_err(StoreError::io("open the folder", &path))?;
        Ok(Self { fd, path })
    }

    /// A new folder within; `None` when the name is taken.
    pub(crate) fn new_child(&self, name: &str) -> Result<Option<Self>, StoreError> {
        let path = self.join(check_name(name)?);
        fail_point::reach();
        match rustix::fs::mkdirat(&self.fd, name, FOLDER_MODE) {
            Err(Errno::EXIST) => return Ok(None),
            made => made.map_err(StoreError::io("make the folder", &path))?,
        }
        fail_point::reach();
        let child = self.child(name)?;
        rustix::fs::fchmod(&child.fd, FOLDER_MODE).map_err(StoreError::io("set the mode of", &path))?;
        Ok(Some(child))
    }

    /// A folder within, made if it is not there.
    pub(crate) fn child_or_new(&self, name: &str) -> Result<Self, StoreError> {
        match self.new_child(name)? {
            Some(child) => {
                self.sync()?;
                Ok(child)
            }
            None => self.child(name),
        }
    }

    /// Names within, at most `limit`.
    pub(crate) fn names(&self, limit: usize) -> Result<Vec<String>, StoreError> {
        let failed = || StoreError::io("read the folder", &self.path);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = String::from_utf8_lossy(entry.file_name().to_bytes()).into_owned();
            if !matches!(name.as_str(), "." | "..") {
                names.push(name);
            }
            if names.len() >= limit {
                break;
            }
        }
        Ok(names)
    }

    /// What is there under a name; links are not followed. `None` = nothing.
    pub(crate) fn entry(&self, name: &str) -> Result<Option<EntryInfo>, StoreError> {
        match rustix::fs::statat(&self.fd, check_name(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(EntryInfo {
                kind: FileType::from_raw_mode(stat.st_mode),
                size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
                on_disk_bytes: u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(BLOCK_BYTES),
                modified_unix_ns: unix_ns(stat.st_mtime, stat.st_mtime_nsec),
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(StoreError::io("look at", self.join(name))(error)),
        }
    }

    /// A regular file for reading, never waiting for a pipe's writer.
    pub(crate) fn open_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.join(check_name(name)?);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Err(Errno::LOOP) => return Err(StoreError::NotAFile(path)),
            opened => File::from(opened.map_err(StoreError::io("open", &path))?),
        };
        let is_file = file.metadata().map_err(StoreError::io("look at", &path))?.is_file();
        if is_file { Ok(file) } else { Err(StoreError::NotAFile(path)) }
    }

    /// A whole file.
    pub(crate) fn read_file(&self, name: &str, limit_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let file = self.open_file(name)?;
        let mut bytes = Vec::new();
        file.take(limit_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(StoreError::io("read", self.join(name)))?;
        if bytes.len() as u64 > limit_bytes {
            return Err(StoreError::TooLarge { path: self.join(name), limit_bytes });
        }
        Ok(bytes)
    }

    /// Opens or makes a file, for appending (`APPEND`) or as a lock.
    pub(crate) fn open_or_new_file(&self, name: &str, flags: OFlags) -> Result<File, StoreError> {
        let path = self.join(check_name(name)?);
        fail_point::reach();
        let flags = flags | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd =
            rustix::fs::openat(&self.fd, name, flags, FILE_MODE).map_err(StoreError::io("open", &path))?;
        let file = File::from(fd);
        if !file.metadata().map_err(StoreError::io("look at", &path))?.is_file() {
            return Err(StoreError::NotAFile(path));
        }
        rustix::fs::fchmod(&file, FILE_MODE).map_err(StoreError::io("set the mode of", &path))?;
        Ok(file)
    }

    /// A new file with these bytes, not flushed.
    pub(crate) fn new_file(&self, name: &str, bytes: &[u8]) -> Result<File, StoreError> {
        let path = self.join(check_name(name)?);
        fail_point::reach();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd =
            rustix::fs::openat(&self.fd, name, flags, FILE_MODE).map_err(StoreError::io("make", &path))?;
        let mut file = File::from(fd);
        rustix::fs::fchmod(&file, FILE_MODE).map_err(StoreError::io("set the mode of", &path))?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first).map_err(StoreError::io("write", &path))?;
        fail_point::reach();
        file.write_all(second).map_err(StoreError::io("write", &path))?;
        Ok(file)
    }

    /// A file that appears whole or not at all: written beside, flushed, renamed, the folder flushed. `keep_time` gives
    /// it the time of the file that it replaces.
    pub(crate) fn replace_file(&self, name: &str, bytes: &[u8], keep_time: bool) -> Result<(), StoreError> {
        let unfinished = format!("{}.unfinished", check_name(name)?);
        self.remove_file(&unfinished)?;
        let old = if keep_time { self.entry(name)? } else { None };
        let file = self.new_file(&unfinished, bytes)?;
        if let Some(old) = old {
            set_time(&file, old.modified_unix_ns)
                .map_err(StoreError::io("set the time of", self.join(name)))?;
        }
        file.sync_all().map_err(StoreError::io("flush", self.join(&unfinished)))?;
        fail_point::reach();
        rustix::fs::renameat(&self.fd, &unfinished, &self.fd, name)
            .map_err(StoreError::io("rename", self.join(&unfinished)))?;
        self.sync()
    }

    /// Moves an entry into another folder, where the name must be free.
    pub(crate) fn move_to(&self, name: &str, other: &Self, new_name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        check_name(new_name)?;
        fail_point::reach();
        rustix::fs::renameat_with(&self.fd, name, &other.fd, new_name, RenameFlags::NOREPLACE)
            .map_err(StoreError::io("move", self.join(name)))
    }

    /// Removes a file, if there is one.
    pub(crate) fn remove_file(&self, name: &str) -> Result<(), StoreError> {
        fail_point::reach();
        match rustix::fs::unlinkat(&self.fd, check_name(name)?, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(StoreError::io("remove", self.join(name))(error)),
        }
    }

    /// Removes a file, or a folder with all that is in it, without following links.
    pub(crate) fn remove_tree(&self, name: &str) -> Result<(), StoreError> {
        self.remove_tree_to(name, MAX_DEPTH)
    }

    fn remove_tree_to(&self, name: &str, depth: usize) -> Result<(), StoreError> {
        match self.entry(name)? {
            None => return Ok(()),
            Some(entry) if entry.kind != FileType::Directory => return self.remove_file(name),
            Some(_) if depth == 0 => {
                let source = std::io::Error::other("too many folders within one another");
                return Err(StoreError::io("remove", self.join(name))(source));
            }
            Some(_) => {}
        }
        let child = self.child(name)?;
        for _ in 0..MAX_REMOVE_PASSES {
            let names = child.names(MAX_FILES)?;
            if names.is_empty() {
                break;
            }
            for inner in &names {
                child.remove_tree_to(inner, depth - 1)?;
            }
        }
        fail_point::reach();
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(StoreError::io("remove", self.join(name))(error)),
        }
    }

    /// Flushes the names within.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        fail_point::reach();
        rustix::fs::fsync(&self.fd).map_err(StoreError::io("flush", &self.path))
    }
}

fn unix_ns(seconds: i64, nanoseconds: impl TryInto<u64>) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds.try_into().unwrap_or(0))
}

fn set_time(file: &File, unix_ns: u64) -> std::io::Result<()> {
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_nanos(unix_ns))
}

/// Makes a folder and those above it, all for the owner only.
pub(crate) fn make_all(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).map_err(StoreError::io("make the folder", path))
}

/// Whether a path is absolute and holds no zero byte: what a store's root must be.
pub(crate) fn is_usable_root(path: &Path) -> bool {
    path.is_absolute() && !OsStr::as_bytes(path.as_os_str()).contains(&0)
}
