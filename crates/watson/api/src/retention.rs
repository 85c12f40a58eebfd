//! `/retention`: how long what is kept, where the settings do not hold.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watson_db::retention::{Keep, KeepScope, Kept, RetentionRule};
use watson_db::time;

use crate::access::MayAdmin;
use crate::bucket_lists::own_bucket;
use crate::input::{Body, Path};
use crate::names::check_name;
use crate::page::Page;
use crate::policies::Made;
use crate::problem::Failure;
use crate::router::Api;

/// What a rule is about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// Reports with all their data.
    Reports,
    /// Level 1 bodies.
    Raw,
    /// Annotations and headers of reports, which themselves stay.
    Annotations,
}

/// What a rule says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionBody {
    /// The token's tenant, or the default one, where it is left out.
    tenant: Option<i64>,
    /// For one bucket, before all others; or
    bucket: Option<i64>,
    /// for one product, as reports name it; or, without both, for all of the tenant.
    #[schema(min_length = 1, max_length = 100)]
    product: Option<String>,
    what: What,
    /// Days since it came; for ever, where it is left out.
    #[schema(maximum = 36_500)]
    days: Option<u32>,
    /// The newest of each bucket; all, where it is left out. For reports only.
    count: Option<u32>,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionRuleView {
    id: i64,
    #[serde(flatten)]
    body: RetentionBody,
}

/// List retention rules
#[utoipa::path(get, path = "/api/v1/retention", tag = "retention", security(("token" = ["admin"])),
    responses((status = 200, body = Page<RetentionRuleView>)))]
pub(crate) async fn list_retention(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<RetentionRuleView>>, Failure> {
    let rows = api.store.retention_rules().await?;
    let own = rows.into_iter().filter(|row| granted.sees(row.tenant));
    Ok(Json(Page::whole(own.map(RetentionRuleView::from).collect())))
}

/// Set a retention rule
///
/// In the place of the one of the same tenant, scope and kind.
#[utoipa::path(post, path = "/api/v1/retention", tag = "retention", security(("token" = ["admin"])),
    request_body = RetentionBody, responses((status = 201, body = Made)))]
pub(crate) async fn set_retention(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Body(body): Body<RetentionBody>,
) -> Result<(StatusCode, Json<Made>), Failure> {
    let tenant = granted.tenant_for(body.tenant)?;
    let scope = match (body.bucket, body.product) {
        (Some(_), Some(_)) => return Err(Failure::invalid("bucket", "give a bucket or a product, not both")),
        (Some(bucket), None) => {
            if own_bucket(&api, &granted, bucket).await.is_err() {
                return Err(Failure::invalid("bucket", format!("there is no bucket {bucket}")));
            }
            KeepScope::Label(bucket)
        }
        (None, Some(product)) => {
            check_name("product", &product)?;
            KeepScope::Product(product)
        }
        (None, None) => KeepScope::All,
    };
    let what = match body.what {
        What::Reports => Kept::Reports,
        What::Raw => Kept::Raw,
        What::Annotations => Kept::Annotations,
    };
    let keep = Keep { days: body.days, count: body.count };
    let rule = RetentionRule { id: 0, tenant, scope, what, keep };
    let id = api.store.set_retention(&rule, &granted.actor, time::now_ms()).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Remove a retention rule
///
/// The next one that fits holds then, else the settings.
#[utoipa::path(delete, path = "/api/v1/retention/{id}", tag = "retention", security(("token" = ["admin"])),
    params(("id" = i64, Path, description = "Its number.")), responses((status = 204)))]
pub(crate) async fn remove_retention(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(id): Path<i64>,
) -> Result<StatusCode, Failure> {
    let rows = api.store.retention_rules().await?;
    if !rows.iter().any(|row| row.id == id && granted.sees(row.tenant)) {
        return Err(Failure::Missing("retention rule"));
    }
    api.store.remove_retention(id, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<RetentionRule> for RetentionRuleView {
    fn from(row: RetentionRule) -> Self {
        let (bucket, product) = match row.scope {
            KeepScope::Label(bucket) => (Some(bucket), None),
            KeepScope::Product(product) => (None, Some(product)),
            KeepScope::All => (None, None),
        };
        let what = match row.what {
            Kept::Reports => What::Reports,
            Kept::Raw => What::Raw,
            Kept::Annotations => What::Annotations,
        };
        let body = RetentionBody {
            tenant: Some(row.tenant),
            bucket,
            product,
            what,
            days: row.keep.days,
            count: row.keep.count,
        };
        Self { id: row.id, body }
    }
}
