//! Reading files by handle, their position, their end, and their way to the disk.

use rustix::fs::SeekFrom;
use rustix::io::Errno;
use wer_abi::Handle;

use crate::error::Win32Error;
use crate::file::descriptor_of_file;
use crate::object::borrow;

/// `ReadFile` at the file's position. Returns how many bytes came: fewer than asked for, or 0, at the end.
///
/// # Errors
/// What the kernel answers.
pub fn read_file(file: Handle, buffer: &mut [u8]) -> Result<usize, Win32Error> {
    let descriptor = borrow(descriptor_of_file(file)?);
    loop {
        match rustix::io::read(descriptor, &mut *buffer) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// `SetFilePointerEx`. `origin`: 0 the start, 1 the position, 2 the end. Returns the new position.
///
/// # Errors
/// [`Win32Error::NEGATIVE_SEEK`], [`Win32Error::INVALID_PARAMETER`] for another origin.
pub fn set_position(file: Handle, distance: i64, origin: u32) -> Result<u64, Win32Error> {
    let descriptor = borrow(descriptor_of_file(file)?);
    let to = match origin {
        0 => SeekFrom::Start(u64::try_from(distance).map_err(|_| Win32Error::NEGATIVE_SEEK)?),
        1 => SeekFrom::Current(distance),
        2 => SeekFrom::End(distance),
        _ => return Err(Win32Error::INVALID_PARAMETER),
    };
    rustix::fs::seek(descriptor, to).map_err(|errno| match errno {
        Errno::INVAL => Win32Error::NEGATIVE_SEEK,
        other => other.into(),
    })
}

/// `SetEndOfFile`: the file ends at its position.
///
/// # Errors
/// What the kernel answers.
pub fn set_end(file: Handle) -> Result<(), Win32Error> {
    let descriptor = borrow(descriptor_of_file(file)?);
    let position = rustix::fs::seek(descriptor, SeekFrom::Current(0))?;
    Ok(rustix::fs::ftruncate(descriptor, position)?)
}

/// `FlushFileBuffers`.
///
/// # Errors
/// What the kernel answers; a file that cannot be flushed (a pipe) has nothing to flush.
pub fn flush(file: Handle) -> Result<(), Win32Error> {
    match rustix::fs::fsync(borrow(descriptor_of_file(file)?)) {
        Err(Errno::INVAL | Errno::ROFS) => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Creation, GENERIC_ALL, create_file, file_size, write_file};

    #[test]
    fn a_file_is_read_where_its_position_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = create_file(&folder.path().join("f"), GENERIC_ALL, Creation::New).unwrap().handle;
        assert_eq!(write_file(file, b"0123456789"), Ok(10));
        assert_eq!(set_position(file, -4, 2), Ok(6));
        let mut buffer = [0; 8];
        assert_eq!(read_file(file, &mut buffer), Ok(4));
        assert_eq!(&buffer[..4], b"6789");
        assert_eq!(read_file(file, &mut buffer), Ok(0));
        assert_eq!(set_position(file, -11, 1), Err(Win32Error::NEGATIVE_SEEK));
        assert_eq!(set_position(file, -1, 0), Err(Win32Error::NEGATIVE_SEEK));
        assert_eq!(set_position(file, 0, 3), Err(Win32Error::INVALID_PARAMETER));
        assert_eq!(set_position(file, 3, 0), Ok(3));
        assert_eq!((set_end(file), file_size(file)), (Ok(()), Ok(3)));
        assert_eq!(flush(file), Ok(()));
        assert_eq!(flush(Handle::NULL), Err(Win32Error::INVALID_HANDLE));
        crate::close_handle(file).unwrap();
    }
}
