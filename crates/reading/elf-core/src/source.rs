//! Where the dump's memory is read from while the core is written: the file itself, so that a large one does not pass
//! through our address space, or its bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes by position.
pub trait ReadAt {
    /// Fills the buffer from a position on.
    ///
    /// # Errors
    /// The bytes are not there, or cannot be read.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for &[u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|start| self.get(start..)).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}
