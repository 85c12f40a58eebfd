//! Memory of a fork snapshot: the copy's, overlaid by what was copied while the process stood.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use wer_snapshot::{MemoryReader, Region};
use wer_sys::{Process, ProcessMemory};

use super::limits::{COPY_STEP_BYTES, MAX_COPIED_IN_MEMORY_BYTES};
use crate::target::memory::is_private_anonymous;

/// Memory of a copy and what the copy does not have.
#[derive(Debug)]
pub(crate) struct SnapshotMemory {
    copy: ProcessMemory,
    /// The process itself, which runs on.
    pub(crate) process: ProcessMemory,
    overlay: Overlay,
}

impl SnapshotMemory {
    pub(crate) const fn new(copy: ProcessMemory, process: ProcessMemory, overlay: Overlay) -> Self {
        Self { copy, process, overlay }
    }

    /// The copy stands until [`Self::run_on`]: it may be read as fast as can be.
    pub(crate) fn hold_still(&mut self, copy: &Process, regions: &[Region]) {
        self.copy.hold_still(copy.pid());
        if let Ok(pages) = copy.page_map() {
            let anonymous = regions.iter().filter(|region| is_private_anonymous(region));
            self.copy.know_untouched(pages, anonymous.map(|region| (region.start, region.end)));
        }
    }

    /// The copy is about to go.
    pub(crate) fn run_on(&mut self) {
        self.copy.run_on();
    }
}

impl MemoryReader for SnapshotMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(at) = address.checked_add(done as u64) else { break };
            let (piece, end) = self.overlay.at(at);
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
            let rest = &mut rest[..length];
            let count = match piece {
                Some(piece) => self.overlay.read(piece, at, rest, &self.process),
                None => self.copy.read(at, rest),
            };
            done += count;
            if count < length {
                break;
            }
        }
        done
    }

    fn untouched(&self, address: u64, limit: u64) -> u64 {
        match self.overlay.at(address) {
            (None, end) => self.copy.untouched(address, limit.min(end - address)),
            (Some(_), _) => 0,
        }
    }
}

/// Where the bytes of a piece are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Memory(usize),
    File(u64),
    /// In the process, as it is now.
    Process,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u64,
    end: u64,
    place: Place,
}

/// Pieces of memory that stand in for the copy's. They do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// By address.
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    file: Option<File>,
    file_bytes: u64,
}

impl Overlay {
    /// The piece that holds an address, and where it (or the gap) ends.
    fn at(&self, address: u64) -> (Option<Piece>, u64) {
        let index = self.pieces.partition_point(|piece| piece.end <= address);
        match self.pieces.get(index) {
            Some(piece) if piece.start <= address => (Some(*piece), piece.end),
            Some(next) => (None, next.start),
            None => (None, u64::MAX),
        }
    }

    fn read(&self, piece: Piece, address: u64, buffer: &mut [u8], process: &ProcessMemory) -> usize {
        let offset = address - piece.start;
        match piece.place {
            Place::Process => process.read(address, buffer),
            Place::Memory(at) => {
                let from = usize::try_from(offset).ok().and_then(|offset| at.checked_add(offset));
                let bytes = from.and_then(|from| self.bytes.get(from..from + buffer.len()));
                let Some(bytes) = bytes else { return 0 };
                buffer.copy_from_slice(bytes);
                buffer.len()
            }
            Place::File(at) => {
                let read = self.file.as_ref().map(|file| file.read_exact_at(buffer, at + offset));
                if matches!(read, Some(Ok(()))) { buffer.len() } else { 0 }
            }
        }
    }

    /// Lets the copy's memory have these bytes. Called last: over what was copied it has its way as well.
    pub(crate) fn patch(&mut self, address: u64, bytes: &[u8]) {
        let end = address.saturating_add(bytes.len() as u64);
        if self.pieces.iter().any(|piece| piece.start < end && address < piece.end) {
            // Copied from the process itself, which has these bytes.
            return;
        }
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.insert(Piece { start: address, end, place: Place::Memory(at) });
    }

    /// From here on the process's own memory is read, as it is then.
    pub(crate) fn leave_to_process(&mut self, start: u64, end: u64) {
        self.insert(Piece { start, end, place: Place::Process });
    }

    fn insert(&mut self, piece: Piece) {
        let index = self.pieces.partition_point(|other| other.start < piece.start);
        self.pieces.insert(index, piece);
    }

    /// Copies a range; returns how many of its bytes were there. What cannot be read is left to the copy.
    pub(crate) fn copy(&mut self, start: u64, end: u64, memory: &dyn MemoryReader) -> std::io::Result<u64> {
        let mut at = start;
        let mut buffer = Vec::new();
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(COPY_STEP_BYTES);
            buffer.resize(length, 0);
            let count = memory.read(at, &mut buffer);
            if count == 0 {
                break;
            }
            let place = self.keep(&buffer[..count])?;
            self.insert(Piece { start: at, end: at + count as u64, place });
            at += count as u64;
        }
        Ok(at - start)
    }

    fn keep(&mut self, bytes: &[u8]) -> std::io::Result<Place> {
        if self.bytes.len() + bytes.len() <= MAX_COPIED_IN_MEMORY_BYTES {
            self.bytes.extend_from_slice(bytes);
            return Ok(Place::Memory(self.bytes.len() - bytes.len()));
        }
        let at = self.file_bytes;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        if bytes.iter().any(|byte| *byte != 0) {
            file.write_all_at(bytes, at)?;
        } else {
            // A hole.
            file.set_len(at + bytes.len() as u64)?;
        }
        file.flush()?;
        self.file_bytes += bytes.len() as u64;
        Ok(Place::File(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte tells its address.
    struct Pattern;

    impl MemoryReader for Pattern {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            for (index, byte) in buffer.iter_mut().enumerate() {
                *byte = byte_at(address + index as u64);
            }
            buffer.len()
        }
    }

    fn byte_at(address: u64) -> u8 {
        if (address / 4096).is_multiple_of(2) { 0 } else { (address % 251) as u8 }
    }

    #[test]
    fn what_was_copied_is_read_back_from_memory_and_file() {
        let ours = || {
            let process = wer_sys::Process::open(std::process::id()).expect("our own");
            process.memory(false).expect("our own")
        };
        let mut overlay = Overlay::default();
        let size = MAX_COPIED_IN_MEMORY_BYTES as u64 + (3 << 20);
        let base = 0x1_0000_0000;
        assert_eq!(overlay.copy(base, base + size, &Pattern).expect("a file"), size);
        assert!(overlay.file.is_some());
        overlay.patch(base - 16, b"sixteen bytes...");
        overlay.patch(base + 4096, b"not this");
        let memory = SnapshotMemory::new(ours(), ours(), overlay);
        for at in [base, base + 4095, base + size - 100, base + (16 << 20) - 50] {
            let bytes = memory.read_exact(at, 100).expect("it was copied");
            assert!(bytes.iter().enumerate().all(|(index, byte)| *byte == byte_at(at + index as u64)));
        }
        assert_eq!(memory.read_exact(base - 16, 16).as_deref(), Some(&b"sixteen bytes..."[..]));
        assert_eq!(memory.read_exact(base + size - 1, 2), None);
        assert_eq!(memory.untouched(base, 4096), 0);
        let word = 0x1234_5678_9abc_def0_u64;
        assert_eq!(memory.read_u64((&raw const word).addr() as u64), Some(word), "the copy's own");
    }
}
