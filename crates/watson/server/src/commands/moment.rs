//! Times as the API takes them.

use jiff::{Timestamp, ToSpan};

/// So many days from now.
pub(super) fn in_days(days: i64) -> Option<String> {
    let hours = days.checked_mul(24)?;
    let time = Timestamp::now().checked_add(hours.hours()).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
