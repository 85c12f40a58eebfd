//! Analysis jobs.
//!
//! 1. `open`: made with the report; due at `run_after_ms`. Taking it counts an attempt and holds it for a while.
//! 2. `done`: the reading is stored.
//! 3. `poison`: it failed too often; it is never tried again, and its cab gives its place in the bucket back.

use crate::limits::{MAX_JOB_ERROR_CHARS, MAX_READING_BYTES};
use crate::{DbError, Reading, Store};

/// The kind of a job that analyses a report's cab.
pub(crate) const ANALYSIS: &str = "analysis";

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

impl Store {
    /// Takes the oldest due job; nobody else gets it before `now_ms + hold_ms`.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn take_job(&self, now_ms: i64, hold_ms: i64) -> Result<Option<AnalysisJobRow>, DbError> {
        let mut tx = self.write().await?;
        let row = sqlx::query_as(
            "UPDATE job SET attempts = attempts + 1, lease_until_ms = ?1 + ?2
             WHERE id = (SELECT id FROM job WHERE state = 'open' AND run_after_ms <= ?1 AND lease_until_ms <= ?1
                         ORDER BY run_after_ms, id LIMIT 1)
             RETURNING id, report, attempts, (SELECT blob FROM report WHERE report.id = job.report) AS blob",
        )
        .bind(now_ms)
        .bind(hold_ms)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Gives back what an earlier process had taken. Attempts stay counted, so that a job that ends the whole server
    /// becomes poison too.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn requeue_jobs(&self) -> Result<u64, DbError> {
        let mut tx = self.write().await?;
        let done =
            sqlx::query("UPDATE job SET lease_until_ms = 0 WHERE state = 'open' AND lease_until_ms > 0")
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
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
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO analysis (report, made_ms, signature, top_function, reading) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (report) DO UPDATE SET made_ms = excluded.made_ms, signature = excluded.signature,
                 top_function = excluded.top_function, reading = excluded.reading",
        )
        .bind(&job.report)
        .bind(now_ms)
        .bind(&reading.signature)
        .bind(&reading.top_function)
        .bind(json)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE job SET state = 'done', lease_until_ms = 0, last_error = '' WHERE id = ?")
            .bind(job.id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records why a job failed.
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
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE job SET state = ?, run_after_ms = ?, lease_until_ms = 0, last_error = ? WHERE id = ?",
        )
        .bind(state)
        .bind(run_after_ms)
        .bind(why)
        .bind(job.id)
        .execute(&mut *tx)
        .await?;
        if failure == JobFailure::Poison {
            sqlx::query(
                "UPDATE lease SET state = 'spoiled' WHERE id = (SELECT lease FROM report WHERE id = ?)",
            )
            .bind(&job.report)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
