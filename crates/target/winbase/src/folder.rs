//! Files by name: deleting, moving, folders, attributes, and the folders that the system has names for.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::error::Win32Error;
use crate::path::to_windows;

/// `FILE_ATTRIBUTE_READONLY`.
pub const FILE_ATTRIBUTE_READONLY: u32 = 0x1;
/// `FILE_ATTRIBUTE_DIRECTORY`.
pub const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x10;
/// `FILE_ATTRIBUTE_NORMAL`.
pub const FILE_ATTRIBUTE_NORMAL: u32 = 0x80;

fn of_error(error: &std::io::Error) -> Win32Error {
    error.raw_os_error().map_or(Win32Error::GEN_FAILURE, |code| Errno::from_raw_os_error(code).into())
}

/// `DeleteFile`. A folder is [`Win32Error::ACCESS_DENIED`].
///
/// # Errors
/// What the kernel answers.
pub fn delete_file(path: &Path) -> Result<(), Win32Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::IsADirectory => Err(Win32Error::ACCESS_DENIED),
        other => other.map_err(|error| of_error(&error)),
    }
}

/// `MoveFileEx`. `replaces` = `MOVEFILE_REPLACE_EXISTING`.
///
/// # Errors
/// [`Win32Error::ALREADY_EXISTS`] when the target is there and is not to be replaced; [`Win32Error::NOT_SAME_DEVICE`].
pub fn move_file(from: &Path, to: &Path, replaces: bool) -> Result<(), Win32Error> {
    let flags = if replaces { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
    renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, flags).map_err(|errno| match errno {
        Errno::EXIST => Win32Error::ALREADY_EXISTS,
        Errno::XDEV => Win32Error::NOT_SAME_DEVICE,
        other => other.into(),
    })
}

/// `CreateDirectory`. The new folder is its owner's only (mode 0700), as files are.
///
/// # Errors
/// [`Win32Error::ALREADY_EXISTS`]; [`Win32Error::PATH_NOT_FOUND`] when the folder above is missing.
pub fn create_directory(path: &Path) -> Result<(), Win32Error> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Win32Error::ALREADY_EXISTS,
        ErrorKind::NotFound => Win32Error::PATH_NOT_FOUND,
        _ => of_error(&error),
    })
}

/// `RemoveDirectory`: an empty one.
///
/// # Errors
/// [`Win32Error::DIR_NOT_EMPTY`]; what the kernel answers.
pub fn remove_directory(path: &Path) -> Result<(), Win32Error> {
    fs::remove_dir(path).map_err(|error| match error.kind() {
        ErrorKind::DirectoryNotEmpty => Win32Error::DIR_NOT_EMPTY,
        _ => of_error(&error),
    })
}

/// `GetFileAttributes`: folder or not, and whether nobody may write it.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`], [`Win32Error::PATH_NOT_FOUND`], [`Win32Error::ACCESS_DENIED`].
pub fn attributes(path: &Path) -> Result<u32, Win32Error> {
    let data = fs::metadata(path).map_err(|error| of_error(&error))?;
    let kind = if data.is_dir() { FILE_ATTRIBUTE_DIRECTORY } else { 0 };
    let read_only = if data.permissions().mode() & 0o222 == 0 { FILE_ATTRIBUTE_READONLY } else { 0 };
    Ok(match kind | read_only {
        0 => FILE_ATTRIBUTE_NORMAL,
        attributes => attributes,
    })
}

/// A folder that the system has a name for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownFolder {
    /// `GetTempPath`: `$TMPDIR`, else `/tmp`; ends with a separator.
    Temporary,
    /// `GetCurrentDirectory`.
    Current,
    /// `GetWindowsDirectory`: `/usr`, where the system's own programs are.
    Windows,
    /// `GetSystemDirectory`: `/usr/bin`.
    System,
}

/// The path of a known folder, with `\`.
///
/// # Errors
/// [`Win32Error::PATH_NOT_FOUND`] when the working folder is gone.
pub fn known_folder(folder: KnownFolder) -> Result<String, Win32Error> {
    let path = match folder {
        KnownFolder::Temporary => std::env::temp_dir().join(""),
        KnownFolder::Current => std::env::current_dir().map_err(|_| Win32Error::PATH_NOT_FOUND)?,
        KnownFolder::Windows => PathBuf::from("/usr"),
        KnownFolder::System => PathBuf::from("/usr/bin"),
    };
    Ok(to_windows(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b, inner) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("inner"));
        fs::write(&a, "1").unwrap();
        fs::write(&b, "2").unwrap();
        assert_eq!(attributes(&a), Ok(FILE_ATTRIBUTE_NORMAL));
        assert_eq!(attributes(folder.path()), Ok(FILE_ATTRIBUTE_DIRECTORY));
        assert_eq!(move_file(&a, &b, false), Err(Win32Error::ALREADY_EXISTS));
        assert_eq!(move_file(&a, &b, true), Ok(()));
        assert_eq!(fs::read_to_string(&b).unwrap(), "1");
        assert_eq!(delete_file(&a), Err(Win32Error::FILE_NOT_FOUND));
        assert_eq!(create_directory(&inner), Ok(()));
        assert_eq!(create_directory(&inner), Err(Win32Error::ALREADY_EXISTS));
        assert_eq!(create_directory(&inner.join("x/y")), Err(Win32Error::PATH_NOT_FOUND));
        assert_eq!(delete_file(&inner), Err(Win32Error::ACCESS_DENIED));
        assert_eq!(remove_directory(folder.path()), Err(Win32Error::DIR_NOT_EMPTY));
        assert_eq!(remove_directory(&inner), Ok(()));
    }

    #[test]
    fn known_folders_are_written_with_backslashes() {
        assert_eq!(known_folder(KnownFolder::Windows), Ok("\\usr".to_owned()));
        assert!(known_folder(KnownFolder::Temporary).unwrap().ends_with('\\'));
    }
}
