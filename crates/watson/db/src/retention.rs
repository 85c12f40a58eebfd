//! What is old is removed: in batches, each a transaction of its own with a line in the audit log. Exact counts stay.
//! Nothing is torn that is under way: a report whose analysis runs waits for its end, a lease stays until long after it.

mod due;
mod rule;

use serde::Serialize;
use serde_json::json;

pub use rule::{Keep, KeepScope, Kept, MIN_LEASE_DAYS, Retention, RetentionRule};

use crate::audit::{Act, audit};
use crate::level1_body::body_numbers;
use crate::remove::{PlacesOf, REMOVE_STEP, numbers, remove_reports};
use crate::retention::due::{ANNOTATIONS, RAW, REPORTS, Source};
use crate::sql::{Arg, Sql, Tx, sql};
use crate::time::DAY_MS;
use crate::{DbError, Store};

/// Rows of one batch of small rows.
const STEP: i64 = 500;
/// Who removes, in the audit log.
const ACTOR: &str = "retention";

/// How much one run may do; the next goes on where it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Transactions.
    pub batches: u32,
}

/// What a run removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// Reports.
    pub reports: u64,
    /// Blobs that nothing named any more.
    pub blobs: u64,
    /// Level 1 bodies.
    pub raw: u64,
    /// Reports whose annotations and headers were removed.
    pub annotations: u64,
    /// Leases that were never used.
    pub leases: u64,
    /// The budget ended first.
    pub more: bool,
}

struct Run<'a> {
    store: &'a Store,
    now_ms: i64,
    left: u32,
    done: Retired,
}

impl Store {
    /// Removes what is due by the rules and `settings`, as much as `budget` allows. What was removed is committed also
    /// where an error follows.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`.
    pub async fn apply_retention(
        &self,
        settings: &Retention,
        now_ms: i64,
        budget: Budget,
    ) -> Result<Retired, DbError> {
        let rules = self.retention_rules().await?;
        let mut run = Run { store: self, now_ms, left: budget.batches, done: Retired::default() };
        for (source, keep) in
            [(REPORTS, settings.reports), (ANNOTATIONS, settings.annotations), (RAW, settings.raw)]
        {
            let of_kind = rules.iter().filter(|rule| rule.what == source.what());
            for (rule, keep) in of_kind.map(|rule| (Some(rule), rule.keep)).chain([(None, keep)]) {
                run.retire(&source, rule, keep).await?;
            }
        }
        run.leases(settings.lease_days.max(MIN_LEASE_DAYS)).await?;
        run.done.more = run.left == 0;
        Ok(run.done)
    }
}

impl Run<'_> {
    fn batch(&mut self) -> bool {
        let go = self.left > 0;
        self.left = self.left.saturating_sub(1);
        go
    }

    async fn retire(
        &mut self,
        source: &Source,
        rule: Option<&RetentionRule>,
        keep: Keep,
    ) -> Result<(), DbError> {
        let step = i64::try_from(REMOVE_STEP).unwrap_or(STEP);
        match source.what() {
            Kept::Reports => {
                if let Some(days) = keep.days {
                    self.reports(source.older(rule, days, self.now_ms, step, None)).await?;
                }
                if let Some(count) = keep.count {
                    self.reports(source.beyond(rule, count, self.now_ms, step)).await?;
                }
            }
            Kept::Annotations => {
                if let Some(days) = keep.days {
                    self.annotations(source.older(rule, days, self.now_ms, step, None)).await?;
                }
            }
            Kept::Raw => {
                if let Some(days) = keep.days {
                    let before_ms = self.now_ms.saturating_sub(i64::from(days) * DAY_MS);
                    if let Some(last) = self.last_raw_before(before_ms).await? {
                        self.raw(source.older(rule, days, self.now_ms, STEP, Some(last))).await?;
                    }
                }
                if let Some(count) = keep.count {
                    let newest: Option<(Option<i64>,)> =
                        self.store.database.row(sql("SELECT max(seq) FROM raw")).await?;
                    let last = newest.and_then(|(seq,)| seq).unwrap_or(0) - i64::from(count);
                    let over = sql("SELECT seq FROM raw WHERE seq <= $1 ORDER BY seq LIMIT $2");
                    self.raw(over.bind(last).bind(STEP)).await?;
                }
            }
        }
        Ok(())
    }

    async fn reports(&mut self, due: Sql) -> Result<(), DbError> {
        while self.batch() {
            let mut tx = self.store.database.begin().await?;
            let found = texts(tx.rows(due.clone()).await?);
            let ids = of_nobody(&mut tx, found, self.now_ms).await?;
            if ids.is_empty() {
                self.left += 1;
                return Ok(());
            }
            let blobs = remove_reports(&mut tx, &ids, PlacesOf::AsAsked).await?;
            self.end(tx, "reports", ids.len()).await?;
            self.done.reports += ids.len() as u64;
            self.done.blobs += self.store.release(&blobs).await?;
            self.store.hits.closed.forget();
        }
        Ok(())
    }

    async fn annotations(&mut self, due: Sql) -> Result<(), DbError> {
        while self.batch() {
            let mut tx = self.store.database.begin().await?;
            let ids = texts(tx.rows(due.clone()).await?);
            if ids.is_empty() {
                self.left += 1;
                return Ok(());
            }
            let text = format!(
                "UPDATE report SET annotations = '[]', headers = '[]' WHERE id IN ({})",
                numbers(1, ids.len())
            );
            tx.execute(sql(text).bind_all(ids.iter().map(Arg::from))).await?;
            self.end(tx, "annotations", ids.len()).await?;
            self.done.annotations += ids.len() as u64;
        }
        Ok(())
    }

    async fn raw(&mut self, due: Sql) -> Result<(), DbError> {
        let removed = self.small("raw", due, |list| format!("DELETE FROM raw WHERE seq IN ({list})")).await?;
        self.done.raw += removed;
        Ok(())
    }

    async fn leases(&mut self, days: u32) -> Result<(), DbError> {
        let before_ms = self.now_ms.saturating_sub(i64::from(days) * DAY_MS);
        let due = sql("SELECT id FROM lease WHERE state = 'open' AND expires_ms < $1 ORDER BY id LIMIT $2")
            .bind(before_ms)
            .bind(STEP);
        let delete = |list: &str| format!("DELETE FROM lease WHERE state = 'open' AND id IN ({list})");
        self.done.leases += self.small("leases", due, delete).await?;
        Ok(())
    }

    /// Removes small rows that have numbers.
    async fn small(
        &mut self,
        what: &'static str,
        due: Sql,
        delete: impl Fn(&str) -> String,
    ) -> Result<u64, DbError> {
        let mut removed = 0;
        while self.batch() {
            // Read outside: nobody waits while old rows are looked for.
            let rows: Vec<(i64,)> = self.store.database.rows(due.clone()).await?;
            if rows.is_empty() {
                self.left += 1;
                break;
            }
            let mut tx = self.store.database.begin().await?;
            let text = delete(&numbers(1, rows.len()));
            let gone = tx.execute(sql(text).bind_all(rows.iter().map(|(id,)| Arg::from(*id)))).await?;
            self.end(tx, what, rows.len()).await?;
            removed += gone;
        }
        Ok(removed)
    }

    async fn end(&self, mut tx: Tx, what: &'static str, rows: usize) -> Result<(), DbError> {
        let act = Act {
            actor: ACTOR,
            act: "retention.apply",
            object: what.into(),
            details: json!({ "rows": rows }),
        };
        audit(&mut tx, &act, self.now_ms).await?;
        tx.commit().await
    }

    /// The last body that came before a time. Numbers grow as time does: it is searched by halving.
    async fn last_raw_before(&self, before_ms: i64) -> Result<Option<i64>, DbError> {
        let Some((mut low, mut high)) = body_numbers(&self.store.database).await? else { return Ok(None) };
        let first = low;
        while low < high {
            let middle = low + (high - low + 1) / 2;
            let at = sql("SELECT received_ms FROM raw WHERE seq >= $1 ORDER BY seq LIMIT 1").bind(middle);
            let received: Option<(i64,)> = self.store.database.row(at).await?;
            if received.is_some_and(|(received_ms,)| received_ms < before_ms) {
                low = middle
            } else {
                high = middle - 1
            }
        }
        let at = sql("SELECT received_ms FROM raw WHERE seq >= $1 ORDER BY seq LIMIT 1").bind(first);
        let oldest: Option<(i64,)> = self.store.database.row(at).await?;
        Ok(oldest.filter(|(received_ms,)| *received_ms < before_ms).map(|_| low))
    }
}

fn texts(rows: Vec<(String,)>) -> Vec<String> {
    rows.into_iter().map(|(id,)| id).collect()
}

/// Those of which no job runs, or is being taken: their jobs are held until the transaction ends.
async fn of_nobody(tx: &mut Tx, ids: Vec<String>, now_ms: i64) -> Result<Vec<String>, DbError> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let list = numbers(2, ids.len());
    let jobs = |text: String| sql(text).bind(now_ms).bind_all(ids.iter().map(Arg::from));
    let all: Vec<(i64, String)> =
        tx.rows(jobs(format!("SELECT id, report FROM job WHERE $1 = $1 AND report IN ({list})"))).await?;
    let free = tx.lock_free_rows();
    let held: Vec<(i64,)> = tx
        .rows(jobs(format!(
            "SELECT id FROM job WHERE (state <> 'open' OR lease_until_ms <= $1) AND report IN ({list}){free}"
        )))
        .await?;
    let taken =
        |report: &String| all.iter().any(|(id, of)| of == report && !held.iter().any(|(held,)| held == id));
    Ok(ids.iter().filter(|id| !taken(id)).cloned().collect())
}
