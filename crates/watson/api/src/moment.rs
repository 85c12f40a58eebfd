//! Times in JSON: RFC 3339, UTC.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Milliseconds since 1970, written as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T15:04:05Z")]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// From days since 1970: the day's date.
    pub(crate) fn date(day: i64) -> String {
        let ms = day.saturating_mul(watson_db::time::DAY_MS);
        Timestamp::from_millisecond(ms).map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
    }
}

impl Moment {
    /// The days since 1970 of a date.
    pub(crate) fn day(text: &str) -> Option<i64> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(midnight.timestamp().as_second().div_euclid(24 * 60 * 60))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A machine's clock may say anything; what no calendar holds is said as the calendar's end.
        let end = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        serializer.collect_str(&Timestamp::from_millisecond(self.0).unwrap_or(end))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "{text:?} is no time; write one as RFC 3339 has it, such as 2026-12-31T00:00:00Z"
            ))
        })?;
        Ok(Self(time.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        let text = serde_json::to_string(&Moment(1_205_218_919_648)).unwrap();
        assert_eq!(text, "\"2008-03-11T07:01:59.648Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), Moment(1_205_218_919_648));
        assert!(serde_json::from_str::<Moment>("\"tomorrow\"").is_err());
        assert!(serde_json::to_string(&Moment(i64::MAX)).unwrap().contains("9999"));
        assert_eq!(Moment::date(20_000), "2024-10-04");
        assert_eq!(Moment::day("2024-10-04"), Some(20_000));
        assert_eq!(Moment::day("1969-12-31"), Some(-1));
        assert!(Moment::day("tomorrow").is_none() && Moment::day("2024-13-01").is_none());
    }
}
