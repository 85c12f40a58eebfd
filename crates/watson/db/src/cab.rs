//! Level 2: a cab arrives for a token. Its blob is on disk before the rows say so; rows and job come in one commit.

use crate::job::{ANALYSIS, ANALYSIS_OF_DUMPS, insert_job};
use crate::key::RowKey;
use crate::lease::lock_label;
use crate::limits::UPLOAD_HOLD_MS;
use crate::orders::Orders;
use crate::report::{NewReport, insert_report};
use crate::sql::{Tx, sql};
use crate::taken::taken_places;
use crate::{BlobRef, DbError, Store};

/// A token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CabTicket {
    /// The lease's row.
    pub(crate) lease: i64,
    /// Its bucket.
    pub bucket: i64,
    /// Whose it is.
    pub tenant: i64,
    /// The product by which rules are looked up: the key's, else the application's name.
    pub product: String,
    /// What is here already: the report and its blob's name.
    pub here: Option<(String, String)>,
    /// When the lease would end without the upload, and until when its place is held for it.
    pub(crate) expires_ms: [i64; 2],
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
    /// It came so late that its place went to another machine.
    NotWanted,
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    id: i64,
    label: i64,
    policy: i64,
    event_day: i64,
    key16: Vec<u8>,
    machine: Vec<u8>,
    state: String,
    expires_ms: i64,
    late: i64,
    tenant: i64,
    machine_name: String,
    os: String,
    application_path: String,
    event_ms: Option<i64>,
    product: String,
    application: String,
}

impl Store {
    /// Looks a token up and holds its place while the cab is on its way. `None`: never given, or expired while its
    /// place went to another machine.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn cab_ticket(&self, token: &str, now_ms: i64) -> Result<Option<CabTicket>, DbError> {
        let orders = self.hits.orders(now_ms).await?;
        let mut tx = self.database.begin().await?;
        let Some(lease) = lease_by_token(&mut tx, token).await? else { return Ok(None) };
        let here = report_of(&mut tx, &lease).await?;
        let mut held_until_ms = lease.expires_ms;
        if here.is_none() {
            if !self.has_place(&mut tx, &lease, &orders, now_ms).await? {
                return Ok(None);
            }
            held_until_ms = lease.expires_ms.max(now_ms.saturating_add(UPLOAD_HOLD_MS));
            tx.execute(
                sql("UPDATE lease SET expires_ms = $1 WHERE id = $2 AND state = 'open'")
                    .bind(held_until_ms)
                    .bind(lease.id),
            )
            .await?;
            tx.commit().await?;
        }
        let expires_ms = [lease.expires_ms, held_until_ms];
        let LeaseRow { id, label, tenant, product, application, .. } = lease;
        let product = if product.is_empty() { application } else { product };
        Ok(Some(CabTicket { lease: id, bucket: label, tenant, product, here, expires_ms }))
    }

    /// Lets the place of a cab go that did not come whole: its lease ends when it would have without the upload, so that
    /// the machine may try again until then, and another one is asked afterwards.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn let_cab_go(&self, ticket: &CabTicket) -> Result<(), DbError> {
        let [expires_ms, held_until_ms] = ticket.expires_ms;
        let mut tx = self.database.begin().await?;
        tx.execute(
            // A hold of another upload, which began later, is left to that one.
            sql("UPDATE lease SET expires_ms = $1 WHERE id = $2 AND state = 'open' AND expires_ms = $3")
                .bind(expires_ms)
                .bind(ticket.lease)
                .bind(held_until_ms),
        )
        .await?;
        tx.commit().await
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
        self.deliver(ticket, ANALYSIS, vec![(String::new(), blob.clone())], now_ms).await
    }

    /// The same for files that came apart, the dump first: what does not fit into a cab.
    ///
    /// # Errors
    /// [`DbError::NoDump`] without a file; [`DbError::Sql`].
    pub async fn commit_files(
        &self,
        ticket: &CabTicket,
        files: Vec<(String, BlobRef)>,
        now_ms: i64,
    ) -> Result<CabOutcome, DbError> {
        self.deliver(ticket, ANALYSIS_OF_DUMPS, files, now_ms).await
    }

    async fn deliver(
        &self,
        ticket: &CabTicket,
        job: &'static str,
        files: Vec<(String, BlobRef)>,
        now_ms: i64,
    ) -> Result<CabOutcome, DbError> {
        let Some((_, main)) = files.first() else { return Err(DbError::NoDump) };
        let orders = self.hits.orders(now_ms).await?;
        let mut tx = self.database.begin().await?;
        lock_label(&mut tx, ticket.bucket).await?;
        let Some(lease) = lease_by_id(&mut tx, ticket.lease).await? else { return Ok(CabOutcome::NotWanted) };
        if let Some((report, sha256)) = report_of(&mut tx, &lease).await? {
            let same = sha256 == main.sha256;
            return Ok(if same { CabOutcome::AlreadyHere { report } } else { CabOutcome::Different });
        }
        if !self.has_place(&mut tx, &lease, &orders, now_ms).await? {
            return Ok(CabOutcome::NotWanted);
        }
        let report = insert_report(&mut tx, &new_report(&lease, files)?, now_ms).await?;
        insert_job(&mut tx, job, &report, now_ms).await?;
        tx.execute(sql("UPDATE lease SET state = 'used' WHERE id = $1").bind(lease.id)).await?;
        tx.commit().await?;
        Ok(CabOutcome::Stored { report })
    }

    /// Whether a lease's place is still its own, or free again. Holds the label.
    async fn has_place(
        &self,
        tx: &mut Tx,
        lease: &LeaseRow,
        orders: &Orders,
        now_ms: i64,
    ) -> Result<bool, DbError> {
        if lease.state != "open" {
            return Ok(false);
        }
        lock_label(tx, lease.label).await?;
        if lease.expires_ms > now_ms {
            return Ok(true);
        }
        let taken = taken_places(tx, vec![lease.label], std::iter::empty(), now_ms).await?.counts;
        let taken = taken.get(&(lease.label, lease.policy)).map(|(taken, _)| *taken).unwrap_or_default();
        Ok(orders.quota(lease.policy).unwrap_or_else(|| self.hits.policy.quota()).has_room(taken))
    }
}

fn new_report(lease: &LeaseRow, files: Vec<(String, BlobRef)>) -> Result<NewReport<'_>, DbError> {
    let key16 = lease.key16.as_slice().try_into().map_err(|_| DbError::Row("key"))?;
    Ok(NewReport {
        tenant: lease.tenant,
        product: &lease.product,
        version: "",
        label: lease.label,
        row: RowKey { event_day: lease.event_day, key16 },
        late: lease.late != 0,
        machine: &lease.machine,
        machine_name: &lease.machine_name,
        os: &lease.os,
        application_path: &lease.application_path,
        event_ms: lease.event_ms,
        annotations: "[]",
        headers: "[]",
        files,
    })
}

const LEASE: &str =
    "SELECT id, label, policy, event_day, key16, machine, state, expires_ms, late, tenant, machine_name,
    os, application_path, event_ms, product,
    coalesce((SELECT application FROM label WHERE label.n = lease.label), '') AS application FROM lease WHERE";

async fn lease_by_token(tx: &mut Tx, token: &str) -> Result<Option<LeaseRow>, DbError> {
    tx.row(sql(format!("{LEASE} token = $1")).bind(token)).await
}

async fn lease_by_id(tx: &mut Tx, id: i64) -> Result<Option<LeaseRow>, DbError> {
    tx.row(sql(format!("{LEASE} id = $1")).bind(id)).await
}

async fn report_of(tx: &mut Tx, lease: &LeaseRow) -> Result<Option<(String, String)>, DbError> {
    tx.row(
        sql("SELECT id, blob FROM report WHERE event_day = $1 AND key16 = $2")
            .bind(lease.event_day)
            .bind(lease.key16.as_slice()),
    )
    .await
}
