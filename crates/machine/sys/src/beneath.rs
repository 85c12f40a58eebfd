//! Opening a file that somebody else named.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};

/// Opens a regular file for reading: beneath `root` (an absolute path counts from there), through no symbolic or magic
/// link, without waiting for a pipe's writer and without taking a terminal.
///
/// # Errors
/// The kernel's: ELOOP for a link, EXDEV for a way out; `InvalidInput` for anything but a regular file.
pub fn open_regular_beneath(root: BorrowedFd<'_>, path: &Path) -> io::Result<File> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = rustix::fs::openat2(root, relative, flags, Mode::empty(), resolve)?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    if kind != FileType::RegularFile {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(File::from(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn only_a_regular_file_below_the_root_opens() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("inside");
        std::fs::create_dir(&inside).expect("a folder in it");
        std::fs::write(inside.join("file"), "x").expect("a file");
        std::fs::write(folder.path().join("outside"), "x").expect("a file");
        std::os::unix::fs::symlink("file", inside.join("link")).expect("a link");
        std::os::unix::fs::symlink(".", inside.join("links")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, inside.join("pipe"), FileType::Fifo, Mode::RUSR, 0)
            .expect("a pipe");
        let root = File::open(&inside).expect("the root");
        let open = |path: &str| open_regular_beneath(root.as_fd(), Path::new(path));
        assert!(open("file").is_ok() && open("/file").is_ok());
        for path in ["../outside", "link", "links/file", "pipe", ".", "missing", "/proc/self/exe", ""] {
            assert!(open(path).is_err(), "{path}");
        }
    }
}
