//! `/storage`: what is kept, and how the last sweep and the last check of it went.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use watson_db::last_run::{FSCK, SWEEP};
use watson_db::{FsckOptions, time};

use crate::access::{MayAdmin, MayRead};
use crate::audit::whole_server;
use crate::limits::FSCK_GRACE_MS;
use crate::moment::Moment;
use crate::problem::Failure;
use crate::router::Api;

/// What is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Storage {
    buckets: i64,
    /// Crashes, each counted once.
    hits: i64,
    /// Reports with data.
    reports: i64,
    /// Blobs that rows know.
    blobs: i64,
    /// Their bytes.
    blob_bytes: i64,
    /// The last removal of bytes that nothing names, once an hour by each process; null = there was none.
    sweep: Option<Run>,
    /// The last check, by `watson fsck` or by this API; null = there was none.
    fsck: Option<Run>,
    /// A check that this API began runs in this process.
    fsck_running: bool,
}

/// A run that has ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    ended: Moment,
    /// Numbers. Of a sweep: `removed`, `removed_bytes`, `unfinished`. Of a check: `blobs`, `hashed_bytes`, `wrong`, and `found` by
    /// kind.
    #[schema(value_type = Object)]
    result: Value,
}

/// What became of the wish.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    /// False: one runs already.
    begun: bool,
}

/// Get what is kept
///
/// Counts, bytes, and how the last sweep and the last check went.
#[utoipa::path(get, path = "/api/v1/storage", tag = "server", security(("token" = ["read"])),
    responses((status = 200, body = Storage)))]
pub(crate) async fn get_storage(
    State(api): State<Api>,
    MayRead(granted): MayRead,
) -> Result<Json<Storage>, Failure> {
    whole_server(&granted)?;
    let counts = api.store.counts().await?;
    let now = api.store.operations(time::now_ms()).await?;
    Ok(Json(Storage {
        buckets: counts.buckets,
        hits: counts.hits,
        reports: counts.reports,
        blobs: now.blobs,
        blob_bytes: now.blob_bytes,
        sweep: last(&api, SWEEP).await?,
        fsck: last(&api, FSCK).await?,
        fsck_running: api.fsck_runs.load(Ordering::Acquire),
    }))
}

async fn last(api: &Api, name: &str) -> Result<Option<Run>, Failure> {
    let run = api.store.last_run(name).await?;
    Ok(run.map(|run| Run { ended: Moment(run.at_ms), result: run.result }))
}

/// Check what is kept
///
/// Compares rows and blobs, counters, leases and jobs, beside the running server. It changes nothing and reads no blob's
/// bytes; `watson fsck --hash` and `--repair` do, on a store that no server has open. `GET /api/v1/storage` tells how it went.
#[utoipa::path(post, path = "/api/v1/storage/fsck", tag = "server", security(("token" = ["admin"])),
    responses((status = 202, body = Begun)))]
pub(crate) async fn begin_fsck(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<(StatusCode, Json<Begun>), Failure> {
    whole_server(&granted)?;
    let begun = !api.fsck_runs.swap(true, Ordering::AcqRel);
    if begun {
        let (store, runs) = (Arc::clone(&api.store), Arc::clone(&api.fsck_runs));
        tokio::spawn(async move {
            let options = FsckOptions { hash: false, repair: false, grace_ms: FSCK_GRACE_MS };
            let ended = async {
                let report = store.fsck(&options, time::now_ms()).await?;
                store.keep_fsck(&report, time::now_ms()).await
            };
            if let Err(error) = ended.await {
                tracing::error!(error = %error, "what is kept could not be checked");
            }
            runs.store(false, Ordering::Release);
        });
    }
    Ok((StatusCode::ACCEPTED, Json(Begun { begun })))
}
