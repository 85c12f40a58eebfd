//! Where memory can be read again after a hole.

use crate::limits::{HOLE_SINGLE_STEPS, HOLE_STEP_MAX_BYTES, HOLE_STEPS, PAGE_BYTES};
use crate::range::Range;

const PAGE: u64 = PAGE_BYTES as u64;

/// Where memory can be read again, at the latest the range's end. Tries page by page first, then in growing steps, so
/// that the cost of a large hole is bounded; small islands in a large hole may be missed.
pub(crate) fn end_of_hole(range: Range, mut is_readable: impl FnMut(u64) -> bool) -> u64 {
    let mut unreadable = range.start & !(PAGE - 1);
    let mut step = PAGE;
    let step_max_bytes = HOLE_STEP_MAX_BYTES.max(range.bytes() / HOLE_STEPS);
    let mut tries = 0;
    loop {
        let candidate = unreadable.saturating_add(step);
        if candidate >= range.end {
            return if step > PAGE { first_readable(unreadable, range.end, is_readable) } else { range.end };
        }
        if is_readable(candidate) {
            return first_readable(unreadable, candidate, is_readable);
        }
        unreadable = candidate;
        tries += 1;
        if tries >= HOLE_SINGLE_STEPS {
            step = (step * 2).min(step_max_bytes);
        }
    }
}

/// The first readable page after `unreadable`, by halving; `limit` when none is found.
fn first_readable(unreadable: u64, limit: u64, mut is_readable: impl FnMut(u64) -> bool) -> u64 {
    let (mut low, mut high) = (unreadable, limit);
    loop {
        let middle = (low + (high - low) / 2) & !(PAGE - 1);
        if middle <= low || middle >= high {
            return high;
        }
        if is_readable(middle) { high = middle } else { low = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(hole_pages: u64, range_pages: u64) -> u64 {
        let range = Range::new(PAGE + 7, (1 + range_pages) * PAGE);
        end_of_hole(range, |address| address >= (1 + hole_pages) * PAGE) / PAGE - 1
    }

    #[test]
    fn the_end_is_found_to_the_page() {
        for hole_pages in [1, 2, 15, 16, 17, 18, 100, 1000, 5000] {
            assert_eq!(end(hole_pages, 10_000), hole_pages);
            assert_eq!(end(hole_pages, hole_pages), hole_pages);
        }
    }

    #[test]
    fn a_vast_hole_takes_few_tries() {
        let mut tries = 0;
        let range = Range::new(0, 1 << 40);
        let found = end_of_hole(range, |_| {
            tries += 1;
            false
        });
        assert_eq!(found, range.end);
        assert!(tries <= 4300, "{tries}");
    }
}
