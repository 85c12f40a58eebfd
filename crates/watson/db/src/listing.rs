//! Lists for programs: each is walked by a key that new rows do not move.

use crate::level1_body::body_numbers;
use crate::sql::sql;
use crate::{DbError, Level1Body, Store};

/// A place in a quota.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LeaseRow {
    /// Its number.
    pub id: i64,
    /// The bucket.
    pub label: i64,
    /// The data policy; 0 = the settings'.
    pub policy: i64,
    /// "open", "used", "spoiled", or "expired".
    pub state: String,
    /// Asked for with process memory.
    pub memory_dump: i64,
    /// The machine's name.
    pub machine_name: String,
    /// It came unasked.
    pub unasked: i64,
    /// Until when it is open.
    pub expires_ms: i64,
}

/// A report in a list.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ListedReport {
    /// Its id.
    pub id: String,
    /// Its bucket.
    pub label: i64,
    /// The product, as the client said.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The machine's name.
    pub machine_name: String,
    /// Its operating system.
    pub os: String,
    /// When it crashed.
    pub event_ms: Option<i64>,
    /// When its data came.
    pub received_ms: i64,
    /// Bytes of the dump or cab.
    pub size_bytes: i64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct JobRow {
    /// Its number.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// With which report.
    pub report: String,
    /// "open", "done", "poison".
    pub state: String,
    /// Times that it was begun.
    pub attempts: i64,
    /// When it is due.
    pub run_after_ms: i64,
    /// Until when somebody has it; 0 = nobody.
    pub lease_until_ms: i64,
    /// Why it failed last; empty = it did not.
    pub last_error: String,
}

/// A day of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LabelDay {
    /// The day, since 1970.
    pub day: i64,
    /// Exact.
    pub hits: i64,
    /// Reports that came on this day with an event time outside the window.
    pub late_hits: i64,
}

/// A file that came with a report.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ReportFileRow {
    /// Its place; 0 is the dump or cab itself.
    pub number: i64,
    /// Its name, as the client says.
    pub name: String,
    /// Its bytes.
    pub size_bytes: i64,
    /// Its blob.
    pub blob: String,
}

/// What a client said beside a report's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportExtras {
    /// Whose it is.
    pub tenant: i64,
    /// The product, as the client said.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Names and values.
    pub annotations: Vec<(String, String)>,
    /// Files.
    pub files: Vec<ReportFileRow>,
}

impl Store {
    /// Tenants: number, name, when it was made.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn tenants(&self) -> Result<Vec<(i64, String, i64)>, DbError> {
        self.database.rows(sql("SELECT id, name, made_ms FROM tenant ORDER BY id")).await
    }

    /// Whether there is such a tenant.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn has_tenant(&self, id: i64) -> Result<bool, DbError> {
        let row: Option<(i64,)> =
            self.database.row(sql("SELECT id FROM tenant WHERE id = $1").bind(id)).await?;
        Ok(row.is_some())
    }

    /// The tenant that a bucket is of.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn tenant_of_bucket(&self, bucket: i64) -> Result<Option<i64>, DbError> {
        let row: Option<(i64,)> =
            self.database.row(sql("SELECT tenant FROM label WHERE n = $1").bind(bucket)).await?;
        Ok(row.map(|(tenant,)| tenant))
    }

    /// Places of a bucket, newest first, below `before`.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn leases(
        &self,
        bucket: i64,
        before: Option<i64>,
        limit: i64,
        now_ms: i64,
    ) -> Result<Vec<LeaseRow>, DbError> {
        self.database
            .rows(
                sql("SELECT id, label, policy, memory_dump, machine_name, expires_ms,
                         CASE WHEN state = 'open' AND expires_ms <= $1 THEN 'expired' ELSE state END AS state,
                         CAST(CASE WHEN token IS NULL THEN 1 ELSE 0 END AS BIGINT) AS unasked
                     FROM lease WHERE label = $2 AND id < $3 ORDER BY id DESC LIMIT $4")
                .bind(now_ms)
                .bind(bucket)
                .bind(before.unwrap_or(i64::MAX))
                .bind(limit),
            )
            .await
    }

    /// Reports of a bucket, newest first, behind `after` (received, id).
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn reports_of_bucket(
        &self,
        bucket: i64,
        after: Option<(i64, String)>,
        limit: i64,
    ) -> Result<Vec<ListedReport>, DbError> {
        let (received_ms, id) = after.unwrap_or((i64::MAX, String::new()));
        self.database
            .rows(
                sql("SELECT id, label, product, version, machine_name, os, event_ms, received_ms,
                         coalesce(blob.size_bytes, 0) AS size_bytes
                     FROM report LEFT JOIN blob ON blob.sha256 = report.blob
                     WHERE label = $1 AND (received_ms < $2 OR (received_ms = $2 AND id < $3))
                     ORDER BY received_ms DESC, id DESC LIMIT $4")
                .bind(bucket)
                .bind(received_ms)
                .bind(id)
                .bind(limit),
            )
            .await
    }

    /// Jobs in a state, newest first, below `before`: of one tenant, or of all.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn jobs(
        &self,
        state: &str,
        tenant: Option<i64>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<JobRow>, DbError> {
        self.database
            .rows(
                sql("SELECT job.id, kind, report, state, attempts, run_after_ms, lease_until_ms, last_error
                     FROM job JOIN report ON report.id = job.report
                     WHERE state = $1 AND job.id < $2 AND (CAST($3 AS BIGINT) IS NULL OR tenant = $3)
                     ORDER BY job.id DESC LIMIT $4")
                .bind(state)
                .bind(before.unwrap_or(i64::MAX))
                .bind(tenant)
                .bind(limit),
            )
            .await
    }

    /// Days of a bucket that have hits, newest first, before the day `before`.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn days_of_bucket(
        &self,
        bucket: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<LabelDay>, DbError> {
        self.database
            .rows(
                sql("SELECT day, CAST(sum(hits) AS BIGINT) AS hits, CAST(sum(late_hits) AS BIGINT) AS late_hits
                     FROM (SELECT day, count AS hits, 0 AS late_hits FROM hits WHERE label = $1 AND day < $2
                           UNION ALL
                           SELECT day, 0 AS hits, count AS late_hits FROM late_hits WHERE label = $1 AND day < $2)
                         AS counts
                     GROUP BY day ORDER BY day DESC LIMIT $3")
                .bind(bucket)
                .bind(before.unwrap_or(i64::MAX))
                .bind(limit),
            )
            .await
    }

    /// What came beside a report's dump.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn report_extras(&self, id: &str) -> Result<Option<ReportExtras>, DbError> {
        let row: Option<(i64, String, String, String)> = self
            .database
            .row(sql("SELECT tenant, product, version, annotations FROM report WHERE id = $1").bind(id))
            .await?;
        let Some((tenant, product, version, annotations)) = row else { return Ok(None) };
        let files = self
            .database
            .rows(
                sql("SELECT number, name, size_bytes, blob FROM report_file WHERE report = $1 ORDER BY number")
                    .bind(id),
            )
            .await?;
        let annotations = serde_json::from_str(&annotations).map_err(|_| DbError::Row("annotations"))?;
        Ok(Some(ReportExtras { tenant, product, version, annotations, files }))
    }

    /// The level 1 body that a report came after, as it came.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn level1_body(&self, report: &str) -> Result<Option<Vec<u8>>, DbError> {
        let row: Option<(i64, Vec<u8>, i64, Option<i64>)> = self
            .database
            .row(sql("SELECT event_day, key16, received_ms, event_ms FROM report WHERE id = $1").bind(report))
            .await?;
        let Some((event_day, key16, received_ms, event_ms)) = row else { return Ok(None) };
        // Bodies have no index but their own order, which is that of their times: it came between crash and cab.
        let from_ms = event_ms.unwrap_or(received_ms).min(received_ms).saturating_sub(CLOCK_SLACK_MS);
        let first = self.first_raw_since(from_ms).await?;
        let last = self.first_raw_since(received_ms.saturating_add(CLOCK_SLACK_MS)).await?;
        let row: Option<(i64, Vec<u8>)> = self
            .database
            .row(
                sql("SELECT packing, body FROM raw
                     WHERE seq >= $1 AND seq <= $2 AND event_day = $3 AND key16 = $4 LIMIT 1")
                .bind(first)
                .bind(last)
                .bind(event_day)
                .bind(key16.as_slice()),
            )
            .await?;
        row.map(|(packing, bytes)| Level1Body::of_columns(packing, bytes).into_plain()).transpose()
    }

    /// The number of the first body that came at `ms` or later; beyond the last one, where none did.
    async fn first_raw_since(&self, ms: i64) -> Result<i64, DbError> {
        let Some((mut low, high)) = body_numbers(&self.database).await? else { return Ok(0) };
        let mut high = high + 1;
        while low < high {
            let middle = low + (high - low) / 2;
            let next =
                sql("SELECT seq, received_ms FROM raw WHERE seq >= $1 ORDER BY seq LIMIT 1").bind(middle);
            match self.database.row::<(i64, i64)>(next).await? {
                Some((seq, received_ms)) if received_ms < ms => low = seq + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// Clocks of machines and of several processes are not one.
const CLOCK_SLACK_MS: i64 = 10 * 60 * 1000;
