//! Counters against the crashes that are known, inside the window.
//!
//! A crash that names its time is counted on that day; one that names none, on the day it came, which `seen` does not
//! say. So a day must have at least as many hits as known crashes of that day, and what a label has more than these,
//! over all days, must not be more than its known crashes without a time.

use crate::fsck::{Flaw, FsckReport};
use crate::key::UNDATED_DAY;
use crate::sql::sql;
use crate::time::day_of;
use crate::{DbError, Store};

impl Store {
    pub(super) async fn check_counts(&self, now_ms: i64, report: &mut FsckReport) -> Result<(), DbError> {
        // A day less than the window: `seen` of its first day may just be going.
        let first_day = day_of(now_ms) - self.hits.policy.window_days + 1;
        let few: Vec<(i64, i64, i64, i64)> = self
            .database
            .rows(
                sql("SELECT known.label, known.event_day, known.n, CAST(coalesce(counted.n, 0) AS BIGINT)
                     FROM (SELECT label, event_day, count(*) AS n FROM seen
                           WHERE late = 0 AND event_day >= $1 GROUP BY label, event_day) AS known
                     LEFT JOIN (SELECT label, day, sum(count) AS n FROM hits WHERE day >= $1 GROUP BY label, day)
                         AS counted ON counted.label = known.label AND counted.day = known.event_day
                     WHERE coalesce(counted.n, 0) < known.n ORDER BY known.label, known.event_day")
                .bind(first_day),
            )
            .await?;
        for (label, day, known, counted) in few {
            let detail = format!("day {day}: {known} crashes are known, {counted} were counted");
            report.add(Flaw::HitsTooFew, label.to_string(), detail, false);
        }
        let many: Vec<(i64, i64, i64, i64)> = self
            .database
            .rows(
                sql("SELECT counted.label, CAST(counted.n AS BIGINT), CAST(coalesce(dated.n, 0) AS BIGINT),
                            CAST(coalesce(undated.n, 0) AS BIGINT)
                     FROM (SELECT label, sum(count) AS n FROM hits WHERE day >= $1 GROUP BY label) AS counted
                     LEFT JOIN (SELECT label, count(*) AS n FROM seen
                                WHERE late = 0 AND event_day >= $1 GROUP BY label) AS dated
                         ON dated.label = counted.label
                     LEFT JOIN (SELECT label, count(*) AS n FROM seen
                                WHERE late = 0 AND event_day = $2 GROUP BY label) AS undated
                         ON undated.label = counted.label
                     WHERE counted.n > coalesce(dated.n, 0) + coalesce(undated.n, 0) ORDER BY counted.label")
                .bind(first_day)
                .bind(UNDATED_DAY),
            )
            .await?;
        for (label, counted, dated, undated) in many {
            let detail = format!(
                "{counted} were counted since day {first_day}; {dated} crashes are known, and {undated} without a time"
            );
            report.add(Flaw::HitsTooMany, label.to_string(), detail, false);
        }
        Ok(())
    }
}
