//! Times as people and machines read them, UTC.

use jiff::Timestamp;

/// A time in two spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// RFC 3339.
    pub(crate) machine: String,
    /// "2026-11-21 02:40:54 UTC".
    pub(crate) person: String,
}

impl Moment {
    /// From milliseconds since 1970. A machine's clock may say anything; what no calendar holds is "unknown".
    pub(crate) fn from_ms(ms: i64) -> Self {
        match Timestamp::from_millisecond(ms) {
            Ok(time) => {
                Self { machine: time.to_string(), person: time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
            }
            Err(_) => Self { machine: String::new(), person: "unknown".into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelt_twice() {
        let moment = Moment::from_ms(1_205_218_919_648);
        assert_eq!(moment.machine, "2008-03-11T07:01:59.648Z");
        assert_eq!(moment.person, "2008-03-11 07:01:59 UTC");
        assert_eq!(Moment::from_ms(i64::MAX).person, "unknown");
    }
}
