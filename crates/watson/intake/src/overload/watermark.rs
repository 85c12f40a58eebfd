//! Room on disk, as three states with two marks between them. A state is left again only when a good part more is free than
//! entered it, so that it does not come and go with every blob. Pure.

use crate::limits::{DEFAULT_LOW_DISK_BYTES, DEFAULT_NO_DISK_BYTES};

/// How much room there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// For everything.
    #[default]
    Enough,
    /// For hits and the reserve; blobs stop.
    Low,
    /// For nothing.
    None,
}

impl Room {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::None => "none",
        }
    }
}

/// Where the states begin, in free bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Below it blobs stop.
    pub low_bytes: u64,
    /// Below it everything does.
    pub none_bytes: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self { low_bytes: DEFAULT_LOW_DISK_BYTES, none_bytes: DEFAULT_NO_DISK_BYTES }
    }
}

impl Marks {
    /// The state after `before` when this much is free.
    #[must_use]
    pub fn room(&self, before: Room, free_bytes: u64) -> Room {
        let entered = self.at(free_bytes);
        // An eighth more than the mark leads out again.
        let left = self.at(free_bytes - free_bytes / 9);
        if entered >= before { entered } else { left.min(before) }
    }

    fn at(&self, free_bytes: u64) -> Room {
        if free_bytes < self.none_bytes {
            Room::None
        } else if free_bytes < self.low_bytes {
            Room::Low
        } else {
            Room::Enough
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_stop_first_and_a_state_is_not_left_at_once() {
        let marks = Marks { low_bytes: 800, none_bytes: 80 };
        let mut room = Room::Enough;
        for (free_bytes, expected) in [
            (900, Room::Enough),
            (800, Room::Enough),
            (799, Room::Low),
            (801, Room::Low),
            (898, Room::Low),
            (901, Room::Enough),
            (79, Room::None),
            (81, Room::None),
            (91, Room::Low),
            (79, Room::None),
            (10_000, Room::Enough),
            (0, Room::None),
        ] {
            room = marks.room(room, free_bytes);
            assert_eq!(room, expected, "{free_bytes}");
        }
    }

    #[test]
    fn marks_of_zero_stop_nothing() {
        assert_eq!(Marks { low_bytes: 0, none_bytes: 0 }.room(Room::Enough, 0), Room::Enough);
    }
}
