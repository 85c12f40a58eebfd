//! What products have spent of their limits, so that a restart does not give them anew and several processes share them.
//! Processes count for themselves and bring what they have counted a few times a minute: never per hit.

use crate::sql::{Arg, insert, sql};
use crate::{DbError, Store};

/// A limit's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// By the clock's minutes.
    Minute,
    /// By days of UTC.
    Day,
}

impl Period {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Day];

    /// Seconds of one.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// The number of the one that a time lies in.
    #[must_use]
    pub const fn of(self, now_ms: i64) -> i64 {
        now_ms.div_euclid(self.seconds() * 1000)
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpentKey {
    /// The product's row.
    pub product: i64,
    /// Of which limit.
    pub period: Period,
    /// Its number since 1970.
    pub number: i64,
}

impl Store {
    /// Adds what this process has counted since it last did, and answers with what all processes have by now, of the same
    /// and in any order. Less than nothing may be added: what was given back. Periods before the last one are forgotten.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn add_spent(
        &self,
        counted: &[(SpentKey, i64)],
        now_ms: i64,
    ) -> Result<Vec<(SpentKey, i64)>, DbError> {
        let mut rows = Vec::with_capacity(counted.len() * 4);
        let mut sorted = counted.to_vec();
        // In one order everywhere, so that processes do not wait for each other crosswise; and each once.
        sorted.sort_unstable();
        sorted.dedup_by_key(|(key, _)| *key);
        for (key, count) in &sorted {
            let (period_s, number) = (key.period.seconds(), key.number);
            rows.extend([key.product, period_s, number, *count].map(Arg::from));
        }
        let mut tx = self.database.begin().await?;
        for period in Period::ALL {
            let forget = sql("DELETE FROM spent WHERE period_s = $1 AND period < $2");
            tx.execute(forget.bind(period.seconds()).bind(period.of(now_ms) - 1)).await?;
        }
        let before = "INSERT INTO spent (product, period_s, period, count)";
        let after =
            "ON CONFLICT (product, period_s, period) DO UPDATE SET count = spent.count + excluded.count
             RETURNING product, period_s, period, count";
        let told: Vec<(i64, i64, i64, i64)> = insert(&mut tx, before, after, 4, rows).await?;
        tx.commit().await?;
        Ok(told.into_iter().filter_map(read).collect())
    }

    /// What all processes have counted in the periods of now.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn spent(&self, now_ms: i64) -> Result<Vec<(SpentKey, i64)>, DbError> {
        let mut found = Vec::new();
        for period in Period::ALL {
            let find =
                sql("SELECT product, period_s, period, count FROM spent WHERE period_s = $1 AND period = $2");
            let rows: Vec<(i64, i64, i64, i64)> =
                self.database.rows(find.bind(period.seconds()).bind(period.of(now_ms))).await?;
            found.extend(rows.into_iter().filter_map(read));
        }
        Ok(found)
    }
}

fn read((product, period_s, number, count): (i64, i64, i64, i64)) -> Option<(SpentKey, i64)> {
    let period = Period::ALL.into_iter().find(|period| period.seconds() == period_s)?;
    Some((SpentKey { product, period, number }, count))
}
