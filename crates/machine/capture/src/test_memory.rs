//! Memory made of pieces, for unit tests.

use wer_snapshot::MemoryReader;

/// Pieces of bytes at their addresses.
#[derive(Debug, Default)]
pub(crate) struct TestMemory {
    pieces: Vec<(u64, Vec<u8>)>,
}

impl TestMemory {
    pub(crate) fn new(pieces: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Self {
        Self { pieces: pieces.into_iter().collect() }
    }
}

impl MemoryReader for TestMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let found = self.pieces.iter().find_map(|(start, bytes)| {
            let offset = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(offset..).filter(|rest| !rest.is_empty())
        });
        let Some(rest) = found else { return 0 };
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        count
    }
}
