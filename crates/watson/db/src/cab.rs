//! Level 2: a cab arrives for a token. Its blob is on disk before the rows say so; rows and job come in one commit.

use sqlx::{Sqlite, Transaction};

use crate::hit::taken;
use crate::job::ANALYSIS;
use crate::{BlobRef, DbError, Store};

/// A token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CabTicket {
    /// The lease's row.
    pub(crate) lease: i64,
    /// Its bucket.
    pub bucket: i64,
    /// What is here already: the report and its blob's name.
    pub here: Option<(String, String)>,
}

/// What became of a cab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CabOutcome {
    /// It is a report now, and waits for analysis.
    Stored {
        /// The report's id.
        report: String,
    },
    /// The same bytes were here.
    AlreadyHere {
        /// The report's id.
        report: String,
    },
    /// Other bytes were here; these were not taken.
    Different,
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    id: i64,
    label: i64,
    state: String,
    expires_ms: i64,
}

impl Store {
    /// Looks a token up. `None`: never given, or expired while its place went to another machine.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn cab_ticket(&self, token: &str, now_ms: i64) -> Result<Option<CabTicket>, DbError> {
        let mut tx = self.write().await?;
        let Some(lease) = lease_of(&mut tx, token).await? else { return Ok(None) };
        let here = report_of(&mut tx, lease.id).await?;
        let room = lease.state == "open"
            && (lease.expires_ms > now_ms
                || self.policy.wish(taken(&mut tx, lease.label, now_ms).await?).is_some());
        if here.is_none() && !room {
            return Ok(None);
        }
        Ok(Some(CabTicket { lease: lease.id, bucket: lease.label, here }))
    }

    /// Makes a report of a blob that is on disk, and an analysis job. Committed on return.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn commit_cab(
        &self,
        ticket: &CabTicket,
        blob: &BlobRef,
        now_ms: i64,
    ) -> Result<CabOutcome, DbError> {
        let mut tx = self.write().await?;
        if let Some((report, sha256)) = report_of(&mut tx, ticket.lease).await? {
            let same = sha256 == blob.sha256;
            return Ok(if same { CabOutcome::AlreadyHere { report } } else { CabOutcome::Different });
        }
        let report = uuid::Uuid::now_v7().to_string();
        insert_report(&mut tx, ticket, blob, &report, now_ms).await?;
        sqlx::query(
            "INSERT INTO job (kind, report, state, run_after_ms, lease_until_ms, attempts, last_error)
             VALUES (?, ?, 'open', ?, 0, 0, '')",
        )
        .bind(ANALYSIS)
        .bind(&report)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE lease SET state = 'used' WHERE id = ?")
            .bind(ticket.lease)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(CabOutcome::Stored { report })
    }
}

async fn lease_of(tx: &mut Transaction<'static, Sqlite>, token: &str) -> Result<Option<LeaseRow>, DbError> {
    Ok(sqlx::query_as("SELECT id, label, state, expires_ms FROM lease WHERE token = ?")
        .bind(token)
        .fetch_optional(&mut **tx)
        .await?)
}

async fn report_of(
    tx: &mut Transaction<'static, Sqlite>,
    lease: i64,
) -> Result<Option<(String, String)>, DbError> {
    Ok(sqlx::query_as("SELECT id, blob FROM report WHERE lease = ?")
        .bind(lease)
        .fetch_optional(&mut **tx)
        .await?)
}

async fn insert_report(
    tx: &mut Transaction<'static, Sqlite>,
    ticket: &CabTicket,
    blob: &BlobRef,
    report: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO blob (sha256, size_bytes, stored_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(&blob.sha256)
        .bind(i64::try_from(blob.size_bytes).unwrap_or(i64::MAX))
        .bind(now_ms)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO report (id, lease, label, blob, received_ms) VALUES (?, ?, ?, ?, ?)")
        .bind(report)
        .bind(ticket.lease)
        .bind(ticket.bucket)
        .bind(&blob.sha256)
        .bind(now_ms)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
