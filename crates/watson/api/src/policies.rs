//! `/policies`: how many cabs of which crashes are collected, and what they hold.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watson_db::{DataPolicy, DataPolicyRow, Policy as Defaults, Quota, Wants, time};

use crate::access::{Granted, MayRead, MayWrite};
use crate::input::{Body, Path};
use crate::moment::Moment;
use crate::page::Page;
use crate::problem::Failure;
use crate::router::Api;
use crate::scopes::{RuleBody, bucket_and_rule, changed, created, of_same_tenant, scope};

/// What a data policy says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PolicyBody {
    /// Whose crashes; the token's tenant, or the default one, where it is left out. It cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<i64>,
    /// The number of a bucket, or else `rule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleBody>,
    /// Usable cabs that are wanted of each bucket. Must be given.
    #[schema(maximum = 10_000, example = 20)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cabs: Option<u32>,
    /// How many of them with process memory; 0 where it is left out.
    #[schema(maximum = 10_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_dumps: Option<u32>,
    /// Cabs of one machine per bucket; 1 where it is left out.
    #[schema(minimum = 1, maximum = 10_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    per_machine: Option<u32>,
    /// Useless cabs of a bucket after which it asks for no more; 10 where it is left out.
    #[schema(maximum = 10_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_spoiled: Option<u32>,
    /// When it ends; without it, it ends when the cabs are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
    /// "mini", "heap", "full" or "triage"; empty = the machine's choice.
    #[schema(max_length = 16)]
    dump_type: String,
    /// Paths of files that the cab should hold.
    #[schema(max_items = 32)]
    files: Vec<String>,
    /// Files whose version is wanted.
    #[schema(max_items = 32)]
    file_versions: Vec<String>,
    /// Registry keys or settings.
    #[schema(max_items = 32)]
    keys: Vec<String>,
    /// Queries (WQL).
    #[schema(max_items = 32)]
    queries: Vec<String>,
}

/// What has become of what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Leases {
    /// May still come.
    open: i64,
    /// Here, and of use.
    used: i64,
    /// Came, and was useless.
    spoiled: i64,
    /// Never came.
    expired: i64,
}

/// A data policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    id: i64,
    made: Moment,
    /// Its time is over: it asks for nothing.
    over: bool,
    /// All its buckets together.
    leases: Leases,
    #[serde(flatten)]
    body: PolicyBody,
}

/// What is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Made {
    /// Its number.
    pub(crate) id: i64,
}

/// List data policies
///
/// Newest first; all of them.
#[utoipa::path(get, path = "/api/v1/policies", tag = "policies", security(("token" = ["read"])),
    responses((status = 200, body = Page<Policy>)))]
pub(crate) async fn list_policies(
    State(api): State<Api>,
    MayRead(granted): MayRead,
) -> Result<Json<Page<Policy>>, Failure> {
    let now_ms = time::now_ms();
    let rows = api.store.policies(granted.tenant, now_ms).await?;
    Ok(Json(Page::whole(rows.into_iter().map(|row| Policy::new(row, now_ms)).collect())))
}

/// Add a data policy
///
/// In force at once here, and within two seconds in other processes. Of several that fit a crash the newest one of its
/// bucket counts, else the newest rule, else the settings.
#[utoipa::path(post, path = "/api/v1/policies", tag = "policies", security(("token" = ["write"])),
    request_body = PolicyBody, responses((status = 201, body = Made)))]
pub(crate) async fn add_policy(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Body(body): Body<PolicyBody>,
) -> Result<Response, Failure> {
    let tenant = granted.tenant_for(body.tenant)?;
    let id = api.store.add_policy(&body.policy(tenant)?, &granted.actor, time::now_ms()).await?;
    Ok(created("policies", id))
}

/// Get a data policy
#[utoipa::path(get, path = "/api/v1/policies/{id}", tag = "policies", security(("token" = ["read"])),
    params(("id" = i64, Path, description = "Its number.")),
    responses((status = 200, body = Policy)))]
pub(crate) async fn get_policy(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(id): Path<i64>,
) -> Result<Json<Policy>, Failure> {
    Ok(Json(Policy::new(own(&api, &granted, id).await?, time::now_ms())))
}

/// Change a data policy
///
/// By a JSON merge patch: fields that are left out stay, null takes a field back to what it is when it is left out.
#[utoipa::path(patch, path = "/api/v1/policies/{id}", tag = "policies", security(("token" = ["write"])),
    params(("id" = i64, Path, description = "Its number.")), request_body = PolicyBody,
    responses((status = 200, body = Policy)))]
pub(crate) async fn change_policy(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Path(id): Path<i64>,
    Body(change): Body<Value>,
) -> Result<Json<Policy>, Failure> {
    let row = own(&api, &granted, id).await?;
    let tenant = row.policy.tenant;
    let body = changed(&PolicyBody::from(row.policy), change)?;
    of_same_tenant(body.tenant, tenant)?;
    api.store.change_policy(id, &body.policy(tenant)?, &granted.actor, time::now_ms()).await?;
    Ok(Json(Policy::new(own(&api, &granted, id).await?, time::now_ms())))
}

/// Remove a data policy
///
/// Cabs that it has asked for are still taken while their leases last.
#[utoipa::path(delete, path = "/api/v1/policies/{id}", tag = "policies", security(("token" = ["write"])),
    params(("id" = i64, Path, description = "Its number.")), responses((status = 204)))]
pub(crate) async fn remove_policy(
    State(api): State<Api>,
    MayWrite(granted): MayWrite,
    Path(id): Path<i64>,
) -> Result<StatusCode, Failure> {
    own(&api, &granted, id).await?;
    api.store.remove_policy(id, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What another tenant has is as if it were not.
async fn own(api: &Api, granted: &Granted, id: i64) -> Result<DataPolicyRow, Failure> {
    let row = api.store.policy(id, time::now_ms()).await?;
    row.filter(|row| granted.sees(row.policy.tenant)).ok_or(Failure::Missing("data policy"))
}

impl PolicyBody {
    fn policy(self, tenant: i64) -> Result<DataPolicy, Failure> {
        let wanted =
            self.cabs.ok_or_else(|| Failure::invalid("cabs", "say how many cabs each bucket should have"))?;
        Ok(DataPolicy {
            tenant,
            scope: scope(self.bucket, self.rule)?,
            quota: Quota {
                wanted,
                memory_dumps: self.memory_dumps.unwrap_or(0),
                max_spoiled: self.max_spoiled.unwrap_or(Defaults::DEFAULT_MAX_SPOILED),
                per_machine: self.per_machine.unwrap_or(Defaults::DEFAULT_CABS_PER_MACHINE),
            },
            wants: Wants {
                dump_type: self.dump_type,
                files: self.files,
                file_versions: self.file_versions,
                keys: self.keys,
                queries: self.queries,
            },
            until_ms: self.until.map(|Moment(ms)| ms),
        })
    }
}

impl From<DataPolicy> for PolicyBody {
    fn from(policy: DataPolicy) -> Self {
        let (bucket, rule) = bucket_and_rule(policy.scope);
        Self {
            tenant: Some(policy.tenant),
            bucket,
            rule,
            cabs: Some(policy.quota.wanted),
            memory_dumps: Some(policy.quota.memory_dumps),
            per_machine: Some(policy.quota.per_machine),
            max_spoiled: Some(policy.quota.max_spoiled),
            until: policy.until_ms.map(Moment),
            dump_type: policy.wants.dump_type,
            files: policy.wants.files,
            file_versions: policy.wants.file_versions,
            keys: policy.wants.keys,
            queries: policy.wants.queries,
        }
    }
}

impl Policy {
    fn new(row: DataPolicyRow, now_ms: i64) -> Self {
        let leases = Leases {
            open: row.leases.open,
            used: row.leases.used,
            spoiled: row.leases.spoiled,
            expired: row.leases.expired,
        };
        let over = row.policy.until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        Self { id: row.id, made: Moment(row.made_ms), over, leases, body: PolicyBody::from(row.policy) }
    }
}
