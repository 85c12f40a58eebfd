//! Products: what a tenant's reports are of, and which dialects they may come in.

mod book;
mod dialect;
mod key;

use serde_json::{Value, json};

pub(crate) use self::book::ProductCache;
pub use self::book::{KeyState, ProductBook};
pub use self::dialect::Dialect;
pub use self::key::ProductKey;
use crate::audit::{Act, audit};
use crate::limits::MAX_PRODUCTS;
use crate::sql::{Database, sql};
use crate::{DbError, Store};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its row; also the project's number in Sentry's paths.
    pub id: i64,
    /// Whose it is.
    pub tenant: i64,
    /// Its name, as clients say it.
    pub name: String,
    /// How its reports may come.
    pub dialects: Vec<Dialect>,
    /// Reports without a key are refused.
    pub key_required: bool,
    /// Dumps that are taken in a minute; `None` = ten times what was usual lately.
    pub per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC; `None` = any number.
    pub per_day: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
}

/// What a new product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProduct {
    /// Whose it is.
    pub tenant: i64,
    /// Its name.
    pub name: String,
    /// How its reports may come.
    pub dialects: Vec<Dialect>,
    /// Reports without a key are refused.
    pub key_required: bool,
    /// Dumps that are taken in a minute.
    pub per_minute: Option<i64>,
    /// Dumps that are taken in a day.
    pub per_day: Option<i64>,
}

impl NewProduct {
    fn details(&self) -> Value {
        let dialects: Vec<&str> = self.dialects.iter().map(|dialect| dialect.name()).collect();
        json!({
            "tenant": self.tenant,
            "name": self.name,
            "dialects": dialects,
            "key_required": self.key_required,
            "per_minute": self.per_minute,
            "per_day": self.per_day,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ProductRow {
    id: i64,
    tenant: i64,
    name: String,
    dialects: String,
    key_required: i64,
    per_minute: Option<i64>,
    per_day: Option<i64>,
    made_ms: i64,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant,
            name: row.name,
            // A name that a later version has made means nothing here.
            dialects: row.dialects.split(',').filter_map(Dialect::of_name).collect(),
            key_required: row.key_required != 0,
            per_minute: row.per_minute,
            per_day: row.per_day,
            made_ms: row.made_ms,
        }
    }
}

impl Store {
    /// All products, by tenant and name.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn products(&self) -> Result<Vec<Product>, DbError> {
        products(&self.database).await
    }

    /// Adds a product; its row.
    ///
    /// # Errors
    /// [`DbError::Exists`] where the tenant has one of that name, `TooMany`, `Sql`.
    pub async fn add_product(&self, product: &NewProduct, actor: &str, now_ms: i64) -> Result<i64, DbError> {
        let mut tx = self.database.begin().await?;
        let count: Option<(i64,)> = tx.row(sql("SELECT count(*) FROM product")).await?;
        if count.is_none_or(|(count,)| count >= MAX_PRODUCTS) {
            return Err(DbError::TooMany { what: "products", limit: MAX_PRODUCTS });
        }
        let dialects: Vec<&str> = product.dialects.iter().map(|dialect| dialect.name()).collect();
        let made: Option<(i64,)> = tx
            .row(
                sql(
                    "INSERT INTO product (tenant, name, dialects, key_required, per_minute, per_day, made_ms)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
                )
                .bind(product.tenant)
                .bind(&product.name)
                .bind(dialects.join(","))
                .bind(product.key_required)
                .bind(product.per_minute)
                .bind(product.per_day)
                .bind(now_ms),
            )
            .await?;
        let (id,) = made.ok_or(DbError::Exists("product of that name"))?;
        audit(&mut tx, &act(actor, "product.add", id, product.details()), now_ms).await?;
        tx.commit().await?;
        self.products.forget();
        Ok(id)
    }

    /// Puts what a product is in the place of what it was; other processes follow within two seconds. Its tenant stays.
    ///
    /// # Errors
    /// [`DbError::Missing`] where the tenant has no such product, `Exists` where it has another one of that name, `Sql`.
    pub async fn change_product(
        &self,
        id: i64,
        product: &NewProduct,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let same = sql("SELECT id FROM product WHERE tenant = $1 AND name = $2 AND id <> $3");
        let same: Option<(i64,)> = tx.row(same.bind(product.tenant).bind(&product.name).bind(id)).await?;
        if same.is_some() {
            return Err(DbError::Exists("product of that name"));
        }
        let dialects: Vec<&str> = product.dialects.iter().map(|dialect| dialect.name()).collect();
        let changed = tx
            .execute(
                sql("UPDATE product SET name = $3, dialects = $4, key_required = $5, per_minute = $6,
                            per_day = $7
                     WHERE id = $1 AND tenant = $2")
                .bind(id)
                .bind(product.tenant)
                .bind(&product.name)
                .bind(dialects.join(","))
                .bind(product.key_required)
                .bind(product.per_minute)
                .bind(product.per_day),
            )
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("product"));
        }
        audit(&mut tx, &act(actor, "product.change", id, product.details()), now_ms).await?;
        tx.commit().await?;
        self.products.forget();
        Ok(())
    }

    /// Removes a product with its keys. Its reports stay.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_product(&self, id: i64, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql("DELETE FROM product_key WHERE product = $1").bind(id)).await?;
        if tx.execute(sql("DELETE FROM product WHERE id = $1").bind(id)).await? == 0 {
            return Err(DbError::Missing("product"));
        }
        audit(&mut tx, &act(actor, "product.remove", id, Value::Null), now_ms).await?;
        tx.commit().await?;
        self.products.forget();
        Ok(())
    }
}

fn act<'a>(actor: &'a str, act: &'static str, id: i64, details: Value) -> Act<'a> {
    Act { actor, act, object: id.to_string(), details }
}

async fn products(database: &Database) -> Result<Vec<Product>, DbError> {
    let rows: Vec<ProductRow> = database
        .rows(sql(
            "SELECT id, tenant, name, dialects, key_required, per_minute, per_day, made_ms FROM product
                   ORDER BY tenant, name",
        ))
        .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}
