//! `/tokens`: what programs may do here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watson_db::{ApiToken, NewApiToken, time};

use crate::access::{Granted, MayAdmin, Scope};
use crate::input::{Body, Path};
use crate::moment::Moment;
use crate::names::check_name;
use crate::page::Page;
use crate::problem::Failure;
use crate::router::Api;
use crate::tenants::known_tenant;

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    /// What the audit log calls whoever uses it.
    name: String,
    scopes: Vec<String>,
    /// The only tenant whose data it sees; null = all.
    tenant: Option<i64>,
    made: Moment,
    made_by: String,
    /// When it ends by itself.
    ends: Option<Moment>,
    revoked: Option<Moment>,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScopeName {
    /// See everything but secrets.
    Read,
    /// Change what is collected and what machines are told.
    Write,
    /// Change who may do what, and what is kept.
    Admin,
    /// Export and erase what is known of a machine.
    Erase,
}

/// What a new token is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// None of them includes another; no more than whoever makes it has.
    #[schema(min_items = 1, max_items = 4)]
    scopes: Vec<ScopeName>,
    /// The only tenant whose data it sees; all, where it is left out.
    tenant: Option<i64>,
    /// When it ends by itself; never, where it is left out.
    ends: Option<Moment>,
}

/// A secret, told once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeSecret {
    pub(crate) id: i64,
    /// Told now and never again.
    pub(crate) secret: String,
}

/// List tokens
///
/// By name; those that are revoked too.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    responses((status = 200, body = Page<Token>)))]
pub(crate) async fn list_tokens(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<Token>>, Failure> {
    let rows = api.store.api_tokens().await?;
    let own = rows.into_iter().filter(|row| sees(&granted, row.tenant));
    Ok(Json(Page::whole(own.map(Token::from).collect())))
}

/// Make a token
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    request_body = NewToken, responses((status = 201, body = MadeSecret)))]
pub(crate) async fn make_token(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Body(body): Body<NewToken>,
) -> Result<(StatusCode, Json<MadeSecret>), Failure> {
    let now_ms = time::now_ms();
    check_name("name", &body.name)?;
    let mut scopes: Vec<Scope> = body.scopes.iter().map(|scope| Scope::from(*scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Failure::invalid("scopes", "name at least one of read, write, admin, erase"));
    }
    if let Some(lacks) = scopes.iter().find(|scope| !granted.may(**scope)) {
        return Err(Failure::Lacks(*lacks));
    }
    let tenant = body.tenant.or(granted.tenant);
    if !sees(&granted, tenant) {
        return Err(Failure::OtherTenant);
    }
    known_tenant(&api, tenant).await?;
    if body.ends.is_some_and(|Moment(ms)| ms <= now_ms) {
        return Err(Failure::invalid("ends", "this time is over"));
    }
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let token = NewApiToken {
        name: &body.name,
        scopes: &names,
        tenant,
        made_by: &granted.actor,
        ends_ms: body.ends.map(|Moment(ms)| ms),
    };
    let made = api.store.make_api_token(&token, now_ms).await?;
    Ok((StatusCode::CREATED, Json(MadeSecret { id: made.id, secret: made.secret })))
}

/// Revoke a token
#[utoipa::path(delete, path = "/api/v1/tokens/{name}", tag = "tokens", security(("token" = ["admin"])),
    params(("name" = String, Path, description = "Its name.")), responses((status = 204)))]
pub(crate) async fn revoke_token(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    let known = api.store.api_tokens().await?;
    let own = known.iter().any(|row| row.name == name && sees(&granted, row.tenant));
    if !own {
        return Err(Failure::Missing("token"));
    }
    api.store.revoke_api_token(&name, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever is bound to a tenant sees only what is bound to it too.
pub(crate) fn sees(granted: &Granted, tenant: Option<i64>) -> bool {
    match tenant {
        Some(tenant) => granted.sees(tenant),
        None => granted.tenant.is_none(),
    }
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Write => Self::Write,
            ScopeName::Admin => Self::Admin,
            ScopeName::Erase => Self::Erase,
        }
    }
}

impl From<ApiToken> for Token {
    fn from(row: ApiToken) -> Self {
        Self {
            name: row.name,
            scopes: row.scopes,
            tenant: row.tenant,
            made: Moment(row.made_ms),
            made_by: row.made_by,
            ends: row.ends_ms.map(Moment),
            revoked: row.revoked_ms.map(Moment),
        }
    }
}
