//! Memory that is held until the dump is written: one buffer for all of it.

use crate::copier::Store;
use crate::error::CopyError;

/// All memory of a small dump.
pub(crate) struct Held {
    buffer: Vec<u8>,
    len: usize,
    /// Bytes after this were never given out, so they are zero.
    used: usize,
}

impl Held {
    /// `total_bytes` is within the limit for this.
    pub(crate) fn new(total_bytes: usize) -> Self {
        Self { buffer: vec![0; total_bytes], len: 0, used: 0 }
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.buffer.truncate(self.len);
        self.buffer
    }
}

impl Store for Held {
    fn room(&mut self, wanted: usize) -> Result<&mut [u8], CopyError> {
        let end = self.len.saturating_add(wanted).min(self.buffer.len());
        self.used = self.used.max(end);
        Ok(self.buffer.get_mut(self.len..end).unwrap_or_default())
    }

    fn fill(&mut self, count: usize) -> Result<(), CopyError> {
        self.len = (self.len + count).min(self.buffer.len());
        Ok(())
    }

    fn zeros(&mut self, bytes: u64) -> Result<(), CopyError> {
        let end = self.len.saturating_add(bytes as usize).min(self.buffer.len());
        if let Some(used) = self.buffer.get_mut(self.len..end.min(self.used)) {
            used.fill(0);
        }
        self.len = end;
        Ok(())
    }
}
