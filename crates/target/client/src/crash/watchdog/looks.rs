//! Whether a thread hangs: a decision over what was seen at each look. No clock, no system call.

use std::time::Duration;

/// Looks at the heartbeat per timeout: a hang is told at the latest this part of the timeout after its end.
pub(super) const LOOKS: u32 = 4;
/// A look that comes so much later than the interval says that this thread did not run either: the process or the machine
/// stood still, or had no time for us. Then the timeout begins anew.
const LATE: Duration = Duration::from_secs(1);

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Looks {
    interval: Duration,
    beats: u64,
    at: Duration,
    without: u32,
    is_told: bool,
}

impl Looks {
    /// Begins to look. `now` is of a clock that goes on while the machine is suspended.
    pub(super) const fn new(interval: Duration, beats: u64, now: Duration) -> Self {
        Self { interval, beats, at: now, without: 0, is_told: false }
    }

    /// One more look. Whether the thread has been silent for the whole timeout, and that was not told yet.
    pub(super) fn is_hang(&mut self, beats: u64, now: Duration) -> bool {
        let is_late = now.saturating_sub(self.at) > self.interval + LATE;
        self.at = now;
        if beats != self.beats {
            self.beats = beats;
            self.without = 0;
            self.is_told = false;
        } else if is_late {
            self.without = 0;
        } else {
            self.without = (self.without + 1).min(LOOKS);
        }
        self.without == LOOKS && !self.is_told
    }

    /// A hang was told, and that took until `now`.
    pub(super) const fn told(&mut self, now: Duration) {
        self.is_told = true;
        self.at = now;
    }

    /// It was no hang: the timeout begins anew.
    pub(super) const fn begin_anew(&mut self, now: Duration) {
        self.without = 0;
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Looks at these seconds without a heartbeat; those at which a hang is told.
    fn told_at(seconds: &[u32]) -> Vec<u32> {
        let mut looks = Looks::new(SECOND, 0, Duration::ZERO);
        let mut told = Vec::new();
        for second in seconds {
            if looks.is_hang(0, *second * SECOND) {
                told.push(*second);
                looks.told(*second * SECOND);
            }
        }
        told
    }

    #[test]
    fn silence_for_the_timeout_is_told_once() {
        assert_eq!(told_at(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), [4]);
    }

    #[test]
    fn a_beat_begins_anew_and_so_does_the_next_hang() {
        let mut looks = Looks::new(SECOND, 0, Duration::ZERO);
        let hangs = [0, 0, 0, 1, 1, 1, 1, 1].iter().zip(1..).map(|(beats, second)| {
            let is_hang = looks.is_hang(*beats, second * SECOND);
            if is_hang {
                looks.told(second * SECOND);
            }
            is_hang
        });
        assert_eq!(hangs.collect::<Vec<_>>(), [false, false, false, false, false, false, false, true]);
        assert!((9..99).all(|second| !looks.is_hang(1, second * SECOND)));
        assert!((99..103).all(|second| !looks.is_hang(2, second * SECOND)));
        assert!(looks.is_hang(2, 103 * SECOND));
    }

    #[test]
    fn time_in_which_nobody_ran_does_not_count() {
        // Three looks of silence, then an hour in which the process was stopped or the machine suspended.
        assert_eq!(told_at(&[1, 2, 3, 3603, 3604, 3605, 3606]), []);
        assert_eq!(told_at(&[1, 2, 3, 3603, 3604, 3605, 3606, 3607]), [3607]);
        // A look that is a little late is one.
        assert_eq!(told_at(&[2, 4, 6, 8]), [8]);
    }

    #[test]
    fn what_was_no_hang_begins_anew() {
        let mut looks = Looks::new(SECOND, 0, Duration::ZERO);
        for second in 1..=3 {
            assert!(!looks.is_hang(0, second * SECOND));
        }
        assert!(looks.is_hang(0, 4 * SECOND));
        looks.begin_anew(4 * SECOND);
        assert!((5..8).all(|second| !looks.is_hang(0, second * SECOND)));
        assert!(looks.is_hang(0, 8 * SECOND));
    }
}
