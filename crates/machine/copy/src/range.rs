//! Sets of address ranges: joined, and taken from one another. Values only.

/// Addresses from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
}

impl Range {
    /// From `start` up to `end`.
    #[must_use]
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// Whether no address is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Addresses in it.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// What of it is in the other too; empty, or turned around, when nothing is.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// Sorted ranges with gaps between them; what overlapped or touched has become one.
#[must_use]
pub fn merge(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// What of `from` is not in `taken`; both merged.
#[must_use]
pub fn subtract(from: &[Range], taken: &[Range]) -> Vec<Range> {
    let mut left = Vec::with_capacity(from.len());
    for &range in from {
        let mut start = range.start;
        let first = taken.partition_point(|other| other.end <= range.start);
        for other in taken.get(first..).unwrap_or_default() {
            if other.start >= range.end {
                break;
            }
            left.push(Range::new(start, other.start));
            start = other.end;
        }
        left.push(Range::new(start, range.end));
    }
    left.retain(|range| !range.is_empty());
    left
}

/// Whether one of `ranges` (merged) holds all of `range`.
#[must_use]
pub fn covers(ranges: &[Range], range: Range) -> bool {
    let index = ranges.partition_point(|other| other.end < range.end);
    ranges.get(index).is_some_and(|other| other.start <= range.start && range.end <= other.end)
}

/// Bytes of all.
#[must_use]
pub fn total_bytes(ranges: &[Range]) -> u64 {
    ranges.iter().fold(0, |sum, range| sum.saturating_add(range.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(u64, u64)]) -> Vec<Range> {
        pairs.iter().map(|&(start, end)| Range::new(start, end)).collect()
    }

    #[test]
    fn merging_joins_what_overlaps_or_touches() {
        let merged = merge(ranges(&[(8, 9), (5, 5), (1, 3), (3, 4), (2, 3), (6, 9)]));
        assert_eq!(merged, ranges(&[(1, 4), (6, 9)]));
    }

    #[test]
    fn subtracting_splits() {
        let left = subtract(&ranges(&[(0, 10), (20, 30)]), &ranges(&[(2, 4), (8, 22), (29, 40)]));
        assert_eq!(left, ranges(&[(0, 2), (4, 8), (22, 29)]));
        assert_eq!(subtract(&ranges(&[(0, 10)]), &[]), ranges(&[(0, 10)]));
        assert_eq!(subtract(&ranges(&[(3, 5)]), &ranges(&[(0, 10)])), []);
    }

    #[test]
    fn covering_needs_one_range() {
        let all = ranges(&[(0, 4), (6, 9)]);
        assert!(covers(&all, Range::new(6, 9)) && covers(&all, Range::new(1, 2)));
        assert!(!covers(&all, Range::new(3, 7)) && !covers(&all, Range::new(8, 10)));
    }
}
