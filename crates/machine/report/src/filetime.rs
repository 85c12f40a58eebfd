//! Times as Windows counts them: 100 ns since 1601-01-01 UTC.

/// 100 ns units from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;

/// From nanoseconds since 1970-01-01 UTC.
#[must_use]
pub const fn from_unix_ns(unix_ns: u64) -> u64 {
    unix_ns / 100 + UNIX_EPOCH
}

/// To nanoseconds since 1970-01-01 UTC; 0 for earlier times, the largest value for times that do not fit.
#[must_use]
pub const fn to_unix_ns(filetime: u64) -> u64 {
    filetime.saturating_sub(UNIX_EPOCH).saturating_mul(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        assert_eq!(from_unix_ns(0), 116_444_736_000_000_000);
        // The example of MS-CER2: 2008-03-11 07:01:59.65 UTC.
        assert_eq!(to_unix_ns(128_496_925_196_486_378) / 1_000_000_000, 1_205_218_919);
        assert_eq!(to_unix_ns(from_unix_ns(1_700_000_000_123_456_700)), 1_700_000_000_123_456_700);
        assert_eq!(to_unix_ns(0), 0);
    }
}
