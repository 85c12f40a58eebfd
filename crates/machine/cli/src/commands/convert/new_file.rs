//! A file that appears under its name only when it is whole, and only where nothing had that name. Until then it has no
//! name at all, so that even a killed `wer` leaves nothing; on file systems that cannot do that it has its name from the
//! beginning and is removed when it does not become whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use wer_sys::atomic_file::parent_of;

/// A file in the making, for its owner only: a dump holds whatever the process knew.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
    /// Whether it must be removed unless it becomes whole.
    is_named: bool,
}

impl NewFile {
    /// Begins a file.
    ///
    /// # Errors
    /// The name is taken, or no file can be made there.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        if path.symlink_metadata().is_ok() {
            bail!(taken(path));
        }
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::open(parent_of(path), flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => Ok(Self { file: file.into(), path: path.into(), is_named: false }),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Self::begin_named(path),
            Err(error) => Err(error).with_context(|| format!("{} cannot be made", path.display())),
        }
    }

    fn begin_named(path: &Path) -> Result<Self> {
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => Ok(Self { file, path: path.into(), is_named: true }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(taken(path)),
            Err(error) => Err(error).with_context(|| format!("{} cannot be made", path.display())),
        }
    }

    /// The file, to write to.
    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name: it is whole.
    ///
    /// # Errors
    /// Another file took the name meanwhile, or the kernel refuses.
    pub(super) fn publish(mut self) -> Result<()> {
        if self.is_named {
            self.is_named = false;
            return Ok(());
        }
        let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        match rustix::fs::linkat(CWD, own, CWD, &self.path, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => bail!(taken(&self.path)),
            Err(error) => Err(error).with_context(|| format!("{} cannot be named", self.path.display())),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.is_named
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            eprintln!("wer: the unfinished {} could not be removed: {error}", self.path.display());
        }
    }
}

fn taken(path: &Path) -> String {
    format!("{} exists already; remove it or name another file with -o", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        for begin in [NewFile::begin, NewFile::begin_named] {
            drop(begin(&path).expect("a file"));
            assert!(!path.exists(), "it did not become whole");
            begin(&path).expect("a file").publish().expect("a name");
            let mode = path.metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let refused = begin(&path).expect_err("it exists").to_string();
            assert!(refused.contains("exists already"), "{refused}");
            std::fs::remove_file(&path).expect("ours");
        }
    }

    #[test]
    fn a_name_that_was_taken_meanwhile_stays_anothers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        let file = NewFile::begin(&path).expect("a file");
        if !file.is_named {
            std::fs::write(&path, "another").expect("a file");
            assert!(file.publish().is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("it stays"), "another");
        }
        assert!(NewFile::begin(&folder.path().join("no/a.dmp")).is_err());
    }
}
