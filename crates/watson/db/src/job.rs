//! Analysis jobs. Any number of processes take them; each job is held by one.
//!
//! 1. `open`: made with the report; due at `run_after_ms`. Taking it counts an attempt and holds it for a while.
//! 2. `done`: the reading is stored.
//! 3. `poison`: it failed too often; it is never tried again, and its cab gives its place in the bucket back.

use crate::limits::{MAX_JOB_ERROR_CHARS, MAX_READING_BYTES};
use crate::sql::{Tx, sql};
use crate::{DbError, Reading, Store};

/// The kind of a job that analyses a report's cab.
pub(crate) const ANALYSIS: &str = "analysis";
/// The kind of a job that analyses a dump that came without a cab. Nothing takes them yet.
pub(crate) const ANALYSIS_OF_DUMPS: &str = "dump";

/// A job that has been taken.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AnalysisJobRow {
    /// The job.
    pub id: i64,
    /// Its report.
    pub report: String,
    /// The cab's blob.
    pub blob: String,
    /// Attempts, this one included.
    pub attempts: i64,
    /// Until when it is nobody else's, in milliseconds since 1970.
    pub held_until_ms: i64,
}

/// What to do with a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// Try again at this time.
    Again {
        /// Milliseconds since 1970.
        run_after_ms: i64,
    },
    /// Never again.
    Poison,
}

/// Makes a job that is due at once.
pub(crate) async fn insert_job(
    tx: &mut Tx,
    kind: &'static str,
    report: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.execute(
        sql("INSERT INTO job (kind, report, state, run_after_ms, lease_until_ms, attempts, last_error)
             VALUES ($1, $2, 'open', $3, 0, 0, '')")
        .bind(kind)
        .bind(report)
        .bind(now_ms),
    )
    .await?;
    Ok(())
}

impl Store {
    /// Takes up to `n` due jobs, oldest first; nobody else gets them before `now_ms + hold_ms`.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn lease_jobs(
        &self,
        n: u32,
        now_ms: i64,
        hold_ms: i64,
    ) -> Result<Vec<AnalysisJobRow>, DbError> {
        let mut tx = self.database.begin().await?;
        let free = tx.lock_free_rows();
        let mut rows: Vec<AnalysisJobRow> = tx
            .rows(
                sql(format!(
                    "UPDATE job SET attempts = attempts + 1, lease_until_ms = $1 + $2
                     WHERE id IN (SELECT id FROM job WHERE state = 'open' AND kind = $3 AND run_after_ms <= $1
                                  AND lease_until_ms <= $1 ORDER BY run_after_ms, id LIMIT $4{free})
                     RETURNING id, report, attempts, lease_until_ms AS held_until_ms,
                         (SELECT blob FROM report WHERE report.id = job.report) AS blob"
                ))
                .bind(now_ms)
                .bind(hold_ms)
                .bind(ANALYSIS)
                .bind(i64::from(n)),
            )
            .await?;
        tx.commit().await?;
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// Takes the oldest due job.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn take_job(&self, now_ms: i64, hold_ms: i64) -> Result<Option<AnalysisJobRow>, DbError> {
        Ok(self.lease_jobs(1, now_ms, hold_ms).await?.pop())
    }

    /// Gives back what an earlier process had taken, where this process is the only one: elsewhere a hold runs out by
    /// itself. Attempts stay counted, so that a job that ends the whole server becomes poison too.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn requeue_jobs(&self) -> Result<u64, DbError> {
        if !self.database.is_ours_alone() {
            return Ok(0);
        }
        let mut tx = self.database.begin().await?;
        let done = tx
            .execute(sql("UPDATE job SET lease_until_ms = 0 WHERE state = 'open' AND lease_until_ms > 0"))
            .await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Gives a job back that was taken and not looked at to its end, for whoever takes it next. It counts as no attempt.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn hand_back(&self, job: &AnalysisJobRow) -> Result<(), DbError> {
        self.put_off(job, 0).await
    }

    /// The same for a job that nobody is to take before a time.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn put_off(&self, job: &AnalysisJobRow, run_after_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("UPDATE job SET lease_until_ms = 0, attempts = attempts - 1,
                     run_after_ms = CASE WHEN run_after_ms < $3 THEN $3 ELSE run_after_ms END
                 WHERE id = $1 AND state = 'open' AND lease_until_ms > 0 AND attempts = $2")
            .bind(job.id)
            .bind(job.attempts)
            .bind(run_after_ms),
        )
        .await?;
        tx.commit().await
    }

    /// Stores what the child found and ends the job.
    ///
    /// # Errors
    /// [`DbError::ReadingTooLarge`], `Sql`.
    pub async fn finish_job(
        &self,
        job: &AnalysisJobRow,
        reading: &Reading,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let json = serde_json::to_string(reading).map_err(|_| DbError::Row("reading"))?;
        if json.len() > MAX_READING_BYTES {
            return Err(DbError::ReadingTooLarge {
                actual_bytes: json.len(),
                limit_bytes: MAX_READING_BYTES,
            });
        }
        let mut tx = self.database.begin().await?;
        let done = sql("UPDATE job SET state = 'done', lease_until_ms = 0, last_error = '' WHERE id = $1");
        if tx.execute(done.bind(job.id)).await? == 0 {
            // The report was erased meanwhile: nothing of it is kept.
            return Ok(());
        }
        tx.execute(
            sql("INSERT INTO analysis (report, made_ms, signature, top_function, reading) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (report) DO UPDATE SET made_ms = excluded.made_ms, signature = excluded.signature,
                     top_function = excluded.top_function, reading = excluded.reading")
            .bind(&job.report)
            .bind(now_ms)
            .bind(reading.signature.as_deref())
            .bind(reading.top_function.as_deref())
            .bind(json),
        )
        .await?;
        tx.commit().await
    }

    /// Records why a job failed. A report that is poison gives its place in the quota back.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn fail_job(
        &self,
        job: &AnalysisJobRow,
        why: &str,
        failure: JobFailure,
    ) -> Result<(), DbError> {
        let why: String = why.chars().take(MAX_JOB_ERROR_CHARS).collect();
        let (state, run_after_ms) = match failure {
            JobFailure::Again { run_after_ms } => ("open", run_after_ms),
            JobFailure::Poison => ("poison", 0),
        };
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("UPDATE job SET state = $1, run_after_ms = $2, lease_until_ms = 0, last_error = $3 WHERE id = $4")
                .bind(state)
                .bind(run_after_ms)
                .bind(why)
                .bind(job.id),
        )
        .await?;
        if failure == JobFailure::Poison {
            tx.execute(
                sql("UPDATE lease SET state = 'spoiled' WHERE EXISTS (SELECT 1 FROM report WHERE report.id = $1
                     AND report.event_day = lease.event_day AND report.key16 = lease.key16)")
                .bind(&job.report),
            )
            .await?;
        }
        tx.commit().await?;
        if failure == JobFailure::Poison {
            self.hits.closed.forget();
        }
        Ok(())
    }
}
