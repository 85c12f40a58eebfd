//! Distinct machines of a label: rows for each day, exact, up to a limit; beyond it a sketch.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::lease::lock_label;
use crate::limits::{MAX_MACHINE_ROWS, MAX_ROLLED_AT_ONCE};
use crate::sketch::Sketch;
use crate::sql::{Tx, sql};
use crate::{DbError, Store};

/// How many machines had a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinctMachines {
    /// Machines.
    pub count: i64,
    /// False where it is an estimate (standard error 0.8 %): on one of the days there were more than
    /// [`MAX_MACHINE_ROWS`].
    pub exact: bool,
}

impl Store {
    /// Machines that had a crash of a bucket on any of these days (days since 1970), each once.
    ///
    /// # Errors
    /// [`DbError::Sql`]; [`DbError::Row`] for a sketch that is damaged.
    pub async fn distinct_machines(
        &self,
        bucket: i64,
        days: RangeInclusive<i64>,
    ) -> Result<DistinctMachines, DbError> {
        let within = |text: &'static str| sql(text).bind(bucket).bind(*days.start()).bind(*days.end());
        // Rows first: what a roll-up moves between the two is read twice, which changes nothing. The other way round it
        // would be missed.
        let rows = within(
            "SELECT DISTINCT machine FROM label_machine_day WHERE label = $1 AND day BETWEEN $2 AND $3",
        );
        let machines: Vec<(Vec<u8>,)> = self.database.rows(rows).await?;
        let sketches =
            within("SELECT registers FROM machine_sketch WHERE label = $1 AND day BETWEEN $2 AND $3");
        let sketches: Vec<(Vec<u8>,)> = self.database.rows(sketches).await?;
        if sketches.is_empty() {
            return Ok(DistinctMachines {
                count: i64::try_from(machines.len()).unwrap_or(i64::MAX),
                exact: true,
            });
        }
        let mut all = Sketch::default();
        for (registers,) in sketches {
            all.merge(&Sketch::of_bytes(registers).ok_or(DbError::Row("sketch of machines"))?);
        }
        machines.iter().for_each(|(machine,)| all.add(machine));
        Ok(DistinctMachines { count: all.count(), exact: false })
    }

    /// The same for each of these days that has a machine, the last one first.
    ///
    /// # Errors
    /// As of [`Store::distinct_machines`].
    pub async fn machines_by_day(
        &self,
        bucket: i64,
        days: RangeInclusive<i64>,
    ) -> Result<Vec<(i64, DistinctMachines)>, DbError> {
        let within = |text: &'static str| sql(text).bind(bucket).bind(*days.start()).bind(*days.end());
        let rows = within(
            "SELECT day, count(DISTINCT machine) FROM label_machine_day WHERE label = $1 AND day BETWEEN $2 AND $3
             GROUP BY day",
        );
        let exact: Vec<(i64, i64)> = self.database.rows(rows).await?;
        let sketched =
            within("SELECT day FROM machine_sketch WHERE label = $1 AND day BETWEEN $2 AND $3 ORDER BY day");
        let sketched: Vec<(i64,)> = self.database.rows(sketched).await?;
        let mut found: BTreeMap<i64, DistinctMachines> =
            exact.into_iter().map(|(day, count)| (day, DistinctMachines { count, exact: true })).collect();
        for (day,) in sketched {
            found.insert(day, self.distinct_machines(bucket, day..=day).await?);
        }
        Ok(found.into_iter().rev().collect())
    }

    /// Days of labels with more rows than the limit, or with a sketch already.
    pub(super) async fn sketch_machines(&self) -> Result<u64, DbError> {
        // More machines than hits there cannot be: only days with many hits are counted row by row.
        let many = sql("SELECT label, day FROM hits GROUP BY label, day HAVING sum(count) > $1 LIMIT $2")
            .bind(MAX_MACHINE_ROWS)
            .bind(MAX_ROLLED_AT_ONCE);
        let sketched =
            sql("SELECT label, day FROM machine_sketch WHERE EXISTS (SELECT 1 FROM label_machine_day
                            WHERE label_machine_day.label = machine_sketch.label
                            AND label_machine_day.day = machine_sketch.day) LIMIT $1")
            .bind(MAX_ROLLED_AT_ONCE);
        let mut days: Vec<(i64, i64)> = self.database.rows(sketched).await?;
        for (label, day) in self.database.rows::<(i64, i64)>(many).await? {
            let rows =
                sql("SELECT count(*) FROM (SELECT 1 FROM label_machine_day WHERE label = $1 AND day = $2
                            LIMIT $3) AS found");
            let rows = rows.bind(label).bind(day).bind(MAX_MACHINE_ROWS + 1);
            if self.database.row::<(i64,)>(rows).await?.is_some_and(|(rows,)| rows > MAX_MACHINE_ROWS) {
                days.push((label, day));
            }
        }
        days.sort_unstable();
        days.dedup();
        let mut moved = 0;
        for (label, day) in days {
            let mut tx = self.database.begin().await?;
            moved += sketch_day(&mut tx, label, day).await?;
            tx.commit().await?;
        }
        Ok(moved)
    }
}

/// Moves rows into the sketch. A machine that comes meanwhile is in neither, and has its row afterwards.
async fn sketch_day(tx: &mut Tx, label: i64, day: i64) -> Result<u64, DbError> {
    // No other process writes the sketch meanwhile.
    lock_label(tx, label).await?;
    let rows = sql("DELETE FROM label_machine_day WHERE label = $1 AND day = $2 RETURNING machine");
    let machines: Vec<(Vec<u8>,)> = tx.rows(rows.bind(label).bind(day)).await?;
    let before = sql("SELECT registers FROM machine_sketch WHERE label = $1 AND day = $2");
    let mut sketch = match tx.row::<(Vec<u8>,)>(before.bind(label).bind(day)).await? {
        Some((registers,)) => Sketch::of_bytes(registers).ok_or(DbError::Row("sketch of machines"))?,
        None => Sketch::default(),
    };
    machines.iter().for_each(|(machine,)| sketch.add(machine));
    let keep = sql("INSERT INTO machine_sketch (label, day, registers) VALUES ($1, $2, $3)
                    ON CONFLICT (label, day) DO UPDATE SET registers = excluded.registers");
    tx.execute(keep.bind(label).bind(day).bind(sketch.bytes())).await?;
    Ok(machines.len() as u64)
}
