//! Clocks: `GetSystemTime`, `GetLocalTime`, `GetSystemTimeAsFileTime`, `GetTickCount64`.
#![expect(unsafe_code, reason = "asks the C library for the local time")]

use std::time::{SystemTime, UNIX_EPOCH};

/// 100 ns between 1601 and 1970.
const FILETIME_OF_UNIX_EPOCH: u64 = 116_444_736_000_000_000;

/// `SYSTEMTIME`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct CalendarTime {
    /// The year.
    pub year: u16,
    /// 1 = January.
    pub month: u16,
    /// 0 = Sunday.
    pub day_of_week: u16,
    /// 1..31.
    pub day: u16,
    /// 0..23.
    pub hour: u16,
    /// 0..59.
    pub minute: u16,
    /// 0..60.
    pub second: u16,
    /// 0..999.
    pub milliseconds: u16,
}

/// `GetSystemTimeAsFileTime`: 100 ns since 1601.
#[must_use]
pub fn file_time() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    FILETIME_OF_UNIX_EPOCH + u64::try_from(now.as_nanos() / 100).unwrap_or(0)
}

/// `GetSystemTime` (UTC), or `GetLocalTime`.
#[must_use]
pub fn calendar_time(is_local: bool) -> CalendarTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs()).unwrap_or(0);
    // SAFETY: all zeros is a tm.
    let mut parts: libc::tm = unsafe { core::mem::zeroed() };
    if is_local {
        // SAFETY: both are ours.
        unsafe { libc::localtime_r(&raw const seconds, &raw mut parts) };
    } else {
        // SAFETY: both are ours.
        unsafe { libc::gmtime_r(&raw const seconds, &raw mut parts) };
    }
    let part = |value: i32| u16::try_from(value).unwrap_or(0);
    CalendarTime {
        year: part(parts.tm_year + 1900),
        month: part(parts.tm_mon + 1),
        day_of_week: part(parts.tm_wday),
        day: part(parts.tm_mday),
        hour: part(parts.tm_hour),
        minute: part(parts.tm_min),
        second: part(parts.tm_sec),
        milliseconds: part(now.subsec_millis().cast_signed()),
    }
}

/// `GetTickCount64`: milliseconds since the system started, sleep included.
#[must_use]
pub fn ticks_ms() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    (now.tv_sec * 1000 + now.tv_nsec / 1_000_000).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_agree() {
        let (before, utc, after) = (file_time(), calendar_time(false), file_time());
        // Days since 1601 from the ticks, and a day's time of day, against the parts.
        let of = |ticks: u64| (ticks / 10_000_000) % 86_400;
        let second = u64::from(utc.hour) * 3600 + u64::from(utc.minute) * 60 + u64::from(utc.second);
        // Between the two, also where a day ends in between.
        let (passed, whole) =
            (|from: u64| (second + 86_400 - from) % 86_400, (of(after) + 86_400 - of(before)) % 86_400);
        assert!(passed(of(before)) <= whole, "{utc:?}");
        // 1601-01-01 was a Monday.
        assert_eq!((before / 864_000_000_000 + 1) % 7, u64::from(utc.day_of_week));
        assert!(utc.year >= 2024 && (1..=12).contains(&utc.month));
    }
}
