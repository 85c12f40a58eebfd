//! `/jobs`: analyses that wait, are done, or failed for good.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::MayRead;
use crate::input::Query;
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// The state of a job.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Waits or runs.
    #[default]
    Open,
    /// Done.
    Done,
    /// Failed for good.
    Poison,
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Those that are open, where it is left out.
    #[param(inline)]
    state: Option<State>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    id: i64,
    /// "analysis" of a cab, "dump" for one that came without.
    kind: String,
    report: String,
    state: String,
    /// Times that it was begun.
    attempts: i64,
    due: Moment,
    /// Until when a process has it; null = none has.
    held_until: Option<Moment>,
    /// Why it failed last; empty = it did not.
    error: String,
}

/// List jobs
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", security(("token" = ["read"])),
    params(Which, Paging), responses((status = 200, body = Page<Job>)))]
pub(crate) async fn list_jobs(
    axum::extract::State(api): axum::extract::State<Api>,
    MayRead(granted): MayRead,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Job>>, Failure> {
    let limit = paging.limit()?;
    let state = match which.state.unwrap_or_default() {
        State::Open => "open",
        State::Done => "done",
        State::Poison => "poison",
    };
    let rows = api.store.jobs(state, granted.tenant, paging.number()?, limit).await?;
    let page = Page::new(rows, limit, |row| row.id.to_string());
    Ok(Json(page.map(|row| Job {
        id: row.id,
        kind: row.kind,
        report: row.report,
        state: row.state,
        attempts: row.attempts,
        due: Moment(row.run_after_ms),
        held_until: (row.lease_until_ms > 0).then_some(Moment(row.lease_until_ms)),
        error: row.last_error,
    })))
}
