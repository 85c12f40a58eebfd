//! The two clocks of the rows: milliseconds since 1970 and whole days since 1970, UTC. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::limits::MAX_EVENT_AGE_DAYS;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// 1601 to 1970 in milliseconds.
const FILETIME_EPOCH_MS: i64 = 11_644_473_600_000;

/// The system's clock. The only place that reads it; everything else is handed a number.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A FILETIME (100 ns since 1601) as milliseconds since 1970.
#[must_use]
pub fn filetime_to_ms(filetime: u64) -> i64 {
    // u64::MAX / 10_000 is far below i64::MAX.
    (filetime / 10_000) as i64 - FILETIME_EPOCH_MS
}

/// The day of a time.
#[must_use]
pub fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// The day on which a hit counts: the event's own, where its clock is believable, else the day it arrived.
#[must_use]
pub fn hit_day(event_ms: i64, received_ms: i64) -> i64 {
    let (event, received) = (day_of(event_ms), day_of(received_ms));
    if (received - MAX_EVENT_AGE_DAYS..=received).contains(&event) { event } else { received }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filetimes_are_those_of_the_specification() {
        // 2008-03-11 07:01:59.648 UTC
        assert_eq!(filetime_to_ms(128_496_925_196_486_378), 1_205_218_919_648);
        assert_eq!(filetime_to_ms(0), -FILETIME_EPOCH_MS);
        assert!(filetime_to_ms(u64::MAX) > 0);
    }

    #[test]
    fn a_lying_clock_does_not_move_the_trend() {
        let now = 20_000 * DAY_MS + 5;
        assert_eq!(hit_day(now - DAY_MS, now), 19_999);
        assert_eq!(hit_day(now + 2 * DAY_MS, now), 20_000);
        assert_eq!(hit_day(filetime_to_ms(0), now), 20_000);
        assert_eq!(hit_day(filetime_to_ms(u64::MAX), now), 20_000);
    }
}
