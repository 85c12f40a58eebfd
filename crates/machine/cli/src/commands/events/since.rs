//! Points in time as people write them.

use jiff::{Span, Timestamp, Zoned, civil};

/// RFC 3339, a date or a date and a time of day here, or how long ago (`2 hours`, `1d`).
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text, &Zoned::now())
}

fn parse_at(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    if let Ok(there) = text.parse::<civil::DateTime>() {
        let zoned = there.to_zoned(now.time_zone().clone());
        return zoned.map(|zoned| zoned.timestamp()).map_err(|error| error.to_string());
    }
    let span = text.strip_suffix(" ago").unwrap_or(text).parse::<Span>();
    let ago = span.ok().and_then(|span| now.checked_sub(span.abs()).ok());
    ago.map(|then| then.timestamp()).ok_or_else(|| {
        "give a time like \"2 hours\", \"1d\", 2026-11-21, \"2026-11-21 10:00\" or 2026-11-21T10:00:00Z"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_times_in_many_ways() {
        let now: Zoned = "2026-11-21T10:00:00+01:00[+01:00]".parse().expect("a time");
        for (text, wanted) in [
            ("2 hours", "2026-11-21T07:00:00Z"),
            ("2h ago", "2026-11-21T07:00:00Z"),
            ("1d", "2026-11-20T09:00:00Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20 10:30", "2026-11-20T09:30:00Z"),
            ("2026-11-20T10:30:00Z", "2026-11-20T10:30:00Z"),
        ] {
            let parsed = parse_at(text, &now).map(|time| time.to_string());
            assert_eq!(parsed.as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "999999999999y", "-"] {
            assert!(parse_at(text, &now).is_err(), "{text}");
        }
    }
}
