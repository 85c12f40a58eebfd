//! The memory that a core holds, read from the file as it is asked for; what the core left out because it is in a file
//! may be read from that file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::SeekFrom;
use wer_snapshot::MemoryReader;

use super::segments::{self, Segment};
use crate::elf::PAGE;

/// A file in place of memory that the core left out.
#[derive(Clone, Debug)]
pub(super) struct Backing {
    /// First address.
    pub(super) start: u64,
    /// First address after it.
    pub(super) end: u64,
    /// Where `start` is in the file.
    pub(super) offset: u64,
    /// Bytes of the file; the rest of its last page is zeros in memory.
    pub(super) file_bytes: u64,
    pub(super) file: Arc<File>,
}

/// The memory of a core.
#[derive(Debug)]
pub(super) struct CoreMemory {
    file: File,
    segments: Vec<Segment>,
    /// By address, not overlapping.
    backings: Vec<Backing>,
}

/// Where bytes are.
enum Place<'a> {
    File { file: &'a File, offset: u64, length: u64 },
    Zeros { length: u64 },
}

impl CoreMemory {
    pub(super) const fn new(file: File, segments: Vec<Segment>) -> Self {
        Self { file, segments, backings: Vec::new() }
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Lets files stand in; `backings` are by address.
    pub(super) fn set_backings(&mut self, backings: Vec<Backing>) {
        self.backings = backings;
    }

    /// Whether anything is there at an address.
    pub(super) fn has(&self, address: u64) -> bool {
        self.place(address).is_some()
    }

    fn place(&self, address: u64) -> Option<Place<'_>> {
        if let Some(segment) = segments::at(&self.segments, address) {
            let into = address - segment.start;
            if into < segment.stored {
                let offset = segment.offset.checked_add(into)?;
                return Some(Place::File { file: &self.file, offset, length: segment.stored - into });
            }
            if into < segment.stored.saturating_add(segment.cut) {
                return None;
            }
        }
        let index = self.backings.partition_point(|backing| backing.end <= address);
        let backing = self.backings.get(index).filter(|backing| backing.start <= address)?;
        let offset = backing.offset.checked_add(address - backing.start)?;
        let length = backing.end - address;
        if offset < backing.file_bytes {
            let length = length.min(backing.file_bytes - offset);
            return Some(Place::File { file: &backing.file, offset, length });
        }
        let last_page = backing.file_bytes.checked_next_multiple_of(PAGE)?;
        (offset < last_page).then(|| Place::Zeros { length: length.min(last_page - offset) })
    }
}

impl MemoryReader for CoreMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let place = address.checked_add(done as u64).and_then(|address| self.place(address));
            let count = match place {
                None => 0,
                Some(Place::Zeros { length }) => {
                    let count = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
                    rest.get_mut(..count).unwrap_or_default().fill(0);
                    count
                }
                Some(Place::File { file, offset, length }) => {
                    let count = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
                    file.read_at(rest.get_mut(..count).unwrap_or_default(), offset).unwrap_or(0)
                }
            };
            if count == 0 {
                break;
            }
            done += count;
        }
        done
    }

    /// Holes of the file: the kernel leaves them for pages that were never touched.
    fn untouched(&self, address: u64, limit: u64) -> u64 {
        let Some(segment) = segments::at(&self.segments, address) else { return 0 };
        let into = address - segment.start;
        let Some(offset) = segment.offset.checked_add(into).filter(|_| into < segment.stored) else {
            return 0;
        };
        let stored = (segment.stored - into).min(limit);
        match rustix::fs::seek(&self.file, SeekFrom::Data(offset)) {
            Ok(data) => data.saturating_sub(offset).min(stored),
            // No data follows, to the end of the file.
            Err(rustix::io::Errno::NXIO) => stored,
            Err(_) => 0,
        }
    }
}
