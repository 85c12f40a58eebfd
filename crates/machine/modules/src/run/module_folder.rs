//! The one folder that a module may write to: made for its host, given to it by descriptor, and emptied into the report
//! when the host is gone.
//!
//! What is in it was written by the module, or by anybody else of its user: names are made anew, links and special files
//! are left where they are.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, Gid, Mode, OFlags, Uid, fchown, mkdir, open, openat};
use rustix::process::geteuid;
use wer_model::{AttachedFile, FileKind};

use crate::limits::{MAX_FILE_NAME_CHARS, MAX_MODULE_FILES, MAX_MODULE_FILES_BYTES};

/// First word of a minidump.
const MINIDUMP_SIGNATURE: &[u8; 4] = b"MDMP";

/// A module's folder. It is gone, with what is in it, when this is dropped.
#[derive(Debug)]
pub(super) struct ModuleFolder {
    path: PathBuf,
    folder: OwnedFd,
    /// The module's number among those of its process; its files are named by it.
    number: usize,
    uid: u32,
}

impl ModuleFolder {
    /// Makes a folder below `parent` that is the user's alone.
    pub(super) fn make(parent: &Path, number: usize, uid: u32, gid: u32) -> io::Result<Self> {
        let path = parent.join(format!("module{number}"));
        mkdir(&path, Mode::RWXU)?;
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(&path, flags, Mode::empty())?;
        if geteuid().as_raw() != uid {
            fchown(&folder, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        Ok(Self { path, folder, number, uid })
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Whether more is in it than may be.
    pub(super) fn is_overfull(&self) -> bool {
        let mut files = 0;
        let mut bytes = 0_u64;
        for name in self.names() {
            files += 1;
            let length = self.open_own(&name).and_then(|file| file.metadata()).map_or(0, |meta| meta.len());
            bytes = bytes.saturating_add(length);
        }
        files > MAX_MODULE_FILES || bytes > MAX_MODULE_FILES_BYTES
    }

    /// Whether a file lies where this folder does, and can be written by who gave it.
    pub(super) fn may_hold(&self, file: &File) -> bool {
        let device = |meta: io::Result<fs::Metadata>| meta.ok().map(|meta| meta.dev());
        let folder = rustix::fs::fstat(&self.folder).ok().map(|stat| stat.st_dev);
        let is_file = file.metadata().is_ok_and(|meta| meta.is_file() && meta.uid() == self.uid);
        let access = rustix::fs::fcntl_getfl(file).map(|flags| flags & OFlags::ACCMODE);
        is_file
            && folder == device(file.metadata())
            && access.is_ok_and(|access| access == OFlags::WRONLY || access == OFlags::RDWR)
    }

    /// Copies its files to where the folder itself lies. Returns them, and sentences on what was left out.
    pub(super) fn collect(&self) -> (Vec<AttachedFile>, Vec<String>) {
        let (mut files, mut notes) = (Vec::new(), Vec::new());
        let mut left_bytes = MAX_MODULE_FILES_BYTES;
        for name in self.names().into_iter().take(MAX_MODULE_FILES) {
            match self.copy(&name, &mut left_bytes) {
                Ok(Some(file)) => files.push(file),
                Ok(None) => {}
                Err(error) => {
                    notes.push(format!("its file {} was left out: {error}", harmless(&name)));
                }
            }
        }
        (files, notes)
    }

    /// One file; `None` for an empty one.
    fn copy(&self, name: &[u8], left_bytes: &mut u64) -> io::Result<Option<AttachedFile>> {
        let mut from = self.open_own(name)?;
        let length = from.metadata()?.len();
        if length == 0 {
            return Ok(None);
        }
        *left_bytes = left_bytes.checked_sub(length).ok_or_else(|| {
            io::Error::other(format!("its files have more than {MAX_MODULE_FILES_BYTES} bytes"))
        })?;
        let original_path = String::from_utf8_lossy(name).into_owned();
        let name = format!("module{}_{}", self.number, harmless(name));
        let path = self.path.with_file_name(&name);
        let mut to = File::create_new(&path)?;
        if let Err(error) = io::copy(&mut io::Read::take(&mut from, length), &mut to) {
            // Part of a file would take the room of what is whole.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        let kind = if is_minidump(&from) { FileKind::CustomDump } else { FileKind::Other };
        Ok(Some(AttachedFile { name, kind, flags: 0, original_path: Some(original_path) }))
    }

    /// Names in order, two more than may be at most.
    fn names(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = Dir::read_from(&self.folder) else { return Vec::new() };
        let names = entries.flatten().map(|entry| entry.file_name().to_bytes().to_vec());
        let mut names: Vec<Vec<u8>> =
            names.filter(|name| name != b"." && name != b"..").take(MAX_MODULE_FILES + 2).collect();
        names.sort_unstable();
        names
    }

    /// A regular file of the user's own, with no other name. Links are not followed and nothing is waited for.
    fn open_own(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, name, flags, Mode::empty())?);
        let meta = file.metadata()?;
        if meta.is_file() && meta.uid() == self.uid && meta.nlink() == 1 {
            Ok(file)
        } else {
            Err(io::Error::other("it is no file of its own"))
        }
    }
}

impl Drop for ModuleFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "{} could not be removed", self.path.display());
        }
    }
}

fn is_minidump(file: &File) -> bool {
    let mut start = [0; MINIDUMP_SIGNATURE.len()];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut start, 0).is_ok() && start == *MINIDUMP_SIGNATURE
}

/// What a file's name may have of the module's own.
fn harmless(name: &[u8]) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = String::from_utf8_lossy(name).chars().take(MAX_FILE_NAME_CHARS).map(keep).collect();
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(parent: &Path) -> ModuleFolder {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        ModuleFolder::make(parent, 3, uid, gid).unwrap()
    }

    #[test]
    fn files_join_the_report_under_names_of_ours() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        fs::write(folder.path.join("a b.dmp"), b"MDMP and more").unwrap();
        fs::write(folder.path.join("log"), b"text").unwrap();
        fs::write(folder.path.join("empty"), b"").unwrap();
        let (files, notes) = folder.collect();
        let found: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.kind)).collect();
        assert_eq!(found, [("module3_a_b.dmp", FileKind::CustomDump), ("module3_log", FileKind::Other)]);
        assert_eq!(notes, Vec::<String>::new());
        drop(folder);
        let mut left: Vec<_> =
            fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["module3_a_b.dmp", "module3_log"]);
    }

    #[test]
    fn links_and_other_peoples_files_stay_out() {
        let parent = tempfile::tempdir().unwrap();
        let secret = parent.path().join("secret");
        fs::write(&secret, b"secret").unwrap();
        let folder = folder(parent.path());
        std::os::unix::fs::symlink(&secret, folder.path.join("symbolic")).unwrap();
        fs::hard_link(&secret, folder.path.join("hard")).unwrap();
        fs::create_dir(folder.path.join("folder")).unwrap();
        let (files, notes) = folder.collect();
        assert_eq!((files, notes.len()), (vec![], 3));
    }

    #[test]
    fn too_many_files_are_seen() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        for number in 0..MAX_MODULE_FILES {
            fs::write(folder.path.join(number.to_string()), b"x").unwrap();
        }
        assert!(!folder.is_overfull());
        fs::write(folder.path.join("one more"), b"x").unwrap();
        assert!(folder.is_overfull());
    }

    #[test]
    fn a_long_file_is_seen_before_it_is_copied() {
        let parent = tempfile::tempdir().unwrap();
        let folder = folder(parent.path());
        File::create(folder.path.join("long")).unwrap().set_len(MAX_MODULE_FILES_BYTES + 1).unwrap();
        assert!(folder.is_overfull());
        let (files, notes) = folder.collect();
        assert!(files.is_empty() && notes[0].contains("more than"), "{notes:?}");
    }
}
