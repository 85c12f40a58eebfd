//! The file that a dump is written to, by its path: never another's file unless told, its owner's only, and gone when
//! the dump comes to nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wer_sys::atomic_file::TEMPORARY_PREFIX;

use crate::error::MinidumpError;

/// A dump holds whatever the process knew.
const MODE: u32 = 0o600;

/// A file on its way to be a dump; dropped before [`Place::keep`], it is removed.
#[derive(Debug)]
pub(crate) struct Place {
    file: File,
    /// Its name for now.
    path: PathBuf,
    /// Its name in the end, where that is another one.
    final_path: Option<PathBuf>,
    is_kept: bool,
}

impl Place {
    /// Makes the file. An older one is kept until the dump is whole.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self, MinidumpError> {
        let fail = |source| MinidumpError::Create { path: path.to_owned(), source };
        match open(path) {
            Ok(file) => Ok(Self { file, path: path.to_owned(), final_path: None, is_kept: false }),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(fail(error)),
            Err(_) if !overwrite => Err(MinidumpError::Exists { path: path.to_owned() }),
            Err(_) => {
                let target = path.canonicalize().map_err(fail)?;
                if !target.is_file() {
                    return Err(MinidumpError::NotAFile { path: path.to_owned() });
                }
                let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let beside =
                    target.with_file_name(format!("{TEMPORARY_PREFIX}{}-{name}", std::process::id()));
                let file = open(&beside).map_err(fail)?;
                Ok(Self { file, path: beside, final_path: Some(target), is_kept: false })
            }
        }
    }

    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// The dump is whole.
    pub(crate) fn keep(mut self) -> Result<(), MinidumpError> {
        if let Some(path) = &self.final_path {
            std::fs::rename(&self.path, path)
                .map_err(|source| MinidumpError::Create { path: path.clone(), source })?;
        }
        self.is_kept = true;
        Ok(())
    }

    /// Whether the name is still this file's.
    fn is_ours(&self) -> bool {
        let (ours, named) = (self.file.metadata(), std::fs::symlink_metadata(&self.path));
        matches!((ours, named), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(path)
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept && self.is_ours() {
            // What cannot be removed has been emptied by the writer, and has no signature.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_stays_until_there_is_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        drop(Place::create(&path, false).expect("a file"));
        assert!(!path.exists(), "it came to nothing");
        std::fs::write(&path, "old").expect("a file");
        assert!(matches!(Place::create(&path, false), Err(MinidumpError::Exists { .. })));
        drop(Place::create(&path, true).expect("a file"));
        assert_eq!(std::fs::read(&path).expect("it stayed"), b"old");
        Place::create(&path, true).expect("a file").keep().expect("a name");
        let now = std::fs::metadata(&path).expect("the new one");
        assert_eq!((now.len(), now.mode() & 0o777), (0, 0o600));
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn only_regular_files_are_replaced_and_links_are_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(Place::create(folder.path(), true), Err(MinidumpError::NotAFile { .. })));
        let (path, link) = (folder.path().join("a.dmp"), folder.path().join("link"));
        std::fs::write(&path, "old").expect("a file");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        Place::create(&link, true).expect("a file").keep().expect("a name");
        assert_eq!(std::fs::read_link(&link).expect("still a link"), path);
        assert_eq!(std::fs::metadata(&path).expect("the file").len(), 0);
        let nowhere = folder.path().join("no/a.dmp");
        assert!(matches!(Place::create(&nowhere, false), Err(MinidumpError::Create { .. })));
    }
}
