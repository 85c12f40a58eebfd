//! Where the dump's memory is read from while the core is written: the file itself, so that a large one does not pass
//! through our address space, or its bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::SeekFrom;

/// Bytes by position.
pub trait ReadAt {
    /// Fills the buffer from a position on.
    ///
    /// # Errors
    /// The bytes are not there, or cannot be read.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// How many bytes from a position on, at most `limit`, are known to be zeros without reading them; 0 = nothing is known.
    fn zeros_at(&self, offset: u64, limit: u64) -> u64 {
        let _ = (offset, limit);
        0
    }
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }

    /// Holes. The end of the file is none: what lies behind it is missing.
    fn zeros_at(&self, offset: u64, limit: u64) -> u64 {
        match rustix::fs::seek(self, SeekFrom::Data(offset)) {
            Ok(data) => data.saturating_sub(offset).min(limit),
            Err(rustix::io::Errno::NXIO) => {
                let bytes = self.metadata().map_or(0, |metadata| metadata.len());
                bytes.saturating_sub(offset).min(limit)
            }
            Err(_) => 0,
        }
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
