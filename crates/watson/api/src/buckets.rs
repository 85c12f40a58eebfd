//! `/buckets`: what crashes, how often, since when.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use watson_db::{BucketRow, time};
use wer_model::Parameter;

use crate::access::MayRead;
use crate::bucket_lists::own_bucket;
use crate::input::{Path, Query};
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// A name and a value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pair {
    name: String,
    value: String,
}

/// A bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bucket {
    /// Its number: positive, 31 bits, for ever.
    id: i64,
    event_type: String,
    /// Application of the first hit.
    application: String,
    parameters: Vec<Pair>,
    /// Crashes, each counted once.
    hits: i64,
    /// Crashes whose event time lies outside the window; no part of `hits`.
    late_hits: i64,
    /// Received.
    first_seen: Moment,
    /// Received.
    last_seen: Moment,
    /// Hits of the last 30 days, today last.
    trend: Vec<i64>,
    /// Ids of reports with data, newest first, at most 100.
    reports: Vec<String>,
    /// Of the newest analysed report.
    signature: Option<String>,
    /// Function that it blames.
    top_function: Option<String>,
}

/// List buckets
///
/// Most crashes first.
#[utoipa::path(get, path = "/api/v1/buckets", tag = "buckets", params(Paging), security(("token" = ["read"])),
    responses((status = 200, body = Page<Bucket>)))]
pub(crate) async fn list_buckets(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Bucket>>, Failure> {
    let page = paging.number()?.unwrap_or(0);
    let number = u32::try_from(page).map_err(|_| Failure::Malformed("cursor: out of range".to_owned()))?;
    let rows = api.store.buckets_of(granted.tenant, number, time::now_ms()).await?;
    let more = rows.len() as i64 >= watson_db::limits::MAX_BUCKETS_LISTED;
    let next = more.then(|| page.saturating_add(1).to_string());
    Ok(Json(Page { items: rows.into_iter().map(Bucket::from).collect(), next }))
}

/// Get a bucket
#[utoipa::path(get, path = "/api/v1/buckets/{id}", tag = "buckets", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "The bucket's number.")),
    responses((status = 200, body = Bucket)))]
pub(crate) async fn get_bucket(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
) -> Result<Json<Bucket>, Failure> {
    own_bucket(&api, &granted, id).await?;
    let row = api.store.bucket(id, time::now_ms()).await?.ok_or(Failure::Missing("bucket"))?;
    Ok(Json(Bucket::from(row)))
}

pub(crate) fn pairs(parameters: Vec<Parameter>) -> Vec<Pair> {
    parameters.into_iter().map(|Parameter { name, value }| Pair { name, value }).collect()
}

impl From<(String, String)> for Pair {
    fn from((name, value): (String, String)) -> Self {
        Self { name, value }
    }
}

impl From<BucketRow> for Bucket {
    fn from(row: BucketRow) -> Self {
        Self {
            id: row.id,
            event_type: row.event_type,
            application: row.application,
            parameters: pairs(row.parameters),
            hits: row.hits,
            late_hits: row.late_hits,
            first_seen: Moment(row.first_seen_ms),
            last_seen: Moment(row.last_seen_ms),
            trend: row.trend,
            reports: row.reports,
            signature: row.signature,
            top_function: row.top_function,
        }
    }
}
