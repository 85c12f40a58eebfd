//! `/privacy`: what becomes of names before they are stored.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use watson_db::privacy::PrivacyRules;
use watson_db::time;

use crate::access::MayAdmin;
use crate::input::{Body, Query};
use crate::names::check_name;
use crate::page::Page;
use crate::problem::Failure;
use crate::router::Api;

/// What becomes of a value.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Treatment {
    /// Kept as it came.
    #[default]
    Keep,
    /// A pseudonym stands in its place.
    Hash,
    /// Nothing stands in its place.
    Drop,
}

/// What is asked for and kept.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Collect {
    /// As the policies say.
    #[default]
    All,
    /// Cabs without process memory.
    NoMemory,
    /// Neither cabs nor dumps.
    Nothing,
}

/// What holds for a product. What is left out is kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rules {
    /// Names of users, also in paths and texts.
    user: Treatment,
    /// Names and ids of machines.
    machine: Treatment,
    /// Folders of paths.
    paths: Treatment,
    /// Network addresses.
    address: Treatment,
    /// The header `User-Agent`.
    agent: Treatment,
    /// Level 1 bodies are kept, rewritten by these rules.
    raw: bool,
    /// Files beside a dump are kept. They cannot be cleaned.
    attachments: bool,
    /// Cabs and dumps cannot be cleaned either.
    collect: Collect,
}

/// Rules of a product or a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PrivacyRule {
    tenant: i64,
    /// In small letters; empty = the tenant's other products.
    product: String,
    rules: Rules,
}

/// Whose rules.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// The token's tenant, or the default one, where it is left out.
    tenant: Option<i64>,
    /// The tenant's other products, where it is left out.
    #[param(min_length = 1, max_length = 100)]
    product: Option<String>,
}

/// List privacy rules
#[utoipa::path(get, path = "/api/v1/privacy", tag = "privacy", security(("token" = ["admin"])),
    responses((status = 200, body = Page<PrivacyRule>)))]
pub(crate) async fn list_privacy(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<PrivacyRule>>, Failure> {
    let rows = api.store.privacy_rules().await?;
    let own = rows.into_iter().filter(|(tenant, ..)| granted.sees(*tenant));
    let rule = |(tenant, product, rules): (i64, String, PrivacyRules)| {
        Ok(PrivacyRule { tenant, product, rules: through_json(&rules)? })
    };
    Ok(Json(Page::whole(own.map(rule).collect::<Result<_, Failure>>()?)))
}

/// Set privacy rules
///
/// Of a product, or of a tenant's other products. They hold for what comes from now on.
#[utoipa::path(post, path = "/api/v1/privacy", tag = "privacy", security(("token" = ["admin"])), params(Whose),
    request_body = Rules, responses((status = 204)))]
pub(crate) async fn set_privacy(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Query(whose): Query<Whose>,
    Body(rules): Body<Rules>,
) -> Result<StatusCode, Failure> {
    let tenant = granted.tenant_for(whose.tenant)?;
    let product = named(whose.product)?;
    let rules: PrivacyRules = through_json(&rules)?;
    api.store.set_privacy(tenant, &product, &rules, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove privacy rules
///
/// Those of the tenant hold then, else the settings.
#[utoipa::path(delete, path = "/api/v1/privacy", tag = "privacy", security(("token" = ["admin"])),
    params(Whose), responses((status = 204), (status = 404, description = "There is no such rule.",
    body = crate::problem::Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove_privacy(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Query(whose): Query<Whose>,
) -> Result<StatusCode, Failure> {
    let tenant = granted.tenant_for(whose.tenant)?;
    api.store.remove_privacy(tenant, &named(whose.product)?, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(product: Option<String>) -> Result<String, Failure> {
    let Some(product) = product else { return Ok(String::new()) };
    check_name("product", &product)?;
    Ok(product)
}

/// The store's rules and these have the same fields: a test holds them equal.
fn through_json<T: serde::de::DeserializeOwned>(value: &impl Serialize) -> Result<T, Failure> {
    let value: Value = serde_json::to_value(value).map_err(|error| Failure::Malformed(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| Failure::Malformed(error.to_string()))
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            user: Treatment::Keep,
            machine: Treatment::Keep,
            paths: Treatment::Keep,
            address: Treatment::Keep,
            agent: Treatment::Keep,
            raw: true,
            attachments: true,
            collect: Collect::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_rules_and_the_apis_have_the_same_fields() {
        let ours = serde_json::to_value(Rules::default()).unwrap();
        assert_eq!(serde_json::to_value(PrivacyRules::default()).unwrap(), ours);
    }
}
