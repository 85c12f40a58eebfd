//! Times of a dump as ISO 8601, UTC.

use crate::value::Value;

/// Seconds from 1601 to 1970.
const FILETIME_EPOCH_SECONDS: i64 = 11_644_473_600;

/// Seconds since 1970; 0 is no time.
pub(crate) fn unix(seconds: u64) -> Value {
    i64::try_from(seconds).map_or(Value::Number(seconds), |known| at(known, 0, seconds))
}

/// 100 ns since 1601; 0 is no time.
pub(crate) fn filetime(time: u64) -> Value {
    let seconds = (time / 10_000_000).cast_signed() - FILETIME_EPOCH_SECONDS;
    let nanoseconds = i32::try_from(time % 10_000_000 * 100).unwrap_or_default();
    at(seconds, nanoseconds, time)
}

/// A time that no calendar holds stays a number.
fn at(seconds: i64, nanoseconds: i32, raw: u64) -> Value {
    if raw == 0 {
        return Value::Nothing;
    }
    // The library wants both parts of one sign.
    let nanoseconds = if seconds < 0 { 0 } else { nanoseconds };
    match jiff::Timestamp::new(seconds, nanoseconds) {
        Ok(time) => Value::Text(time.to_string()),
        Err(_) => Value::Number(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix(0), Value::Nothing);
        assert_eq!(unix(1_735_689_600), Value::text("2025-01-01T00:00:00Z"));
        assert_eq!(filetime(133_801_632_000_000_001), Value::text("2025-01-01T00:00:00.0000001Z"));
        assert_eq!(filetime(u64::MAX), Value::Number(u64::MAX));
        assert!(matches!(filetime(1), Value::Text(_)));
    }
}
