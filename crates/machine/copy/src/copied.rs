//! Memory as it was copied: which addresses, and where their bytes are.

use crate::job::Run;
use crate::range::Range;

/// What could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The first of it.
    pub first: Option<Range>,
    /// Places.
    pub count: u64,
    /// Bytes of all of it.
    pub bytes: u64,
}

impl Missing {
    pub(crate) fn add(&mut self, range: Range) {
        self.first.get_or_insert(range);
        self.count += 1;
        self.bytes = self.bytes.saturating_add(range.bytes());
    }
}

/// Where the copied bytes are.
#[derive(Debug)]
pub(crate) enum Placement {
    /// With us, still to be written.
    Held(Vec<u8>),
    /// In the output from this position on, as it is when it is not compressed.
    Output {
        /// Position of the first byte.
        base: u64,
    },
}

/// Memory as it was copied.
#[derive(Debug)]
pub struct Copied {
    /// In the order of their bytes, without gaps between these; disjoint.
    pub runs: Vec<Run>,
    /// Bytes of all runs.
    pub bytes: u64,
    /// What could not be read.
    pub missing: Missing,
    pub(crate) placement: Placement,
    /// Indices of `runs`, by address.
    by_address: Vec<u32>,
}

impl Default for Copied {
    /// No memory at all.
    fn default() -> Self {
        Self::new(Vec::new(), 0, Missing::default(), Placement::Held(Vec::new()))
    }
}

impl Copied {
    pub(crate) fn new(runs: Vec<Run>, bytes: u64, missing: Missing, placement: Placement) -> Self {
        let mut by_address: Vec<u32> = (0..u32::try_from(runs.len()).unwrap_or(u32::MAX)).collect();
        by_address.sort_by_key(|index| runs.get(*index as usize).map(|run| run.start));
        Self { runs, bytes, missing, placement, by_address }
    }

    /// The first part of a range that was copied.
    #[must_use]
    pub fn find(&self, range: Range) -> Option<Run> {
        let at = |index: &u32| self.runs.get(*index as usize);
        let first =
            self.by_address.partition_point(|index| at(index).is_some_and(|run| run.end() <= range.start));
        let run = self.by_address.get(first).and_then(at)?;
        let start = run.start.max(range.start);
        let end = run.end().min(range.end);
        (start < end).then(|| Run { start, size: end - start, offset: run.offset + (start - run.start) })
    }

    /// `size` bytes from `start` on, when all were copied and they are held by us.
    #[must_use]
    pub fn bytes_of(&self, start: u64, size: usize) -> Option<Vec<u8>> {
        let Placement::Held(held) = &self.placement else { return None };
        let run = self.find(Range::new(start, start.checked_add(size as u64)?))?;
        if run.start != start || run.size != size as u64 {
            return None;
        }
        let offset = usize::try_from(run.offset).ok()?;
        held.get(offset..offset.checked_add(size)?).map(<[u8]>::to_vec)
    }

    /// Where memory begins in the output, when it is there already: the job's `room_bytes`.
    #[must_use]
    pub const fn fixed_base(&self) -> Option<u64> {
        match self.placement {
            Placement::Held(_) => None,
            Placement::Output { base } => Some(base),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied() -> Copied {
        let runs = vec![
            Run { start: 100, size: 10, offset: 0 },
            Run { start: 50, size: 5, offset: 10 },
            Run { start: 200, size: 1, offset: 15 },
        ];
        Copied::new(runs, 16, Missing::default(), Placement::Held((0..16).collect()))
    }

    #[test]
    fn the_first_part_is_found() {
        let found =
            |start, end| copied().find(Range::new(start, end)).map(|run| (run.start, run.size, run.offset));
        assert_eq!(found(0, 500), Some((50, 5, 10)));
        assert_eq!(found(52, 500), Some((52, 3, 12)));
        assert_eq!(found(55, 500), Some((100, 10, 0)));
        assert_eq!(found(105, 107), Some((105, 2, 5)));
        assert_eq!(found(110, 200), None);
        assert_eq!(found(201, 300), None);
        assert_eq!(found(0, 50), None);
        assert_eq!(found(102, 102), None);
    }

    #[test]
    fn only_whole_pieces_are_given_out() {
        assert_eq!(copied().bytes_of(51, 3), Some(vec![11, 12, 13]));
        assert_eq!(copied().bytes_of(51, 5), None);
        assert_eq!(copied().bytes_of(49, 2), None);
        assert_eq!(copied().bytes_of(u64::MAX, 2), None);
    }
}
