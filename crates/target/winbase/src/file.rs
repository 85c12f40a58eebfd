//! Files by handle: `CreateFile`, `WriteFile`, `GetFileSizeEx`, as far as writing a dump needs them.
//!
//! A file's handle is its descriptor; Linux has no share modes, so none is kept. Paths are Linux paths.

use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::object::{borrow, into_number};

/// `GENERIC_READ`.
pub const GENERIC_READ: u32 = 0x8000_0000;
/// `GENERIC_WRITE`.
pub const GENERIC_WRITE: u32 = 0x4000_0000;
/// `GENERIC_ALL`.
pub const GENERIC_ALL: u32 = 0x1000_0000;

/// Bits of a new file: a dump holds whatever the process knew.
const NEW_FILE_MODE: u32 = 0o600;

/// What `CreateFile` does about a file that is there, and about one that is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Creation {
    /// `CREATE_NEW`: fails when it is there.
    New = 1,
    /// `CREATE_ALWAYS`: empties it when it is there.
    Always = 2,
    /// `OPEN_EXISTING`: fails when it is not there.
    OpenExisting = 3,
    /// `OPEN_ALWAYS`.
    OpenAlways = 4,
    /// `TRUNCATE_EXISTING`: empties it; fails when it is not there.
    TruncateExisting = 5,
}

impl Creation {
    /// By the number that headers give it.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::New,
            2 => Self::Always,
            3 => Self::OpenExisting,
            4 => Self::OpenAlways,
            5 => Self::TruncateExisting,
            _ => return None,
        })
    }
}

/// A file that was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenedFile {
    /// Its handle.
    pub handle: Handle,
    /// It was there before, and `Creation::Always` or `OpenAlways` was asked for: the last error is then
    /// `ERROR_ALREADY_EXISTS`, with success.
    pub existed: bool,
}

/// `CreateFile`. A new file is its owner's only (mode 0600).
///
/// # Errors
/// [`Win32Error::INVALID_PARAMETER`] for an access without reading and writing; what the kernel answers.
pub fn create_file(path: &Path, access: u32, creation: Creation) -> Result<OpenedFile, Win32Error> {
    let reads = access & (GENERIC_READ | GENERIC_ALL) != 0;
    let writes = access & (GENERIC_WRITE | GENERIC_ALL) != 0;
    let flags = match (reads, writes) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        (true, false) => OFlags::RDONLY,
        (false, false) => return Err(Win32Error::INVALID_PARAMETER),
    };
    let open = |more: OFlags| {
        let flags = flags | more | OFlags::CLOEXEC | OFlags::NOCTTY;
        rustix::fs::open(path, flags, Mode::from_raw_mode(NEW_FILE_MODE))
    };
    let truncate = if writes { OFlags::TRUNC } else { OFlags::empty() };
    let new = OFlags::CREATE | OFlags::EXCL;
    let (opened, existed) = match creation {
        Creation::New => (open(new), false),
        Creation::OpenExisting => (open(OFlags::empty()), false),
        Creation::TruncateExisting if !writes => return Err(Win32Error::INVALID_PARAMETER),
        Creation::TruncateExisting => (open(truncate), false),
        Creation::Always | Creation::OpenAlways => match open(new) {
            Err(Errno::EXIST) if creation == Creation::Always => (open(OFlags::CREATE | truncate), true),
            Err(Errno::EXIST) => (open(OFlags::CREATE), true),
            opened => (opened, false),
        },
    };
    let descriptor = opened.map_err(|errno| of_path(errno, path))?;
    Ok(OpenedFile { handle: Handle::file(into_number(descriptor)?), existed })
}

/// A missing folder is told from a missing file.
fn of_path(errno: Errno, path: &Path) -> Win32Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match errno {
        Errno::NOENT if folder.is_some_and(|folder| !folder.is_dir()) => Win32Error::PATH_NOT_FOUND,
        Errno::ISDIR => Win32Error::ACCESS_DENIED,
        _ => errno.into(),
    }
}

/// A handle of a descriptor that stays the caller's own until the handle is closed, which closes it.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] when it is not open; [`Win32Error::TOO_MANY_OPEN_FILES`] above 65,535.
pub fn handle_from_descriptor(descriptor: i32) -> Result<Handle, Win32Error> {
    let positive = u32::try_from(descriptor).map_err(|_| Win32Error::INVALID_HANDLE)?;
    let number = u16::try_from(positive).map_err(|_| Win32Error::TOO_MANY_OPEN_FILES)?;
    rustix::io::fcntl_getfd(borrow(number))?;
    Ok(Handle::file(number))
}

/// The descriptor that a file's handle names.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for anything but a file's handle.
pub fn descriptor_of_file(file: Handle) -> Result<u16, Win32Error> {
    match file.kind() {
        Some(HandleKind::File { file_fd }) => Ok(file_fd),
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

/// `WriteFile` at the file's position. Returns how many bytes were written, all of them unless an error came after some.
///
/// # Errors
/// What the kernel answers to the first write.
pub fn write_file(file: Handle, bytes: &[u8]) -> Result<usize, Win32Error> {
    let descriptor = borrow(descriptor_of_file(file)?);
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match rustix::io::write(descriptor, rest) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(Errno::INTR) => {}
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(done)
}

/// `GetFileSizeEx`.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`].
pub fn file_size(file: Handle) -> Result<i64, Win32Error> {
    Ok(rustix::fs::fstat(borrow(descriptor_of_file(file)?))?.st_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close_handle;

    const WRITE: u32 = GENERIC_WRITE;

    #[test]
    fn files_are_made_as_windows_makes_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dmp");
        let missing = Err(Win32Error::FILE_NOT_FOUND);
        assert_eq!(create_file(&path, WRITE, Creation::OpenExisting), missing);
        let new = create_file(&path, WRITE, Creation::New).unwrap();
        assert!(!new.existed);
        assert_eq!((write_file(new.handle, b"MDMP"), file_size(new.handle)), (Ok(4), Ok(4)));
        close_handle(new.handle).unwrap();
        assert_eq!(close_handle(new.handle), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(create_file(&path, WRITE, Creation::New), Err(Win32Error::FILE_EXISTS));
        let kept = create_file(&path, WRITE | GENERIC_READ, Creation::OpenAlways).unwrap();
        assert_eq!((kept.existed, file_size(kept.handle)), (true, Ok(4)));
        let emptied = create_file(&path, WRITE, Creation::Always).unwrap();
        assert_eq!((emptied.existed, file_size(emptied.handle)), (true, Ok(0)));
        close_handle(kept.handle).and(close_handle(emptied.handle)).unwrap();
        let nowhere = folder.path().join("no/folder");
        assert_eq!(create_file(&nowhere, WRITE, Creation::Always), Err(Win32Error::PATH_NOT_FOUND));
        assert_eq!(create_file(folder.path(), WRITE, Creation::Always), Err(Win32Error::ACCESS_DENIED));
        assert_eq!(create_file(&path, 0, Creation::New), Err(Win32Error::INVALID_PARAMETER));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn descriptors_become_handles() {
        assert_eq!(handle_from_descriptor(-1), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(handle_from_descriptor(65_000), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(handle_from_descriptor(70_000), Err(Win32Error::TOO_MANY_OPEN_FILES));
        assert_eq!(handle_from_descriptor(0), Ok(Handle::file(0)));
        assert_eq!(write_file(Handle::event(1), b""), Err(Win32Error::INVALID_HANDLE));
    }
}
