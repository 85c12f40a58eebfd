//! The parts of a counter that processes wrote for themselves become one, once nobody adds to that day any more.

use std::collections::BTreeMap;

use crate::limits::{MAX_ROLLUP_STEPS, ROLLUP_STEP_ROWS};
use crate::sql::{Arg, insert, sql};
use crate::time::day_of;
use crate::{DbError, Store};

/// The part that is everybody's.
const COMMON: i64 = 0;

impl Store {
    /// Days beyond the window. A hit that comes all the same adds to a part, which the next roll-up finds.
    pub(super) async fn merge_shards(&self, now_ms: i64) -> Result<u64, DbError> {
        let before_day = day_of(now_ms).saturating_sub(self.hits.policy.window_days + 1);
        let mut merged = 0;
        for _ in 0..MAX_ROLLUP_STEPS {
            let step = self.merge_some(before_day).await? + self.merge_some_late(before_day).await?;
            merged += step;
            if step == 0 {
                break;
            }
        }
        Ok(merged)
    }

    async fn merge_some(&self, before_day: i64) -> Result<u64, DbError> {
        let mut tx = self.database.begin().await?;
        let take = sql("DELETE FROM hits WHERE (label, day, shard) IN
                            (SELECT label, day, shard FROM hits WHERE day < $1 AND shard <> $2
                             ORDER BY label, day, shard LIMIT $3)
                        RETURNING label, day, count, last_ms");
        let parts: Vec<(i64, i64, i64, i64)> =
            tx.rows(take.bind(before_day).bind(COMMON).bind(ROLLUP_STEP_ROWS)).await?;
        let mut sums: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        for (label, day, count, last_ms) in &parts {
            let (sum, last) = sums.entry((*label, *day)).or_insert((0, i64::MIN));
            (*sum, *last) = (sum.saturating_add(*count), (*last).max(*last_ms));
        }
        let rows = sums
            .into_iter()
            .flat_map(|((label, day), (count, last))| [label, day, COMMON, count, last].map(Arg::from));
        let before = "INSERT INTO hits (label, day, shard, count, last_ms)";
        let after = "ON CONFLICT (label, day, shard) DO UPDATE SET count = hits.count + excluded.count,
            last_ms = CASE WHEN hits.last_ms < excluded.last_ms THEN excluded.last_ms ELSE hits.last_ms END";
        insert::<(i64,)>(&mut tx, before, after, 5, rows.collect()).await?;
        tx.commit().await?;
        Ok(parts.len() as u64)
    }

    async fn merge_some_late(&self, before_day: i64) -> Result<u64, DbError> {
        let mut tx = self.database.begin().await?;
        let take = sql("DELETE FROM late_hits WHERE (label, day, shard) IN
                            (SELECT label, day, shard FROM late_hits WHERE day < $1 AND shard <> $2
                             ORDER BY label, day, shard LIMIT $3)
                        RETURNING label, day, count");
        let parts: Vec<(i64, i64, i64)> =
            tx.rows(take.bind(before_day).bind(COMMON).bind(ROLLUP_STEP_ROWS)).await?;
        let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for (label, day, count) in &parts {
            *sums.entry((*label, *day)).or_default() += count;
        }
        let rows =
            sums.into_iter().flat_map(|((label, day), count)| [label, day, COMMON, count].map(Arg::from));
        let before = "INSERT INTO late_hits (label, day, shard, count)";
        let after = "ON CONFLICT (label, day, shard) DO UPDATE SET count = late_hits.count + excluded.count";
        insert::<(i64,)>(&mut tx, before, after, 4, rows.collect()).await?;
        tx.commit().await?;
        Ok(parts.len() as u64)
    }
}
