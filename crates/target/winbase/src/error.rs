//! Win32 error codes and the calling thread's last error.

use std::cell::Cell;

use rustix::io::Errno;

/// A `winerror.h` code other than `ERROR_SUCCESS`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Win32Error(pub u32);

impl Win32Error {
    /// `ERROR_FILE_NOT_FOUND`.
    pub const FILE_NOT_FOUND: Self = Self(2);
    /// `ERROR_PATH_NOT_FOUND`: a folder of the path is missing.
    pub const PATH_NOT_FOUND: Self = Self(3);
    /// `ERROR_ACCESS_DENIED`.
    pub const ACCESS_DENIED: Self = Self(5);
    /// `ERROR_INVALID_HANDLE`.
    pub const INVALID_HANDLE: Self = Self(6);
    /// `ERROR_NOT_ENOUGH_MEMORY`.
    pub const NOT_ENOUGH_MEMORY: Self = Self(8);
    /// `ERROR_GEN_FAILURE`: none of the others.
    pub const GEN_FAILURE: Self = Self(31);
    /// `ERROR_WRITE_PROTECT`.
    pub const WRITE_PROTECT: Self = Self(19);
    /// `ERROR_NOT_SUPPORTED`.
    pub const NOT_SUPPORTED: Self = Self(50);
    /// `ERROR_TOO_MANY_OPEN_FILES`.
    pub const TOO_MANY_OPEN_FILES: Self = Self(4);
    /// `ERROR_FILE_EXISTS`.
    pub const FILE_EXISTS: Self = Self(80);
    /// `ERROR_NOT_SAME_DEVICE`: a file cannot be moved to another file system.
    pub const NOT_SAME_DEVICE: Self = Self(17);
    /// `ERROR_INSUFFICIENT_BUFFER`.
    pub const INSUFFICIENT_BUFFER: Self = Self(122);
    /// `ERROR_MOD_NOT_FOUND`: no such library.
    pub const MOD_NOT_FOUND: Self = Self(126);
    /// `ERROR_PROC_NOT_FOUND`: no such function in it.
    pub const PROC_NOT_FOUND: Self = Self(127);
    /// `ERROR_NEGATIVE_SEEK`: a position before the start.
    pub const NEGATIVE_SEEK: Self = Self(131);
    /// `ERROR_DIR_NOT_EMPTY`.
    pub const DIR_NOT_EMPTY: Self = Self(145);
    /// `ERROR_ENVVAR_NOT_FOUND`.
    pub const ENVVAR_NOT_FOUND: Self = Self(203);
    /// `ERROR_FILENAME_EXCED_RANGE`: the name is too long.
    pub const FILENAME_EXCED_RANGE: Self = Self(206);
    /// `ERROR_INVALID_ADDRESS`: no view starts there.
    pub const INVALID_ADDRESS: Self = Self(487);
    /// `ERROR_FILE_INVALID`: an empty file has no mapping.
    pub const FILE_INVALID: Self = Self(1006);
    /// `ERROR_MAPPED_ALIGNMENT`: a view starts with a page.
    pub const MAPPED_ALIGNMENT: Self = Self(1132);
    /// `ERROR_MORE_DATA`: the buffer is too small.
    pub const MORE_DATA: Self = Self(234);
    /// `ERROR_INVALID_PARAMETER`.
    pub const INVALID_PARAMETER: Self = Self(87);
    /// `ERROR_BROKEN_PIPE`.
    pub const BROKEN_PIPE: Self = Self(109);
    /// `ERROR_DISK_FULL`.
    pub const DISK_FULL: Self = Self(112);
    /// `ERROR_ALREADY_EXISTS`: with success, a file was there before.
    pub const ALREADY_EXISTS: Self = Self(183);
    /// `ERROR_FILE_TOO_LARGE`.
    pub const FILE_TOO_LARGE: Self = Self(223);
    /// `ERROR_PARTIAL_COPY`: only a part of the memory could be reached.
    pub const PARTIAL_COPY: Self = Self(299);
    /// `ERROR_NOACCESS`: a pointer of the caller's own does not lead to memory.
    pub const NOACCESS: Self = Self(998);
}

impl core::fmt::Display for Win32Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = match *self {
            Self::FILE_NOT_FOUND => "the file was not found",
            Self::PATH_NOT_FOUND => "the path was not found",
            Self::FILE_EXISTS => "the file exists",
            Self::DISK_FULL => "there is not enough space on the disk",
            Self::ACCESS_DENIED => "access is denied",
            Self::INVALID_HANDLE => "the handle is invalid",
            Self::NOT_ENOUGH_MEMORY => "not enough memory",
            Self::NOT_SUPPORTED => "the request is not supported",
            Self::TOO_MANY_OPEN_FILES => "too many open files",
            Self::INVALID_PARAMETER => "a parameter is invalid",
            Self::PARTIAL_COPY => "only a part of the memory could be reached",
            Self::NOACCESS => "invalid access to a memory location",
            _ => return write!(f, "Win32 error {}", self.0),
        };
        write!(f, "{text} (Win32 error {})", self.0)
    }
}

impl core::error::Error for Win32Error {}

impl From<Errno> for Win32Error {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::PERM | Errno::ACCESS => Self::ACCESS_DENIED,
            Errno::BADF => Self::INVALID_HANDLE,
            Errno::NOMEM => Self::NOT_ENOUGH_MEMORY,
            Errno::MFILE | Errno::NFILE => Self::TOO_MANY_OPEN_FILES,
            Errno::INVAL => Self::INVALID_PARAMETER,
            Errno::NOENT => Self::FILE_NOT_FOUND,
            Errno::NOTDIR => Self::PATH_NOT_FOUND,
            Errno::EXIST => Self::FILE_EXISTS,
            Errno::ROFS => Self::WRITE_PROTECT,
            Errno::NOSPC | Errno::DQUOT => Self::DISK_FULL,
            Errno::FBIG => Self::FILE_TOO_LARGE,
            Errno::PIPE => Self::BROKEN_PIPE,
            Errno::FAULT | Errno::IO => Self::PARTIAL_COPY,
            Errno::NOSYS | Errno::OPNOTSUPP => Self::NOT_SUPPORTED,
            _ => Self::GEN_FAILURE,
        }
    }
}

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
}

/// `GetLastError`: the calling thread's last error code, 0 at its start.
#[must_use]
pub fn last_error() -> u32 {
    LAST_ERROR.with(Cell::get)
}

/// `SetLastError`.
pub fn set_last_error(code: u32) {
    LAST_ERROR.with(|slot| slot.set(code));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_its_own_last_error() {
        set_last_error(Win32Error::PARTIAL_COPY.0);
        std::thread::spawn(|| assert_eq!(last_error(), 0)).join().unwrap();
        assert_eq!(last_error(), 299);
    }
}
