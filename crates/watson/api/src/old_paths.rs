//! Paths without a version, as they were at first. Their answers hold what those of `/api/v1` do.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use watson_db::time;

use crate::access::MayRead;
use crate::buckets::Bucket;
use crate::input::Query;
use crate::problem::Failure;
use crate::router::Api;

#[derive(Serialize)]
pub(crate) struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    page: u32,
}

/// `GET /api/buckets[?page=N]`.
pub(crate) async fn buckets(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Query(place): Query<Place>,
) -> Result<Json<Buckets>, Failure> {
    let rows = api.store.buckets_of(granted.tenant, place.page, time::now_ms()).await?;
    Ok(Json(Buckets { buckets: rows.into_iter().map(Bucket::from).collect() }))
}
