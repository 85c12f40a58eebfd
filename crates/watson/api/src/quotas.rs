//! `/quotas`: what senders may send, and what they have used.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::MayRead;
use crate::audit::whole_server;
use crate::problem::Failure;
use crate::router::Api;

/// Asks the process that takes reports.
pub type UsageReader = Arc<dyn Fn() -> Quotas + Send + Sync>;

/// Quotas in force, and what was used of them.
///
/// Counted by the process that answers, since its start: each process on a database counts for itself. Rates of one
/// source are in the settings (`[quotas]`); a product's rate is its `per_minute`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Quotas {
    /// Level 1 reports and questions that one source may send in a minute; 0 = no limit.
    pub reports_per_minute: u32,
    /// Uploads that one source may send in a minute; 0 = no limit.
    pub uploads_per_minute: u32,
    /// Minutes of it that one source may send at once.
    pub burst_minutes: u64,
    /// Sources that have used anything lately.
    pub sources: usize,
    /// Those that have used most of their allowance, 100 at most.
    pub busiest: Vec<SourceUse>,
    /// Products whose data is held to a rate, those with most crashes in this minute first, 100 at most.
    pub products: Vec<ProductUse>,
}

/// What one source has used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceUse {
    /// An address (IPv4), a network (IPv6), or "others": those for whom there was no place.
    pub source: String,
    /// "reports" or "uploads".
    pub of: &'static str,
    /// Requests that are used and not yet back.
    pub used: u64,
    /// Its whole allowance.
    pub allowance: u64,
}

/// What one product has sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductUse {
    /// Whose it is.
    pub tenant: i64,
    /// The product's number; null where nobody has made it.
    pub product: Option<i64>,
    /// What its senders call it, where nobody has made it.
    pub name: String,
    /// Crashes of this minute.
    pub this_minute: u64,
    /// Crashes of a usual minute.
    pub usual_per_minute: u64,
    /// What is taken in a minute unless the product has a `per_minute`: learnt from what is usual.
    pub learnt_limit: u64,
}

/// Get quotas
///
/// And what was used of them, as the process that answers has counted.
#[utoipa::path(get, path = "/api/v1/quotas", tag = "server", security(("token" = ["read"])),
    responses((status = 200, body = Quotas)))]
pub(crate) async fn get_quotas(
    State(api): State<Api>,
    MayRead(granted): MayRead,
) -> Result<Json<Quotas>, Failure> {
    whole_server(&granted)?;
    let usage = api.usage.as_ref().ok_or_else(|| {
        Failure::Conflict("only a running server counts what senders use, and none runs here".to_owned())
    })?;
    Ok(Json(usage()))
}
