//! `/products`: whose reports are taken, how they may come, and with which keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watson_db::product::{Dialect, NewProduct, Product as ProductRow, ProductKey};
use watson_db::time;

use crate::access::{Granted, MayAdmin};
use crate::input::{Body, Path};
use crate::moment::Moment;
use crate::names::check_name;
use crate::page::Page;
use crate::policies::Made;
use crate::problem::Failure;
use crate::router::Api;
use crate::scopes::changed;
use crate::tenants::known_tenant;
use crate::tokens::MadeSecret;

/// A product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Product {
    id: i64,
    tenant: i64,
    name: String,
    /// How its reports may come.
    dialects: Vec<String>,
    /// Reports without a key are refused.
    key_required: bool,
    /// Dumps that are taken in a minute; null = as the settings say.
    per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC; null = any number.
    per_day: Option<i64>,
    made: Moment,
}

/// What a new product is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductBody {
    /// The token's tenant, or the default one, where it is left out.
    tenant: Option<i64>,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// How its reports may come; in every way, where it is left out.
    #[serde(default)]
    dialects: Vec<String>,
    /// Reports without a key are refused; so it is where it is left out.
    key_required: Option<bool>,
    /// Dumps that are taken in a minute.
    #[schema(minimum = 1)]
    per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC.
    #[schema(minimum = 1)]
    per_day: Option<i64>,
}

/// What changes of a product: any of its fields but the tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes a merge patch, which is read as one")]
pub(crate) struct ProductChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    dialects: Option<Vec<String>>,
    key_required: Option<bool>,
    /// Dumps that are taken in a minute; null = learnt from what is usual.
    #[schema(minimum = 1)]
    per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC; null = any number.
    #[schema(minimum = 1)]
    per_day: Option<i64>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    id: i64,
    /// How the secret begins.
    begins: String,
    made: Moment,
    ends: Option<Moment>,
    revoked: Option<Moment>,
}

/// What becomes of the keys before a new one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewKey {
    /// When they end (a rotation); they stay, where it is left out.
    others_end: Option<Moment>,
}

/// List products
#[utoipa::path(get, path = "/api/v1/products", tag = "products", security(("token" = ["admin"])),
    responses((status = 200, body = Page<Product>)))]
pub(crate) async fn list_products(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
) -> Result<Json<Page<Product>>, Failure> {
    let rows = api.store.products().await?;
    let own = rows.into_iter().filter(|row| granted.sees(row.tenant));
    Ok(Json(Page::whole(own.map(Product::from).collect())))
}

/// Add a product
#[utoipa::path(post, path = "/api/v1/products", tag = "products", security(("token" = ["admin"])),
    request_body = ProductBody, responses((status = 201, body = Made)))]
pub(crate) async fn add_product(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Body(body): Body<ProductBody>,
) -> Result<(StatusCode, Json<Made>), Failure> {
    let tenant = granted.tenant_for(body.tenant)?;
    known_tenant(&api, Some(tenant)).await?;
    let product = body.product(tenant)?;
    let id = api.store.add_product(&product, &granted.actor, time::now_ms()).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Change a product
///
/// By a JSON merge patch: fields that are left out stay, null takes a field back to what it is when it is left out. Other
/// processes follow within two seconds.
#[utoipa::path(patch, path = "/api/v1/products/{id}", tag = "products", security(("token" = ["admin"])),
    params(("id" = i64, Path, description = "Its number.")), request_body = ProductChange,
    responses((status = 200, body = Product)))]
pub(crate) async fn change_product(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(id): Path<i64>,
    Body(change): Body<Value>,
) -> Result<Json<Product>, Failure> {
    let row = own(&api, &granted, id).await?;
    let tenant = row.tenant;
    let body: ProductBody = changed(&ProductBody::from(row), change)?;
    if body.tenant != Some(tenant) {
        return Err(Failure::invalid("tenant", "it cannot be changed; add another product"));
    }
    api.store.change_product(id, &body.product(tenant)?, &granted.actor, time::now_ms()).await?;
    Ok(Json(Product::from(own(&api, &granted, id).await?)))
}

/// Remove a product
///
/// With its keys. Its reports stay.
#[utoipa::path(delete, path = "/api/v1/products/{id}", tag = "products", security(("token" = ["admin"])),
    params(("id" = i64, Path, description = "Its number.")), responses((status = 204)))]
pub(crate) async fn remove_product(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(id): Path<i64>,
) -> Result<StatusCode, Failure> {
    own(&api, &granted, id).await?;
    api.store.remove_product(id, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a product's keys
///
/// Newest first; those that are revoked too.
#[utoipa::path(get, path = "/api/v1/products/{id}/keys", tag = "products", security(("token" = ["admin"])),
    params(("id" = i64, Path, description = "The product's number.")),
    responses((status = 200, body = Page<Key>)))]
pub(crate) async fn list_keys(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(id): Path<i64>,
) -> Result<Json<Page<Key>>, Failure> {
    own(&api, &granted, id).await?;
    let rows = api.store.product_keys(id).await?;
    Ok(Json(Page::whole(rows.into_iter().map(Key::from).collect())))
}

/// Make a key
///
/// With `others_end`, the keys before it end then: a rotation.
#[utoipa::path(post, path = "/api/v1/products/{id}/keys", tag = "products", security(("token" = ["admin"])),
    params(("id" = i64, Path, description = "The product's number.")), request_body = NewKey,
    responses((status = 201, body = MadeSecret)))]
pub(crate) async fn make_key(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(id): Path<i64>,
    Body(body): Body<NewKey>,
) -> Result<(StatusCode, Json<MadeSecret>), Failure> {
    own(&api, &granted, id).await?;
    let others_end_ms = body.others_end.map(|Moment(ms)| ms);
    let made = api.store.make_key(id, others_end_ms, &granted.actor, time::now_ms()).await?;
    Ok((StatusCode::CREATED, Json(MadeSecret { id: made.id, secret: made.secret })))
}

/// Revoke a key
#[utoipa::path(delete, path = "/api/v1/products/{id}/keys/{number}", tag = "products",
    security(("token" = ["admin"])), params(("id" = i64, Path, description = "The product's number."),
    ("number" = i64, Path, description = "The key's number.")), responses((status = 204)))]
pub(crate) async fn revoke_key(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path((id, number)): Path<(i64, i64)>,
) -> Result<StatusCode, Failure> {
    own(&api, &granted, id).await?;
    if !api.store.product_keys(id).await?.iter().any(|key| key.id == number) {
        return Err(Failure::Missing("key"));
    }
    api.store.revoke_key(number, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn own(api: &Api, granted: &Granted, id: i64) -> Result<ProductRow, Failure> {
    let mut known = api.store.products().await?.into_iter();
    known.find(|row| row.id == id && granted.sees(row.tenant)).ok_or(Failure::Missing("product"))
}

impl ProductBody {
    fn product(self, tenant: i64) -> Result<NewProduct, Failure> {
        check_name("name", &self.name)?;
        for (field, limit) in [("per_minute", self.per_minute), ("per_day", self.per_day)] {
            if limit.is_some_and(|number| number < 1) {
                return Err(Failure::invalid(field, "at least 1; leave it out for no limit of its own"));
            }
        }
        let dialect = |name: &String| {
            Dialect::of_name(name).ok_or_else(|| {
                let known = Dialect::ALL.map(Dialect::name).join(", ");
                Failure::invalid("dialects", format!("{name:?} is none of {known}"))
            })
        };
        let mut dialects: Vec<Dialect> = self.dialects.iter().map(dialect).collect::<Result<_, _>>()?;
        dialects.sort_unstable();
        dialects.dedup();
        if dialects.is_empty() {
            dialects = Dialect::ALL.to_vec();
        }
        Ok(NewProduct {
            tenant,
            name: self.name,
            dialects,
            key_required: self.key_required.unwrap_or(true),
            per_minute: self.per_minute,
            per_day: self.per_day,
        })
    }
}

impl From<ProductRow> for ProductBody {
    fn from(row: ProductRow) -> Self {
        Self {
            tenant: Some(row.tenant),
            name: row.name,
            dialects: row.dialects.into_iter().map(|dialect| dialect.name().to_owned()).collect(),
            key_required: Some(row.key_required),
            per_minute: row.per_minute,
            per_day: row.per_day,
        }
    }
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant,
            name: row.name,
            dialects: row.dialects.into_iter().map(|dialect| dialect.name().to_owned()).collect(),
            key_required: row.key_required,
            per_minute: row.per_minute,
            per_day: row.per_day,
            made: Moment(row.made_ms),
        }
    }
}

impl From<ProductKey> for Key {
    fn from(row: ProductKey) -> Self {
        Self {
            id: row.id,
            begins: row.shown,
            made: Moment(row.made_ms),
            ends: row.ends_ms.map(Moment),
            revoked: row.revoked_ms.map(Moment),
        }
    }
}
