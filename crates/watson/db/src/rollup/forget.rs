//! Crashes of long ago need not be known again: told once more, their event time is outside the window, so that they are
//! late and in no exact count. A crash without a time counts on the day that it comes, so it is known for the window from
//! the day that it was first told.

use crate::limits::{MAX_ROLLUP_STEPS, ROLLUP_STEP_ROWS};
use crate::sql::sql;
use crate::time::day_of;
use crate::{DbError, Store};

/// Days ahead beyond which an event time is nobody's who is only wrong by his time zone or his year.
const FAR_AHEAD_DAYS: i64 = 366;

impl Store {
    /// Forgets crashes whose event and whose first report both lie outside the window, or whose time is far ahead. One
    /// that has a report is known as long as that is kept.
    pub(super) async fn forget_seen(&self, now_ms: i64) -> Result<u64, DbError> {
        let today = day_of(now_ms);
        let before_day = today.saturating_sub(self.hits.policy.window_days + 1);
        self.date_undated(today, before_day).await?;
        let old = "event_day < $1 AND received_day < $2";
        let ahead = "event_day > $1 AND received_day < $2";
        let far = today.saturating_add(FAR_AHEAD_DAYS);
        Ok(self.forget_where(old, before_day, before_day).await?
            + self.forget_where(ahead, far, before_day).await?)
    }

    /// Rows of a watson that wrote no day down, which may run beside this one: their time begins when they are found.
    async fn date_undated(&self, today: i64, before_day: i64) -> Result<(), DbError> {
        for _ in 0..MAX_ROLLUP_STEPS {
            let mut tx = self.database.begin().await?;
            let date = sql("UPDATE seen SET received_day = $1 WHERE (event_day, key16) IN
                                (SELECT event_day, key16 FROM seen WHERE received_day = 0
                                 AND (event_day < $2 OR event_day > $3) LIMIT $4)");
            let far = today.saturating_add(FAR_AHEAD_DAYS);
            let dated =
                tx.execute(date.bind(today).bind(before_day).bind(far).bind(ROLLUP_STEP_ROWS)).await?;
            tx.commit().await?;
            if dated == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn forget_where(&self, which: &str, day: i64, before_day: i64) -> Result<u64, DbError> {
        let mut forgotten = 0;
        for _ in 0..MAX_ROLLUP_STEPS {
            let mut tx = self.database.begin().await?;
            let forget = sql(format!(
                "DELETE FROM seen WHERE (event_day, key16) IN (SELECT event_day, key16 FROM seen
                 WHERE {which} AND NOT EXISTS (SELECT 1 FROM report
                     WHERE report.event_day = seen.event_day AND report.key16 = seen.key16) LIMIT $3)"
            ));
            let step = tx.execute(forget.bind(day).bind(before_day).bind(ROLLUP_STEP_ROWS)).await?;
            tx.commit().await?;
            forgotten += step;
            if step == 0 {
                break;
            }
        }
        Ok(forgotten)
    }
}
