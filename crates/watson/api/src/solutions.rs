//! `/solutions`: what machines are told that report a crash, and which of them crash all the same.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watson_db::{Scope, SolutionRow, time};

use crate::access::{Granted, MayRead, MayWrite};
use crate::input::{Body, Path};
use crate::moment::Moment;
use crate::page::Page;
use crate::policies::Made;
use crate::problem::Failure;
use crate::router::Api;
use crate::scopes::{RuleBody, bucket_and_rule, changed, created, of_same_tenant, scope};

/// What a solution says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SolutionBody {
    /// Whose machines; the token's tenant, or the default one, where it is left out. It cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<i64>,
    /// The number of a bucket, or else `rule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleBody>,
    /// Where to read more: http or https; may be empty where there is a text.
    #[schema(max_length = 2000)]
    url: String,
    /// What to do; may be empty where there is a URL.
    #[schema(max_length = 4000)]
    text: String,
    /// The version that has the fix: a hit of it, or of a newer one, is a regression.
    #[schema(max_length = 64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_in: Option<String>,
}

/// A solution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Solution {
    id: i64,
    made: Moment,
    /// Hits of versions that should have the fix.
    regressions: i64,
    #[serde(flatten)]
    body: SolutionBody,
}

/// A version that was said to be fixed, and is reported all the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Regression {
    solution: i64,
    bucket: i64,
    version: String,
    count: i64,
    first: Moment,
    last: Moment,
}

/// List solutions
///
/// Newest first; all of them.
#[utoipa::path(get, path = "/api/v1/solutions", tag = "solutions", security(("token" = ["read"])),
    responses((status = 200, body = Page<Solution>)))]
pub(crate) async fn list_solutions(
    State(api): State<Api>,
    MayRead(granted): MayRead,
) -> Result<Json<Page<Solution>>, Failure> {
    let rows = api.store.solutions(granted.tenant).await?;
    Ok(Json(Page::whole(rows.into_iter().map(Solution::from).collect())))
}

/// Add a solution
///
/// The next machine that reports such a crash is told, by other processes within two seconds. Of several that fit, the
/// newest one of the bucket counts, else the newest rule.
#[utoipa::path(post, path = "/api/v1/solutions", tag = "solutions", security(("token" = ["write"])),
    request_body = SolutionBody, responses((status = 201, body = Made)))]
pub(crate) async fn add_solution(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Body(body): Body<SolutionBody>,
) -> Result<Response, Failure> {
    let tenant = granted.tenant_for(body.tenant)?;
    let (scope, solution) = body.parts(0)?;
    let id = api.store.add_solution(tenant, &scope, &solution, &granted.actor, time::now_ms()).await?;
    Ok(created("solutions", id))
}

/// Get a solution
#[utoipa::path(get, path = "/api/v1/solutions/{id}", tag = "solutions", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 200, body = Solution)))]
pub(crate) async fn get_solution(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
) -> Result<Json<Solution>, Failure> {
    Ok(Json(Solution::from(own(&api, &granted, id).await?)))
}

/// Change a solution
///
/// By a JSON merge patch: fields that are left out stay, null takes a field away.
#[utoipa::path(patch, path = "/api/v1/solutions/{id}", tag = "solutions", security(("token" = ["write"])),
    params(("id" = i64, Path, description = "Its number.")), request_body = SolutionBody,
    responses((status = 200, body = Solution)))]
pub(crate) async fn change_solution(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Path(id): Path<i64>,
    Body(change): Body<Value>,
) -> Result<Json<Solution>, Failure> {
    let row = own(&api, &granted, id).await?;
    let tenant = row.tenant;
    let body = changed(&SolutionBody::from(row), change)?;
    of_same_tenant(body.tenant, tenant)?;
    let (scope, solution) = body.parts(id)?;
    api.store.change_solution(tenant, &scope, &solution, &granted.actor, time::now_ms()).await?;
    Ok(Json(Solution::from(own(&api, &granted, id).await?)))
}

/// Remove a solution
///
/// With its regressions.
#[utoipa::path(delete, path = "/api/v1/solutions/{id}", tag = "solutions", security(("token" = ["write"])),
    params(("id" = i64, Path, description = "Its number.")), responses((status = 204)))]
pub(crate) async fn remove_solution(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Path(id): Path<i64>,
) -> Result<StatusCode, Failure> {
    own(&api, &granted, id).await?;
    api.store.remove_solution(id, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List regressions
///
/// Hits of versions that should have the fix, the last one first.
#[utoipa::path(get, path = "/api/v1/regressions", tag = "solutions", security(("token" = ["read"])),
    responses((status = 200, body = Page<Regression>)))]
pub(crate) async fn list_regressions(
    State(api): State<Api>,
    MayRead(granted): MayRead,
) -> Result<Json<Page<Regression>>, Failure> {
    let rows = api.store.regressions(granted.tenant).await?;
    let regression = |row: watson_db::Regression| Regression {
        solution: row.solution,
        bucket: row.bucket,
        version: row.version,
        count: row.count,
        first: Moment(row.first_ms),
        last: Moment(row.last_ms),
    };
    Ok(Json(Page::whole(rows.into_iter().map(regression).collect())))
}

async fn own(api: &Api, granted: &Granted, id: i64) -> Result<SolutionRow, Failure> {
    let row = api.store.solution(id).await?;
    row.filter(|row| granted.sees(row.tenant)).ok_or(Failure::Missing("solution"))
}

impl SolutionBody {
    fn parts(self, id: i64) -> Result<(Scope, watson_db::Solution), Failure> {
        let scope = scope(self.bucket, self.rule)?;
        Ok((scope, watson_db::Solution { id, url: self.url, text: self.text, fixed_in: self.fixed_in }))
    }
}

impl From<SolutionRow> for SolutionBody {
    fn from(row: SolutionRow) -> Self {
        let (bucket, rule) = bucket_and_rule(row.scope);
        let watson_db::Solution { url, text, fixed_in, .. } = row.solution;
        Self { tenant: Some(row.tenant), bucket, rule, url, text, fixed_in }
    }
}

impl From<SolutionRow> for Solution {
    fn from(row: SolutionRow) -> Self {
        Self {
            id: row.solution.id,
            made: Moment(row.made_ms),
            regressions: row.regressions,
            body: SolutionBody::from(row),
        }
    }
}
