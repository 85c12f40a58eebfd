//! The main flow: range after range, as much as one read may, around holes.

use wer_snapshot::MemoryReader;

use crate::copied::{Copied, Missing, Placement};
use crate::error::CopyError;
use crate::held::Held;
use crate::holes::end_of_hole;
use crate::job::{CopyJob, Run, Wanted};
use crate::limits::{
    AFTER_UNTOUCHED_BYTES, CHUNK_BYTES, MAX_HOLES, MAX_RANGES_AT_ONCE, PROGRESS_BYTES, SMALL_RANGE_BYTES,
};
use crate::output::Output;
use crate::packer::Packer;
use crate::range::Range;
use crate::source::Source;
use crate::watcher::{Continue, Unreadable, Watcher};

/// Takes bytes in their order.
pub(crate) trait Store {
    /// Where the next bytes go: at least one of the `wanted`, unless there is no room at all.
    fn room(&mut self, wanted: usize) -> Result<&mut [u8], CopyError>;
    /// So many of the room's bytes are there now.
    fn fill(&mut self, count: usize) -> Result<(), CopyError>;
    /// So many zeros.
    fn zeros(&mut self, bytes: u64) -> Result<(), CopyError>;
}

/// Reads what is wanted. The output is emptied first, and written to only when there is more than may be held; memory
/// that cannot be read is left out and told in [`Copied::missing`].
///
/// # Errors
/// The output cannot be written, or the watcher wanted no more; the output is abandoned then ([`Output::abandon`]).
pub fn copy(
    job: &CopyJob<'_>,
    memory: &dyn MemoryReader,
    output: &mut Output<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Copied, CopyError> {
    let copied = start(job, memory, output, watcher);
    if copied.is_err() {
        output.abandon();
    }
    copied
}

fn start(
    job: &CopyJob<'_>,
    memory: &dyn MemoryReader,
    output: &mut Output<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Copied, CopyError> {
    let total_bytes = job.total_bytes();
    output.empty(total_bytes)?;
    let rewrites = watcher.rewrites_memory();
    let mut copier = Copier {
        source: Source { memory, watcher, excluded: job.excluded, rewrites },
        runs: Vec::with_capacity(job.wanted.len()),
        bytes: 0,
        holes: 0,
        missing: Missing::default(),
        done_bytes: 0,
        told_bytes: 0,
        total_bytes,
    };
    let placement = match usize::try_from(total_bytes) {
        Ok(held_bytes) if total_bytes <= job.in_memory_max_bytes => {
            let mut held = Held::new(held_bytes);
            copier.copy_all(job.wanted, &mut held)?;
            Placement::Held(held.into_bytes())
        }
        _ => {
            let base = job.room_bytes;
            let wanted = whole_pages_first(job.wanted);
            output.stream(base, base.saturating_add(total_bytes), |feed| {
                let mut packer = Packer::new(feed, base);
                copier.copy_all(&wanted, &mut packer)?;
                packer.finish()
            })?;
            Placement::Output { base }
        }
    };
    Ok(Copied::new(copier.runs, copier.bytes, copier.missing, placement))
}

/// Whether a range is worth reading together with its neighbours.
fn is_small(wanted: &Wanted) -> bool {
    !wanted.may_be_untouched && wanted.range.bytes() <= SMALL_RANGE_BYTES
}

/// Pages of memory must be pages of the file for zeros to become holes.
fn whole_pages_first(wanted: &[Wanted]) -> Vec<Wanted> {
    let mut sorted = wanted.to_vec();
    sorted.sort_by_key(|wanted| !wanted.is_of_whole_pages());
    sorted
}

struct Copier<'a> {
    source: Source<'a>,
    runs: Vec<Run>,
    /// Bytes of all runs.
    bytes: u64,
    holes: usize,
    missing: Missing,
    /// Copied or missing.
    done_bytes: u64,
    told_bytes: u64,
    total_bytes: u64,
}

impl Copier<'_> {
    fn copy_all(&mut self, wanted: &[Wanted], store: &mut dyn Store) -> Result<(), CopyError> {
        self.tell()?;
        let mut left = wanted;
        while let Some((first, behind)) = left.split_first() {
            let small = left.iter().take(MAX_RANGES_AT_ONCE).take_while(|wanted| is_small(wanted)).count();
            if small < 2 || self.source.rewrites {
                self.copy_range(first, first.range.start, store)?;
                left = behind;
            } else {
                let (group, behind) = left.split_at(small);
                self.copy_group(group, store)?;
                left = behind;
            }
        }
        self.tell()
    }

    /// Reads small ranges at once; what could not be had so, one by one.
    fn copy_group(&mut self, group: &[Wanted], store: &mut dyn Store) -> Result<(), CopyError> {
        let ranges: Vec<_> = group.iter().map(|it| (it.range.start, it.range.bytes() as usize)).collect();
        let room = store.room(ranges.iter().map(|(_, bytes)| bytes).sum())?;
        let mut had = self.source.read_many(&ranges, room) as u64;
        store.fill(had as usize)?;
        for wanted in group {
            let taken = had.min(wanted.range.bytes());
            had -= taken;
            self.add_run(wanted.range.start, taken);
            self.copy_range(wanted, wanted.range.start + taken, store)?;
        }
        self.tell_sometimes()
    }

    fn copy_range(&mut self, wanted: &Wanted, from: u64, store: &mut dyn Store) -> Result<(), CopyError> {
        let (mut at, end) = (from, wanted.range.end);
        let mut step = CHUNK_BYTES;
        while at < end {
            let limit = end.min(at.saturating_add(PROGRESS_BYTES));
            let untouched = if wanted.may_be_untouched { self.source.untouched(at, limit) } else { 0 };
            let taken = if untouched > 0 {
                store.zeros(untouched)?;
                // What follows may soon be untouched again.
                step = AFTER_UNTOUCHED_BYTES;
                untouched
            } else {
                let part = Range::new(at, end.min(at.saturating_add(step as u64)));
                step = (step * 2).min(CHUNK_BYTES);
                self.read(part, store)?
            };
            self.add_run(at, taken);
            at += taken;
            if taken == 0 {
                at = self.skip_hole(Range::new(at, end))?;
            }
            self.tell_sometimes()?;
        }
        Ok(())
    }

    /// One read; 0 when nothing could be had.
    fn read(&mut self, part: Range, store: &mut dyn Store) -> Result<u64, CopyError> {
        let room = store.room(part.bytes() as usize)?;
        let count = self.source.read(part.start, room);
        store.fill(count)?;
        Ok(count as u64)
    }

    fn add_run(&mut self, start: u64, size: u64) {
        let offset = self.bytes;
        self.bytes += size;
        self.done_bytes += size;
        match self.runs.last_mut() {
            _ if size == 0 => {}
            Some(last) if last.end() == start => last.size += size,
            _ => self.runs.push(Run { start, size, offset }),
        }
    }

    /// Nothing can be read at the range's start. Returns where to go on.
    fn skip_hole(&mut self, range: Range) -> Result<u64, CopyError> {
        self.holes += 1;
        let next = if self.holes > MAX_HOLES {
            range.end
        } else {
            end_of_hole(range, |address| self.source.is_readable(address))
        };
        let hole = Range::new(range.start, next);
        self.missing.add(hole);
        self.done_bytes = self.done_bytes.saturating_add(hole.bytes());
        match self.source.watcher.unreadable(hole) {
            Unreadable::LeaveOut => Ok(next),
            Unreadable::Fail => Err(CopyError::Unreadable { range: hole }),
        }
    }

    fn tell_sometimes(&mut self) -> Result<(), CopyError> {
        if self.done_bytes - self.told_bytes >= PROGRESS_BYTES { self.tell() } else { Ok(()) }
    }

    fn tell(&mut self) -> Result<(), CopyError> {
        self.told_bytes = self.done_bytes;
        match self.source.watcher.progress(self.done_bytes, self.total_bytes) {
            Continue::Yes => Ok(()),
            Continue::Cancel => Err(CopyError::Cancelled),
        }
    }
}
