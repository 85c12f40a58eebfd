//! `/audit`: who did what.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::access::MayAdmin;
use crate::input::Query;
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// An administrative act.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Act {
    /// From 1, without a gap.
    seq: i64,
    at: Moment,
    actor: String,
    /// "object.verb", such as "policy.add".
    act: String,
    /// To what.
    object: String,
    /// More of it, where there is more.
    #[schema(value_type = Option<Object>)]
    details: Value,
}

/// What a look at the whole chain found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// Rows that were looked at.
    rows: i64,
    /// The end of the chain, as SEQ:HASH. Keep it elsewhere, and give it as `known` later.
    head: String,
    /// Where the chain is broken, and why; null = it is whole.
    broken: Option<Break>,
}

/// Where a chain is broken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Break {
    seq: i64,
    why: String,
}

/// An end that was kept.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Known {
    /// `head` of an earlier look; it must still be in the chain.
    #[param(max_length = 100)]
    known: Option<String>,
}

/// List administrative acts
///
/// Oldest first; the cursor is the `seq` of the last one that is known.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", security(("token" = ["admin"])), params(Paging),
    responses((status = 200, body = Page<Act>)))]
pub(crate) async fn list_acts(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Act>>, Failure> {
    whole_server(&granted)?;
    let limit = paging.limit()?;
    let mut rows = api.store.audit_rows(paging.number()?.unwrap_or(0)).await?;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let page = Page::new(rows, limit, |row| row.seq.to_string());
    Ok(Json(page.map(|row| Act {
        seq: row.seq,
        at: Moment(row.at_ms),
        actor: row.actor,
        act: row.act,
        object: row.object,
        details: serde_json::from_str(&row.details).unwrap_or_default(),
    })))
}

/// Check the list of acts
///
/// Each row's hash covers those before it: whether any was changed, moved or taken out.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", security(("token" = ["admin"])),
    params(Known), responses((status = 200, body = Verdict)))]
pub(crate) async fn verify_acts(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Query(Known { known }): Query<Known>,
) -> Result<Json<Verdict>, Failure> {
    whole_server(&granted)?;
    let verdict = api.store.verify_audit(known.as_deref()).await?;
    let broken = verdict.broken.map(|found| Break { seq: found.seq, why: found.why });
    Ok(Json(Verdict { rows: verdict.rows, head: verdict.head, broken }))
}

/// Acts of all tenants stand in one chain.
pub(crate) fn whole_server(granted: &crate::access::Granted) -> Result<(), Failure> {
    if granted.tenant.is_some() { Err(Failure::OtherTenant) } else { Ok(()) }
}
