//! A process made of pages, a caller that rewrites them, and what a dump of both must hold.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use wer_copy::limits::PAGE_BYTES;
use wer_copy::{Continue, Copied, CopyError, CopyJob, Output, Range, Wanted, Watcher, WriteAt, copy};
use wer_snapshot::MemoryReader;

pub(crate) const PAGE: u64 = PAGE_BYTES as u64;
/// Where the pages begin.
pub(crate) const BASE: u64 = 0x7f00_0000_0000;
/// What the rewriting caller does to every byte.
const REDACTION: u8 = 0x5A;
/// What it serves of its own.
const SERVED: u8 = 0xC3;

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Cannot be read.
    Missing,
    /// Never written to.
    Untouched,
    /// Zeros that somebody wrote.
    Zero,
    /// Zeros up to its last byte.
    Late,
    /// No zero at all.
    Full,
}

/// A byte that nobody can compress.
fn noise(address: u64) -> u8 {
    let mixed = (address ^ address >> 31).wrapping_mul(0x7FB5_D329_728E_A185);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x81DA_DEF4_BC2D_D44D);
    (mixed >> 56) as u8
}

/// A process.
pub(crate) struct Process {
    pub(crate) pages: Vec<Page>,
    /// One read gives at most so many bytes.
    pub(crate) read_max_bytes: usize,
    /// After so many reads everything is gone.
    pub(crate) reads_left: Cell<u64>,
    pub(crate) untouched_asked: Cell<u64>,
}

impl Process {
    pub(crate) fn new(pages: Vec<Page>) -> Self {
        let (reads_left, untouched_asked) = (Cell::new(u64::MAX), Cell::new(0));
        Self { pages, read_max_bytes: usize::MAX, reads_left, untouched_asked }
    }

    pub(crate) fn all(&self) -> Range {
        Range::new(BASE, BASE + self.pages.len() as u64 * PAGE)
    }

    pub(crate) fn page(&self, address: u64) -> Page {
        let index = address.checked_sub(BASE).map(|offset| (offset / PAGE) as usize);
        index.and_then(|index| self.pages.get(index).copied()).unwrap_or(Page::Missing)
    }

    pub(crate) fn byte(&self, address: u64) -> Option<u8> {
        match self.page(address) {
            Page::Missing => None,
            Page::Untouched | Page::Zero => Some(0),
            Page::Late => Some(if address % PAGE == PAGE - 1 { 7 } else { 0 }),
            Page::Full => Some(noise(address) | 1),
        }
    }
}

impl MemoryReader for Process {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let left = self.reads_left.get();
        self.reads_left.set(left.saturating_sub(1));
        let limit = if left == 0 { 0 } else { buffer.len().min(self.read_max_bytes) };
        for (index, byte) in buffer[..limit].iter_mut().enumerate() {
            match self.byte(address + index as u64) {
                Some(read) => *byte = read,
                None => return index,
            }
        }
        limit
    }

    fn untouched(&self, address: u64, limit: u64) -> u64 {
        assert_eq!(address % PAGE, 0);
        self.untouched_asked.set(self.untouched_asked.get() + 1);
        let pages = (address..limit).step_by(PAGE_BYTES).take_while(|at| self.page(*at) == Page::Untouched);
        (pages.count() as u64 * PAGE).min(limit - address)
    }
}

/// A caller that looks at progress, and may serve and alter what is read.
pub(crate) struct Caller<'a> {
    process: &'a Process,
    pub(crate) rewrites: bool,
    pub(crate) told: Vec<u64>,
    /// Cancels when so much is done.
    pub(crate) cancel_at: u64,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(process: &'a Process, rewrites: bool) -> Self {
        Self { process, rewrites, told: Vec::new(), cancel_at: u64::MAX }
    }

    fn serves(address: u64) -> bool {
        (address / PAGE).is_multiple_of(7)
    }

    /// What a dump must hold of an address.
    pub(crate) fn expected(&self, address: u64, excluded: &[Range]) -> Option<u8> {
        let served = (self.rewrites && Self::serves(address)).then_some(SERVED);
        let byte = served.or_else(|| self.process.byte(address))?;
        let byte = if self.rewrites { byte ^ REDACTION } else { byte };
        let is_excluded = excluded.iter().any(|range| range.start <= address && address < range.end);
        Some(if is_excluded { 0 } else { byte })
    }
}

impl Watcher for Caller<'_> {
    fn progress(&mut self, done_bytes: u64, _total_bytes: u64) -> Continue {
        self.told.push(done_bytes);
        if done_bytes >= self.cancel_at { Continue::Cancel } else { Continue::Yes }
    }

    /// Serves pages of its own, and reads what is before them itself.
    fn before_read(&mut self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        assert!(self.rewrites);
        let addresses = address..address + buffer.len() as u64;
        let own = addresses.clone().take_while(|at| Self::serves(*at)).count();
        if own > 0 {
            buffer[..own].fill(SERVED);
            return Some(own);
        }
        let before = addresses.clone().take_while(|at| !Self::serves(*at)).count();
        (before < buffer.len()).then(|| self.process.read(address, &mut buffer[..before]))
    }

    fn after_read(&mut self, _address: u64, buffer: &mut [u8], completed: usize) {
        buffer[..completed].iter_mut().for_each(|byte| *byte ^= REDACTION);
    }

    fn rewrites_memory(&self) -> bool {
        self.rewrites
    }
}

/// A caller's I/O that keeps everything, and can fail.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) bytes: BTreeMap<u64, Vec<u8>>,
    pub(crate) offsets: Vec<u64>,
}

impl Written {
    /// All bytes, each written exactly once.
    pub(crate) fn joined(&self) -> Vec<u8> {
        let mut joined = Vec::new();
        for (offset, bytes) in &self.bytes {
            assert_eq!(*offset, joined.len() as u64, "a gap, or bytes that were written twice");
            joined.extend_from_slice(bytes);
        }
        joined
    }
}

impl WriteAt for Written {
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.offsets.push(offset);
            self.bytes.insert(offset, bytes.to_vec());
        }
        Ok(())
    }
}

/// A head with a header.
pub(crate) fn head(bytes: usize) -> Vec<u8> {
    let mut head: Vec<u8> = (0..bytes).map(|index| index as u8 | 1).collect();
    head[..4].copy_from_slice(b"MDMP");
    head
}

pub(crate) fn wanted(ranges: &[Range]) -> Vec<Wanted> {
    ranges.iter().map(|range| Wanted { range: *range, may_be_untouched: true }).collect()
}

/// Copies and finishes; returns the copy and the size.
pub(crate) fn dump(
    job: &CopyJob<'_>,
    process: &Process,
    output: &mut Output<'_>,
    caller: &mut Caller<'_>,
    head: &[u8],
) -> Result<(Copied, u64, u64), CopyError> {
    let copied = copy(job, process, output, caller)?;
    let base = copied.fixed_base().unwrap_or_else(|| (head.len() as u64).next_multiple_of(16) + 32);
    let size = output.finish(head, base, &copied)?;
    Ok((copied, base, size))
}

pub(crate) fn read_back(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}
