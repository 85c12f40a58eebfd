//! Second phase: reads the process's memory. The process is stopped meanwhile, so there is one read per range, or per
//! chunk of a large one, and nothing is formatted unless something is missing.

mod sink;

use std::fs::File;

use wer_snapshot::MemoryReader;

use crate::dso::DsoDebug;
use crate::error::DumpError;
use crate::limits::{HOLE_SINGLE_STEPS, HOLE_STEP_MAX_BYTES, MAX_HOLES, PAGE_BYTES};
use crate::options::DumpOptions;
use crate::plan::{Content, DumpPlan, PlannedThread};
use crate::range::Range;
use crate::soft_errors::SoftErrors;

pub(crate) use sink::Placement;
use sink::Sink;

/// Addresses whose bytes lie together in the dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u64,
    pub(crate) size: u64,
    /// Of its first byte, from where memory begins.
    pub(crate) offset: u64,
}

/// Memory as it was copied.
#[derive(Debug)]
pub(crate) struct CopiedMemory {
    /// In the order of their bytes, without gaps between these.
    pub(crate) runs: Vec<Run>,
    pub(crate) placement: Placement,
    pub(crate) bytes: u64,
}

impl CopiedMemory {
    /// The first part of a range that was copied.
    pub(crate) fn find(&self, range: Range) -> Option<Run> {
        let overlaps = |run: &&Run| run.start < range.end && range.start < run.start.saturating_add(run.size);
        let run = self.runs.iter().filter(overlaps).min_by_key(|run| run.start)?;
        let start = run.start.max(range.start);
        let end = run.start.saturating_add(run.size).min(range.end);
        Some(Run { start, size: end - start, offset: run.offset + (start - run.start) })
    }
}

/// A dump whose memory has been read: nothing needs the process any more.
#[derive(Debug)]
pub struct CopiedDump {
    pub(crate) options: DumpOptions,
    pub(crate) content: Content,
    pub(crate) threads: Vec<PlannedThread>,
    pub(crate) memory: CopiedMemory,
    pub(crate) dso: Option<DsoDebug>,
    pub(crate) soft_errors: SoftErrors,
}

impl DumpPlan {
    /// Reads the planned memory. Empties `out` first, and writes to it only when there is more than
    /// [`crate::limits::IN_MEMORY_MAX_BYTES`]; memory that cannot be read is left out and a soft error.
    ///
    /// # Errors
    /// When `out` cannot be written; it is left empty then.
    pub fn copy(self, memory: &dyn MemoryReader, out: &File) -> Result<CopiedDump, DumpError> {
        let total = self.memory_bytes();
        out.set_len(0).map_err(|error| DumpError::of_write(error, total))?;
        let sink = if self.fits_in_memory() {
            Sink::in_memory(total)
        } else {
            Sink::in_file(out, self.room_bytes, total)
        };
        let mut copier = Copier {
            memory,
            sink,
            excluded: &self.excluded,
            runs: Vec::with_capacity(self.ranges.len()),
            holes: 0,
            missing: Missing::default(),
        };
        for range in &self.ranges {
            if let Err(error) = copier.copy_range(*range) {
                abandon(out);
                return Err(error);
            }
        }
        let Copier { sink, runs, missing, .. } = copier;
        let mut soft_errors = self.soft_errors;
        missing.report(&mut soft_errors);
        let bytes = sink.bytes();
        Ok(CopiedDump {
            options: self.options,
            content: self.content,
            threads: self.threads,
            memory: CopiedMemory { runs, placement: sink.finish(), bytes },
            dso: self.dso,
            soft_errors,
        })
    }
}

/// Leaves nothing behind that looks like a dump. The signature is written last, so this only gives the space back.
pub(crate) fn abandon(out: &File) {
    drop(out.set_len(0));
}

/// What could not be read: told in one sentence, not in one per page.
#[derive(Default)]
struct Missing {
    first: Option<Range>,
    count: u64,
    bytes: u64,
}

impl Missing {
    fn add(&mut self, range: Range) {
        self.first.get_or_insert(range);
        self.count += 1;
        self.bytes = self.bytes.saturating_add(range.bytes());
    }

    fn report(&self, soft_errors: &mut SoftErrors) {
        if let Some(first) = self.first {
            let (count, bytes) = (self.count, self.bytes);
            let (start, end) = (first.start, first.end);
            soft_errors.push(format!(
                "{bytes} bytes of memory in {count} places could not be read and are not in the dump; the first are \
                 {start:#x} to {end:#x}."
            ));
        }
    }
}

struct Copier<'a> {
    memory: &'a dyn MemoryReader,
    sink: Sink<'a>,
    excluded: &'a [Range],
    runs: Vec<Run>,
    holes: usize,
    missing: Missing,
}

impl Copier<'_> {
    fn copy_range(&mut self, range: Range) -> Result<(), DumpError> {
        let mut at = range.start;
        while at < range.end {
            let (read, whole) = self.sink.take(Range::new(at, range.end), self.memory, self.excluded)?;
            self.add_run(at, read);
            at = at.saturating_add(read);
            if !whole {
                let next = self.after_hole(Range::new(at, range.end));
                self.missing.add(Range::new(at, next));
                at = next;
            }
        }
        Ok(())
    }

    fn add_run(&mut self, start: u64, size: u64) {
        let offset = self.sink.bytes() - size;
        match self.runs.last_mut() {
            _ if size == 0 => {}
            Some(last) if last.start + last.size == start => last.size += size,
            _ => self.runs.push(Run { start, size, offset }),
        }
    }

    /// Where memory can be read again, at the latest the range's end. Tries page by page first, then in growing steps,
    /// so that the cost of a large hole is bounded; small islands in a large hole may be missed.
    fn after_hole(&mut self, range: Range) -> u64 {
        self.holes += 1;
        if self.holes > MAX_HOLES {
            return range.end;
        }
        let mut unreadable = range.start & !(PAGE_BYTES - 1);
        let mut step = PAGE_BYTES;
        let mut tries = 0;
        loop {
            let candidate = unreadable.saturating_add(step);
            if candidate >= range.end {
                return if step > PAGE_BYTES {
                    self.first_readable(unreadable, range.end)
                } else {
                    range.end
                };
            }
            if self.is_readable(candidate) {
                return self.first_readable(unreadable, candidate);
            }
            unreadable = candidate;
            tries += 1;
            if tries >= HOLE_SINGLE_STEPS {
                step = (step * 2).min(HOLE_STEP_MAX_BYTES);
            }
        }
    }

    /// The first readable page after `unreadable`, by halving; `limit` when none is found.
    fn first_readable(&self, unreadable: u64, limit: u64) -> u64 {
        let (mut low, mut high) = (unreadable, limit);
        loop {
            let middle = (low + (high - low) / 2) & !(PAGE_BYTES - 1);
            if middle <= low || middle >= high {
                return high;
            }
            if self.is_readable(middle) { high = middle } else { low = middle }
        }
    }

    fn is_readable(&self, address: u64) -> bool {
        self.memory.read(address, &mut [0]) == 1
    }
}
