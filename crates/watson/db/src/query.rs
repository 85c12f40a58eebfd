//! What the pages read.

use std::collections::HashMap;

use wer_model::Parameter;

use crate::limits::{MAX_BUCKETS_LISTED, MAX_REPORTS_LISTED, TREND_DAYS};
use crate::sql::sql;
use crate::time::day_of;
use crate::{DbError, Reading, Store};

/// A bucket as the pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRow {
    /// Its number.
    pub id: i64,
    /// Event type.
    pub event_type: String,
    /// Application of the first hit.
    pub application: String,
    /// Signature pairs.
    pub parameters: Vec<Parameter>,
    /// Crashes, each counted once.
    pub hits: i64,
    /// Crashes whose event time lies outside the window; no part of `hits`.
    pub late_hits: i64,
    /// First hit, received.
    pub first_seen_ms: i64,
    /// Last hit, received.
    pub last_seen_ms: i64,
    /// Hits per day of the last [`TREND_DAYS`] days, today last.
    pub trend: Vec<i64>,
    /// Reports with data, newest first.
    pub reports: Vec<String>,
    /// Signature of the newest analysed report.
    pub signature: Option<String>,
    /// Its blamed function.
    pub top_function: Option<String>,
}

/// A report as the pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its id.
    pub id: String,
    /// Its bucket.
    pub bucket: i64,
    /// Event type of the bucket.
    pub event_type: String,
    /// Application of the bucket.
    pub application: String,
    /// Signature pairs of the bucket.
    pub parameters: Vec<Parameter>,
    /// Machine's name.
    pub machine: String,
    /// Its operating system.
    pub os: String,
    /// The application's path.
    pub application_path: String,
    /// When it crashed, by the machine's clock; when its data came, where the report does not say.
    pub event_ms: i64,
    /// When its cab came.
    pub received_ms: i64,
    /// The cab's blob.
    pub blob: String,
    /// The cab's bytes.
    pub cab_bytes: i64,
    /// State of its analysis: "open", "done", "poison".
    pub job_state: String,
    /// Why its analysis failed last; empty = it did not.
    pub job_error: String,
    /// What was found.
    pub reading: Option<Reading>,
}

/// Totals for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Counts {
    /// Buckets.
    pub buckets: i64,
    /// Hits.
    pub hits: i64,
    /// Reports with data.
    pub reports: i64,
    /// Jobs that wait or run.
    pub jobs_open: i64,
    /// Jobs that are never tried again.
    pub jobs_poison: i64,
}

#[derive(sqlx::FromRow)]
struct LabelRow {
    id: i64,
    event_type: String,
    application: String,
    parameters: String,
    hits: i64,
    late_hits: i64,
    first_seen_ms: i64,
    last_seen_ms: i64,
}

/// Columns of a [`LabelRow`]; `totals` sums up the shards.
const LABELS: &str = "SELECT label.n AS id, event_type, application, parameters, first_seen_ms,
        coalesce(totals.last_ms, first_seen_ms) AS last_seen_ms, coalesce(totals.hits, 0) AS hits,
        CAST((SELECT coalesce(sum(count), 0) FROM late_hits WHERE late_hits.label = label.n) AS BIGINT) AS late_hits
    FROM label LEFT JOIN (SELECT label, CAST(sum(count) AS BIGINT) AS hits, max(last_ms) AS last_ms
                          FROM hits GROUP BY label) AS totals ON totals.label = label.n";
/// The same for one label, whose rows alone are summed up.
const ONE_LABEL: &str = "SELECT label.n AS id, event_type, application, parameters, first_seen_ms,
        coalesce((SELECT max(last_ms) FROM hits WHERE hits.label = label.n), first_seen_ms) AS last_seen_ms,
        CAST((SELECT coalesce(sum(count), 0) FROM hits WHERE hits.label = label.n) AS BIGINT) AS hits,
        CAST((SELECT coalesce(sum(count), 0) FROM late_hits WHERE late_hits.label = label.n) AS BIGINT) AS late_hits
    FROM label WHERE n = $1";

#[derive(sqlx::FromRow)]
struct JoinedReport {
    id: String,
    bucket: i64,
    event_type: String,
    application: String,
    parameters: String,
    machine: String,
    os: String,
    application_path: String,
    event_ms: Option<i64>,
    received_ms: i64,
    blob: String,
    cab_bytes: i64,
    job_state: String,
    job_error: String,
    reading: Option<String>,
}

impl Store {
    /// Buckets by hits, most first: page `page` (from 0) of [`MAX_BUCKETS_LISTED`] each.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn buckets(&self, page: u32, now_ms: i64) -> Result<Vec<BucketRow>, DbError> {
        self.buckets_of(None, page, now_ms).await
    }

    /// The same of one tenant; `None` = of all.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn buckets_of(
        &self,
        tenant: Option<i64>,
        page: u32,
        now_ms: i64,
    ) -> Result<Vec<BucketRow>, DbError> {
        let page = i64::from(page) * MAX_BUCKETS_LISTED;
        let text = format!(
            "{LABELS} WHERE CAST($3 AS BIGINT) IS NULL OR label.tenant = $3
             ORDER BY hits DESC, last_seen_ms DESC, label.n LIMIT $1 OFFSET $2"
        );
        let labels: Vec<LabelRow> =
            self.database.rows(sql(text).bind(MAX_BUCKETS_LISTED).bind(page).bind(tenant)).await?;
        let mut rows = Vec::with_capacity(labels.len());
        for label in labels {
            rows.push(self.bucket_row(label, now_ms).await?);
        }
        Ok(rows)
    }

    /// One bucket.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn bucket(&self, id: i64, now_ms: i64) -> Result<Option<BucketRow>, DbError> {
        let label: Option<LabelRow> = self.database.row(sql(ONE_LABEL).bind(id)).await?;
        match label {
            Some(label) => Ok(Some(self.bucket_row(label, now_ms).await?)),
            None => Ok(None),
        }
    }

    /// One report.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn report(&self, id: &str) -> Result<Option<ReportRow>, DbError> {
        let row: Option<JoinedReport> = self
            .database
            .row(
                sql("SELECT report.id, report.label AS bucket, event_type, application, parameters,
                        report.machine_name AS machine, os, application_path, event_ms, received_ms, blob,
                        blob.size_bytes AS cab_bytes, analysis.reading,
                        coalesce(job.state, 'done') AS job_state, coalesce(job.last_error, '') AS job_error
                     FROM report JOIN label ON label.n = report.label
                         JOIN blob ON blob.sha256 = report.blob LEFT JOIN analysis ON analysis.report = report.id
                         LEFT JOIN job ON job.id = (SELECT max(id) FROM job WHERE job.report = report.id)
                     WHERE report.id = $1")
                .bind(id),
            )
            .await?;
        row.map(ReportRow::try_from).transpose()
    }

    /// Totals.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn counts(&self) -> Result<Counts, DbError> {
        let counts = sql("SELECT (SELECT count(*) FROM label) AS buckets,
                    CAST((SELECT coalesce(sum(count), 0) FROM hits) AS BIGINT) AS hits,
                    (SELECT count(*) FROM report) AS reports,
                    (SELECT count(*) FROM job WHERE state = 'open') AS jobs_open,
                    (SELECT count(*) FROM job WHERE state = 'poison') AS jobs_poison");
        Ok(self.database.row(counts).await?.unwrap_or_default())
    }

    async fn bucket_row(&self, label: LabelRow, now_ms: i64) -> Result<BucketRow, DbError> {
        let trend = self.trend(label.id, now_ms).await?;
        let reports: Vec<(String,)> = self
            .database
            .rows(
                sql("SELECT id FROM report WHERE label = $1 ORDER BY received_ms DESC, id DESC LIMIT $2")
                    .bind(label.id)
                    .bind(MAX_REPORTS_LISTED),
            )
            .await?;
        let newest: Option<(Option<String>, Option<String>)> = self
            .database
            .row(
                sql("SELECT signature, top_function FROM analysis JOIN report ON report.id = analysis.report
                     WHERE report.label = $1 ORDER BY received_ms DESC, report.id DESC LIMIT 1")
                .bind(label.id),
            )
            .await?;
        let (signature, top_function) = newest.unwrap_or_default();
        Ok(BucketRow {
            id: label.id,
            event_type: label.event_type,
            application: label.application,
            parameters: parameters(&label.parameters)?,
            hits: label.hits,
            late_hits: label.late_hits,
            first_seen_ms: label.first_seen_ms,
            last_seen_ms: label.last_seen_ms,
            trend,
            reports: reports.into_iter().map(|(id,)| id).collect(),
            signature,
            top_function,
        })
    }

    async fn trend(&self, label: i64, now_ms: i64) -> Result<Vec<i64>, DbError> {
        let first = day_of(now_ms) - (TREND_DAYS as i64 - 1);
        let days: Vec<(i64, i64)> = self
            .database
            .rows(
                sql("SELECT day, CAST(sum(count) AS BIGINT) FROM hits WHERE label = $1 AND day >= $2 GROUP BY day")
                    .bind(label)
                    .bind(first),
            )
            .await?;
        let counts: HashMap<i64, i64> = days.into_iter().collect();
        Ok((first..).take(TREND_DAYS).map(|day| counts.get(&day).copied().unwrap_or(0)).collect())
    }
}

impl TryFrom<JoinedReport> for ReportRow {
    type Error = DbError;

    fn try_from(row: JoinedReport) -> Result<Self, DbError> {
        let reading = row.reading.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: row.id,
            bucket: row.bucket,
            event_type: row.event_type,
            application: row.application,
            parameters: parameters(&row.parameters)?,
            machine: row.machine,
            os: row.os,
            application_path: row.application_path,
            event_ms: row.event_ms.unwrap_or(row.received_ms),
            received_ms: row.received_ms,
            blob: row.blob,
            cab_bytes: row.cab_bytes,
            job_state: row.job_state,
            job_error: row.job_error,
            reading: reading.map_err(|_| DbError::Row("reading"))?,
        })
    }
}

fn parameters(json: &str) -> Result<Vec<Parameter>, DbError> {
    serde_json::from_str(json).map_err(|_| DbError::Row("parameter list"))
}
