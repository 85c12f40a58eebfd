//! `/tenants`: whose reports are kept apart.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watson_db::time;

use crate::access::MayAdmin;
use crate::audit::whole_server;
use crate::input::Body;
use crate::moment::Moment;
use crate::names::check_name;
use crate::page::Page;
use crate::policies::Made;
use crate::problem::Failure;
use crate::router::Api;

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    id: i64,
    name: String,
    made: Moment,
}

/// What a new tenant is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// A tenant that is named must be there.
pub(crate) async fn known_tenant(api: &Api, tenant: Option<i64>) -> Result<(), Failure> {
    match tenant {
        Some(tenant) if !api.store.has_tenant(tenant).await? => {
            Err(Failure::invalid("tenant", format!("there is no tenant {tenant}")))
        }
        _ => Ok(()),
    }
}

/// List tenants
#[utoipa::path(get, path = "/api/v1/tenants", tag = "tenants", security(("token" = ["admin"])),
    responses((status = 200, body = Page<Tenant>)))]
pub(crate) async fn list_tenants(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<Tenant>>, Failure> {
    let rows = api.store.tenants().await?;
    let own = rows.into_iter().filter(|(id, ..)| granted.sees(*id));
    let tenant = |(id, name, made_ms)| Tenant { id, name, made: Moment(made_ms) };
    Ok(Json(Page::whole(own.map(tenant).collect())))
}

/// Add a tenant
///
/// One that is there already is answered with its number.
#[utoipa::path(post, path = "/api/v1/tenants", tag = "tenants", security(("token" = ["admin"])),
    request_body = NewTenant, responses((status = 201, body = Made)))]
pub(crate) async fn add_tenant(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Body(body): Body<NewTenant>,
) -> Result<(StatusCode, Json<Made>), Failure> {
    whole_server(&granted)?;
    check_name("name", &body.name)?;
    let id = api.store.tenant(&body.name, &granted.actor, time::now_ms()).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}
