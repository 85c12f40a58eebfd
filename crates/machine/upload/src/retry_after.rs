//! `Retry-After` (RFC 9110, 10.2.3): a number of seconds, or a date. Pure.

use std::time::{Duration, SystemTime};

use crate::limits::MAX_RETRY_AFTER;

/// How long a server wants to be left alone, at most [`MAX_RETRY_AFTER`]; `None` where the text says nothing of the kind.
/// A time that is over is no wait.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if digits {
        // What is too large for a number is as long as it may be.
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let of = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!((of("120"), of(" 0 ")), (Some(120), Some(0)));
        assert_eq!(of("Sun, 06 Nov 1994 08:51:37 GMT"), Some(120));
        assert_eq!(of("Sunday, 06-Nov-94 08:51:37 GMT"), Some(120), "an older form");
        assert_eq!(of("Sun Nov  6 08:51:37 1994"), Some(120), "C's form");
        assert_eq!(of("Sun, 06 Nov 1994 08:49:36 GMT"), Some(0), "it is over");
        let most = MAX_RETRY_AFTER.as_secs();
        for long in ["999999999", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(of(long), Some(most), "{long}");
        }
        for none in ["", "-1", "1.5", "1 s", "soon", "+5", "0x10", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }
}
