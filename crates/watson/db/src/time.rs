//! The two clocks of the rows: milliseconds since 1970 and whole days since 1970, UTC. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// 1601 to 1970 in milliseconds.
const FILETIME_EPOCH_MS: i64 = 11_644_473_600_000;

/// The system's clock. The only place that reads it; everything else is handed a number.
#[must_use]
pub fn now_ms() -> i64 {
    to_ms(SystemTime::now())
}

/// A time of a file or of the system's clock; 0 before 1970.
pub(crate) fn to_ms(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
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

/// Whether something that was so at `since_ms` may still be taken as so.
pub(crate) fn is_fresh(since_ms: i64, for_ms: i64, now_ms: i64) -> bool {
    (0..for_ms).contains(&now_ms.saturating_sub(since_ms))
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
}
