//! `/accounts`: people who may sign in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use watson_db::{Account as AccountRow, Role, time};

use crate::access::{Granted, MayAdmin, scopes_of};
use crate::input::{Body, Path};
use crate::limits::MAX_PASSWORDS_AT_ONCE;
use crate::moment::Moment;
use crate::names::check_name;
use crate::page::Page;
use crate::policies::Made;
use crate::problem::Failure;
use crate::router::Api;
use crate::tenants::known_tenant;
use crate::tokens::sees;

/// What an account may do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    /// Everything.
    Admin,
    /// See everything, change policies and solutions.
    Operator,
    /// See everything.
    Reader,
}

/// An account, without its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    id: i64,
    /// What the audit log calls it.
    name: String,
    role: RoleName,
    /// The only tenant whose data it sees; null = all.
    tenant: Option<i64>,
    made: Moment,
}

/// What a new account is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// It may do no more than whoever makes it.
    role: RoleName,
    /// The only tenant whose data it sees; the token's own, or all, where it is left out.
    tenant: Option<i64>,
    #[schema(min_length = 10, max_length = 256, format = Password)]
    password: String,
}

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// Its sessions end.
    #[schema(min_length = 10, max_length = 256, format = Password)]
    password: String,
}

/// List accounts
///
/// By name.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", security(("token" = ["admin"])),
    responses((status = 200, body = Page<Account>)))]
pub(crate) async fn list_accounts(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<Account>>, Failure> {
    let rows = api.store.accounts().await?;
    let own = rows.into_iter().filter(|row| sees(&granted, row.tenant));
    Ok(Json(Page::whole(own.map(Account::from).collect())))
}

/// Make an account
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", security(("token" = ["admin"])),
    request_body = NewAccount, responses((status = 201, body = Made)))]
pub(crate) async fn add_account(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Body(body): Body<NewAccount>,
) -> Result<(StatusCode, Json<Made>), Failure> {
    check_name("name", &body.name)?;
    let (role, tenant) = (Role::from(body.role), body.tenant.or(granted.tenant));
    has_all_of(&granted, role)?;
    if !sees(&granted, tenant) {
        return Err(Failure::OtherTenant);
    }
    known_tenant(&api, tenant).await?;
    let hash = hashed(&api, body.password).await?;
    let id = api.store.add_account(&body.name, (role, tenant), &hash, &granted.actor, time::now_ms()).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Give an account another password
///
/// Its sessions end.
#[utoipa::path(patch, path = "/api/v1/accounts/{name}", tag = "accounts", security(("token" = ["admin"])),
    params(("name" = String, Path, description = "Its name.")), request_body = AccountChange,
    responses((status = 204)))]
pub(crate) async fn change_account(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(name): Path<String>,
    Body(change): Body<AccountChange>,
) -> Result<StatusCode, Failure> {
    // Who sets a password can sign in by it.
    has_all_of(&granted, own(&api, &granted, &name).await?.role)?;
    let hash = hashed(&api, change.password).await?;
    api.store.set_password(&name, &hash, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove an account
///
/// With its sessions. The last administrator stays.
#[utoipa::path(delete, path = "/api/v1/accounts/{name}", tag = "accounts", security(("token" = ["admin"])),
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 204), (status = 409, body = crate::problem::Problem,
        content_type = "application/problem+json", description = "It is the last administrator.")))]
pub(crate) async fn remove_account(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    own(&api, &granted, &name).await?;
    api.store.remove_account(&name, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn own(api: &Api, granted: &Granted, name: &str) -> Result<AccountRow, Failure> {
    let mut rows = api.store.accounts().await?.into_iter();
    rows.find(|row| row.name == name && sees(granted, row.tenant)).ok_or(Failure::Missing("account"))
}

/// Nobody gives more than they have.
fn has_all_of(granted: &Granted, role: Role) -> Result<(), Failure> {
    match scopes_of(role).into_iter().find(|scope| !granted.may(*scope)) {
        Some(lacks) => Err(Failure::Lacks(lacks)),
        None => Ok(()),
    }
}

/// Slow and large on purpose, so only a few at once, and never on the threads that serve.
static TURNS: Semaphore = Semaphore::const_new(MAX_PASSWORDS_AT_ONCE);

async fn hashed(api: &Api, password: String) -> Result<String, Failure> {
    let _turn = TURNS.acquire().await;
    let hash = api.hash_password;
    let hashed = tokio::task::spawn_blocking(move || hash(&password)).await;
    hashed.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| Failure::invalid("password", why))
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Operator => Self::Operator,
            RoleName::Reader => Self::Reader,
        }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let role = match row.role {
            Role::Admin => RoleName::Admin,
            Role::Operator => RoleName::Operator,
            Role::Reader => RoleName::Reader,
        };
        Self { id: row.id, name: row.name, role, tenant: row.tenant, made: Moment(row.made_ms) }
    }
}
