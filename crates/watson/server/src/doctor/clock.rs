//! The clock: leases, tokens and what counts as late hang on it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use watson_db::operations::DatabaseFacts;
use watson_db::time;

use super::{Findings, Level};
use crate::analyzer::OWN_PROGRAM;
use crate::limits::{DOCTOR_MAX_SKEW_MS, DOCTOR_SKEW_MS};

/// A file's time may be a little ahead: of another machine's clock, or of a package made in another time zone.
const PROGRAM_MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn look(facts: Option<&DatabaseFacts>, findings: &mut Findings) {
    let program =
        std::fs::metadata(OWN_PROGRAM).and_then(|metadata| metadata.modified()).unwrap_or(UNIX_EPOCH);
    judge(SystemTime::now(), program, facts.map(|facts| facts.clock_ms - time::now_ms()), findings);
}

fn judge(now: SystemTime, program: SystemTime, skew_ms: Option<i64>, findings: &mut Findings) {
    const CHECK: &str = "clock";
    let advice = "let a time service set the clock (systemd-timesyncd, chrony)";
    let skew_ms = skew_ms.unwrap_or(0);
    if program > now + PROGRAM_MARGIN {
        findings.add(CHECK, Level::Error, "it is before the day on which this program was made", advice);
    } else if skew_ms.abs() > DOCTOR_MAX_SKEW_MS {
        findings.add(CHECK, Level::Error, format!("the database's is {} s away", skew_ms / 1000), advice);
    } else if skew_ms.abs() > DOCTOR_SKEW_MS {
        findings.add(CHECK, Level::Warning, format!("the database's is {} s away", skew_ms / 1000), advice);
    } else {
        findings
            .good(CHECK, "it agrees with the database's and is after the day on which this program was made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(program_ahead_hours: u64, skew_ms: Option<i64>) -> Level {
        let (now, mut findings) = (SystemTime::now(), Findings::default());
        judge(now, now + Duration::from_secs(program_ahead_hours * 3600), skew_ms, &mut findings);
        findings.0[0].level
    }

    #[test]
    fn a_clock_that_is_wrong_is_told() {
        assert_eq!(
            (level(0, None), level(0, Some(100)), level(20, Some(-100))),
            (Level::Good, Level::Good, Level::Good)
        );
        assert_eq!(level(0, Some(-DOCTOR_SKEW_MS - 1)), Level::Warning);
        assert_eq!((level(0, Some(DOCTOR_MAX_SKEW_MS + 1)), level(25, None)), (Level::Error, Level::Error));
    }
}
