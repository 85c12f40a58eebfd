//! How much may still be shown: a share for each stream, and a whole for all of them, because a directory may name one
//! stream thousands of times.

use core::cell::Cell;

pub(crate) struct Budget {
    share: usize,
    left_of_share: Cell<usize>,
    left: Cell<usize>,
}

impl Budget {
    pub(crate) const fn new(share: usize, whole: usize) -> Self {
        Self { share, left_of_share: Cell::new(share), left: Cell::new(whole) }
    }

    /// The next stream has a share of its own.
    pub(crate) fn next_share(&self) {
        self.left_of_share.set(self.share);
    }

    /// Takes as much of what is wanted as is left.
    pub(crate) fn take(&self, wanted: usize) -> usize {
        let taken = wanted.min(self.left_of_share.get()).min(self.left.get());
        self.left_of_share.set(self.left_of_share.get() - taken);
        self.left.set(self.left.get() - taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn shares_end_and_the_whole_ends() {
        let budget = Budget::new(10, 25);
        assert_eq!((budget.take(7), budget.take(7)), (7, 3));
        budget.next_share();
        assert_eq!(budget.take(100), 10);
        budget.next_share();
        assert_eq!((budget.take(4), budget.take(4)), (4, 1));
        budget.next_share();
        assert_eq!(budget.take(1), 0);
    }
}
