//! What belongs to one bucket: its days, its places in the quota, its reports.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use watson_db::time;

use crate::access::{Granted, MayRead};
use crate::input::{Path, Query};
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// A day of a bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Day {
    /// By the crashes' own time, UTC.
    #[schema(format = Date)]
    date: String,
    /// Exact.
    hits: i64,
    /// Reports that came on this day with an event time outside the window.
    late_hits: i64,
}

/// A place in a bucket's quota.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lease {
    id: i64,
    /// The data policy; 0 = the settings.
    policy: i64,
    /// "open": asked for; "used": here; "spoiled": came and was useless; "expired": never came.
    state: String,
    /// Asked for with process memory.
    memory_dump: bool,
    /// It came without having been asked for.
    unasked: bool,
    machine: String,
    /// Until when it is open.
    expires: Moment,
}

/// A report in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedReport {
    id: String,
    bucket: i64,
    /// As the client said.
    product: String,
    version: String,
    machine: String,
    os: String,
    /// By the machine's clock; null where it does not say.
    event_time: Option<Moment>,
    received: Moment,
    /// Of the dump or cab.
    size_bytes: i64,
}

/// List a bucket's days
///
/// Those with hits, newest first.
#[utoipa::path(get, path = "/api/v1/buckets/{id}/days", tag = "buckets", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "The bucket's number."), Paging),
    responses((status = 200, body = Page<Day>)))]
pub(crate) async fn list_days(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Day>>, Failure> {
    own_bucket(&api, &granted, id).await?;
    let limit = paging.limit()?;
    let rows = api.store.days_of_bucket(id, paging.number()?, limit).await?;
    let page = Page::new(rows, limit, |row| row.day.to_string());
    Ok(Json(page.map(|row| Day { date: Moment::date(row.day), hits: row.hits, late_hits: row.late_hits })))
}

/// List a bucket's leases
///
/// Places in its quota, newest first: which machines were asked, and what has become of it.
#[utoipa::path(get, path = "/api/v1/buckets/{id}/leases", tag = "buckets", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "The bucket's number."), Paging),
    responses((status = 200, body = Page<Lease>)))]
pub(crate) async fn list_leases(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Lease>>, Failure> {
    own_bucket(&api, &granted, id).await?;
    let limit = paging.limit()?;
    let rows = api.store.leases(id, paging.number()?, limit, time::now_ms()).await?;
    let page = Page::new(rows, limit, |row| row.id.to_string());
    Ok(Json(page.map(|row| Lease {
        id: row.id,
        policy: row.policy,
        state: row.state,
        memory_dump: row.memory_dump != 0,
        unasked: row.unasked != 0,
        machine: row.machine_name,
        expires: Moment(row.expires_ms),
    })))
}

/// List a bucket's reports
///
/// Those with data, newest first.
#[utoipa::path(get, path = "/api/v1/buckets/{id}/reports", tag = "reports", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "The bucket's number."), Paging),
    responses((status = 200, body = Page<ListedReport>)))]
pub(crate) async fn list_reports(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ListedReport>>, Failure> {
    own_bucket(&api, &granted, id).await?;
    let limit = paging.limit()?;
    let rows = api.store.reports_of_bucket(id, paging.time_and_id()?, limit).await?;
    let page = Page::new(rows, limit, |row| format!("{}_{}", row.received_ms, row.id));
    Ok(Json(page.map(|row| ListedReport {
        id: row.id,
        bucket: row.label,
        product: row.product,
        version: row.version,
        machine: row.machine_name,
        os: row.os,
        event_time: row.event_ms.map(Moment),
        received: Moment(row.received_ms),
        size_bytes: row.size_bytes,
    })))
}

/// What another tenant has is as if it were not.
pub(crate) async fn own_bucket(api: &Api, granted: &Granted, id: i64) -> Result<(), Failure> {
    let tenant = api.store.tenant_of_bucket(id).await?;
    tenant.filter(|tenant| granted.sees(*tenant)).map(|_| ()).ok_or(Failure::Missing("bucket"))
}
