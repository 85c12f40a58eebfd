//! A dump in a folder of the crashed user: made, named and replaced with that user's rights by short-lived children, so
//! that no folder, link or name leads to more than the user could do.
//!
//! 1. [`UserFolder::open`] makes the folder where it is missing.
//! 2. [`UserFolder::begin`] makes a file under an unfinished name, locked; the dump goes into it through its descriptor.
//! 3. [`UnfinishedDump::finish`] makes room by removing the oldest dumps and renames it: readers see whole dumps only.
//!
//! A dump that is dropped unfinished is removed; one whose writer was killed is removed by the next.

mod names;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;
use wer_sys::{Credentials, RunAsError, as_user, file_as_user};

pub(crate) use names::DumpName;

use crate::limits::{FOLDER_DEADLINE, MAX_DUMP_FOLDER_ENTRIES, MAX_SAME_DUMPS};

/// What a folder's path may lead through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Links, as far as the user may follow them: the machine's settings named the path.
    Followed,
    /// None, and no way out of the root: the crashed process named the path.
    Refused,
}

/// An open folder.
#[derive(Debug)]
pub(crate) struct UserFolder<'a> {
    user: &'a Credentials,
    folder: File,
}

/// A dump that is being written.
#[derive(Debug)]
pub(crate) struct UnfinishedDump<'a> {
    folder: &'a UserFolder<'a>,
    name: DumpName,
    file: File,
    is_finished: bool,
}

impl<'a> UserFolder<'a> {
    /// Opens the folder at `path` below `root` for `user`; what is missing of it is made, for the user only.
    pub(crate) fn open(
        user: &'a Credentials,
        root: BorrowedFd<'_>,
        path: &Path,
        links: Links,
    ) -> Result<Self, RunAsError> {
        let folder = file_as_user(user, FOLDER_DEADLINE, || open_or_make(root, path, links))?;
        Ok(Self { user, folder })
    }

    /// A new file for a dump. Leftovers of writers that were killed go.
    pub(crate) fn begin(&'a self, name: DumpName) -> Result<UnfinishedDump<'a>, RunAsError> {
        let folder = self.folder.as_fd();
        let file = file_as_user(self.user, FOLDER_DEADLINE, || {
            sweep(folder);
            make(folder, &name.unfinished())
        })?;
        Ok(UnfinishedDump { folder: self, name, file, is_finished: false })
    }

    /// Work that answers with one word: 0, or the number of an error.
    fn with_rights(
        &self,
        work: impl FnOnce(BorrowedFd<'_>) -> Result<u32, Errno>,
    ) -> Result<u32, RunAsError> {
        let folder = self.folder.as_fd();
        let answer = as_user(self.user, FOLDER_DEADLINE, 8, || {
            let (code, value) = match work(folder) {
                Ok(value) => (0, value),
                Err(error) => (error.raw_os_error(), 0),
            };
            [code.to_le_bytes(), value.to_le_bytes()].concat()
        })?;
        let uid = self.user.uid;
        let (Some(code), Some(value)) = (answer.first_chunk::<4>(), answer.last_chunk::<4>()) else {
            return Err(RunAsError::Died { uid });
        };
        match i32::from_le_bytes(*code) {
            0 => Ok(u32::from_le_bytes(*value)),
            code => Err(RunAsError::Open { uid, source: io::Error::from_raw_os_error(code) }),
        }
    }
}

impl UnfinishedDump<'_> {
    /// The file, for reading and writing.
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// Gives the dump its name; of the folder's dumps at most `keep` stay, this one among them. Returns the name.
    pub(crate) fn finish(mut self, keep: Option<u32>) -> Result<String, RunAsError> {
        let name = &self.name;
        let number = self.folder.with_rights(|folder| {
            if let Some(keep) = keep {
                remove_oldest(folder, keep.saturating_sub(1) as usize)?;
            }
            (0..MAX_SAME_DUMPS)
                .find_map(|number| {
                    let flags = RenameFlags::NOREPLACE;
                    let new_name = name.numbered(number);
                    match rustix::fs::renameat_with(folder, name.unfinished(), folder, new_name, flags) {
                        Ok(()) => Some(Ok(number)),
                        Err(Errno::EXIST) => None,
                        Err(error) => Some(Err(error)),
                    }
                })
                .unwrap_or(Err(Errno::EXIST))
        })?;
        self.is_finished = true;
        Ok(self.name.numbered(number))
    }
}

impl Drop for UnfinishedDump<'_> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let name = self.name.unfinished();
        let removed = self.folder.with_rights(|folder| {
            rustix::fs::unlinkat(folder, &name, AtFlags::empty())?;
            Ok(0)
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "an unfinished dump was left in its folder; a later one removes it");
        }
    }
}

fn open_or_make(root: BorrowedFd<'_>, path: &Path, links: Links) -> io::Result<File> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = match links {
        Links::Followed => ResolveFlags::NO_MAGICLINKS,
        Links::Refused => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    };
    let mut folder = rustix::fs::openat2(root, ".", flags, Mode::empty(), resolve)?;
    for part in relative.components() {
        let Component::Normal(name) = part else { return Err(Errno::INVAL.into()) };
        folder = match rustix::fs::openat2(&folder, name, flags, Mode::empty(), resolve) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&folder, name, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                rustix::fs::openat2(&folder, name, flags, Mode::empty(), resolve)?
            }
            opened => opened?,
        };
    }
    Ok(File::from(folder))
}

/// A new file, locked so that nobody takes it for a leftover; one that was left under this name goes.
fn make(folder: BorrowedFd<'_>, name: &str) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let made = match rustix::fs::openat(folder, name, flags, mode) {
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
            rustix::fs::openat(folder, name, flags, mode)?
        }
        made => made?,
    };
    rustix::fs::flock(&made, FlockOperation::NonBlockingLockExclusive)?;
    Ok(File::from(made))
}

/// Names in the folder that `is_wanted` takes.
fn names_in(folder: BorrowedFd<'_>, is_wanted: fn(&str) -> bool) -> Result<Vec<String>, Errno> {
    let entries = Dir::read_from(folder)?.take(MAX_DUMP_FOLDER_ENTRIES);
    let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
    Ok(names.filter(|name| is_wanted(name)).collect())
}

/// Removes what killed writers have left; failing costs nothing but room.
fn sweep(folder: BorrowedFd<'_>) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    for name in names_in(folder, names::is_unfinished).unwrap_or_default() {
        let Ok(file) = rustix::fs::openat(folder, &name, flags, Mode::empty()) else { continue };
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = rustix::fs::unlinkat(folder, &name, AtFlags::empty());
        }
    }
}

/// Removes the oldest dumps until `keep` are left. A dump of another user stays, and counts.
fn remove_oldest(folder: BorrowedFd<'_>, keep: usize) -> Result<(), Errno> {
    let mut dumps = Vec::new();
    for name in names_in(folder, names::is_dump)? {
        let Ok(stat) = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            dumps.push(((stat.st_mtime, stat.st_mtime_nsec), name));
        }
    }
    dumps.sort_unstable();
    let mut surplus = dumps.len().saturating_sub(keep);
    for (_, name) in dumps {
        if surplus == 0 {
            break;
        }
        if rustix::fs::unlinkat(folder, &name, AtFlags::empty()).is_ok() {
            surplus -= 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
