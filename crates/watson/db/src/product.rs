//! Products and their keys: what a tenant's reports are of, which dialects they may come in, and the keys that senders
//! show. A key is told once, when it is made; of two that are good at once the older has an end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::audit::{Act, audit};
use crate::limits::{MAX_GOOD_KEYS, MAX_PRODUCTS, PRODUCTS_GOOD_FOR_MS};
use crate::secret::{NewSecret, SecretHash, new_secret, shown};
use crate::sql::{Database, sql};
use crate::time::is_fresh;
use crate::{DbError, Store};

/// A way to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// MS-CER2: Windows, and our own client.
    Level1,
    /// Breakpad, Crashpad and their relatives.
    Minidump,
    /// Socorro.
    Socorro,
    /// Sentry.
    Sentry,
    /// Uploads of symbols.
    Symbols,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Level1, Self::Minidump, Self::Socorro, Self::Sentry, Self::Symbols];

    /// Its name in settings, answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Level1 => "level1",
            Self::Minidump => "minidump",
            Self::Socorro => "socorro",
            Self::Sentry => "sentry",
            Self::Symbols => "symbols",
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}

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

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ProductKey {
    /// Its row.
    pub id: i64,
    /// The product's row.
    pub product: i64,
    /// Its first characters.
    pub shown: String,
    /// When it was made.
    pub made_ms: i64,
    /// When it ends by itself.
    pub ends_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// What is known of a key that somebody showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is good for this product.
    Good(i64),
    /// It was revoked.
    Revoked,
    /// Its end has come.
    Ended,
    /// Nobody made it.
    Unknown,
}

/// All products and keys as they were a moment ago, so that not every report reads them.
#[derive(Debug, Default)]
pub struct ProductBook {
    products: HashMap<i64, Product>,
    names: HashMap<(i64, String), i64>,
    keys: HashMap<SecretHash, (i64, Option<i64>, Option<i64>)>,
}

impl ProductBook {
    /// The product of a row.
    #[must_use]
    pub fn product(&self, id: i64) -> Option<&Product> {
        self.products.get(&id)
    }

    /// The product of a tenant by its name, in any letters.
    #[must_use]
    pub fn named(&self, tenant: i64, name: &str) -> Option<&Product> {
        self.product(*self.names.get(&(tenant, name.to_lowercase()))?)
    }

    /// Whether nobody has made a product.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// What a key is good for.
    #[must_use]
    pub fn key(&self, hash: &SecretHash, now_ms: i64) -> KeyState {
        match self.keys.get(hash) {
            None => KeyState::Unknown,
            Some((_, _, Some(_))) => KeyState::Revoked,
            Some((_, Some(ends_ms), None)) if *ends_ms <= now_ms => KeyState::Ended,
            Some((product, _, None)) => KeyState::Good(*product),
        }
    }
}

/// The book, read again when it is old.
#[derive(Debug, Default)]
pub(crate) struct ProductCache(Mutex<Option<(i64, Arc<ProductBook>)>>);

impl ProductCache {
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
    /// All products and keys, at most [`PRODUCTS_GOOD_FOR_MS`] old.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn product_book(&self, now_ms: i64) -> Result<Arc<ProductBook>, DbError> {
        if let Some((since, book)) = &*self.products.0.lock().unwrap_or_else(PoisonError::into_inner)
            && is_fresh(*since, PRODUCTS_GOOD_FOR_MS, now_ms)
        {
            return Ok(Arc::clone(book));
        }
        let book = Arc::new(load(&self.database).await?);
        *self.products.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, Arc::clone(&book)));
        Ok(book)
    }

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

    /// The keys of a product, newest first.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn product_keys(&self, product: i64) -> Result<Vec<ProductKey>, DbError> {
        self.database
            .rows(
                sql("SELECT id, product, shown, made_ms, ends_ms, revoked_ms FROM product_key
                     WHERE product = $1 ORDER BY id DESC")
                .bind(product),
            )
            .await
    }

    /// Makes a key. The keys before it end at `others_end_ms`, where one is given (a rotation); a key whose end is
    /// earlier keeps it.
    ///
    /// # Errors
    /// [`DbError::Missing`] without such a product, `TooMany` where [`MAX_GOOD_KEYS`] are good, `Sql`.
    pub async fn make_key(
        &self,
        product: i64,
        others_end_ms: Option<i64>,
        actor: &str,
        now_ms: i64,
    ) -> Result<NewSecret, DbError> {
        let (secret, hash) = new_secret()?;
        let mut tx = self.database.begin().await?;
        let lock = tx.lock_rows();
        let found: Option<(i64,)> =
            tx.row(sql(format!("SELECT id FROM product WHERE id = $1{lock}")).bind(product)).await?;
        if found.is_none() {
            return Err(DbError::Missing("product"));
        }
        let good = "product = $1 AND revoked_ms IS NULL AND (ends_ms IS NULL OR ends_ms > $2)";
        let count: Option<(i64,)> = tx
            .row(sql(format!("SELECT count(*) FROM product_key WHERE {good}")).bind(product).bind(now_ms))
            .await?;
        if count.is_none_or(|(count,)| count >= MAX_GOOD_KEYS) {
            return Err(DbError::TooMany { what: "good keys of one product", limit: MAX_GOOD_KEYS });
        }
        if let Some(ends_ms) = others_end_ms {
            let text = format!(
                "UPDATE product_key SET ends_ms = $3 WHERE {good} AND (ends_ms IS NULL OR ends_ms > $3)"
            );
            tx.execute(sql(text).bind(product).bind(now_ms).bind(ends_ms)).await?;
        }
        let made: Option<(i64,)> = tx
            .row(
                sql("INSERT INTO product_key (product, hash, shown, made_ms) VALUES ($1, $2, $3, $4) RETURNING id")
                    .bind(product)
                    .bind(hash.as_slice())
                    .bind(shown(&secret))
                    .bind(now_ms),
            )
            .await?;
        let (id,) = made.ok_or(DbError::Row("number"))?;
        let details = json!({ "product": product, "others_end_ms": others_end_ms });
        audit(&mut tx, &act(actor, "key.add", id, details), now_ms).await?;
        tx.commit().await?;
        self.products.forget();
        Ok(NewSecret { id, secret })
    }

    /// Revokes a key; other processes follow within two seconds. One that was revoked stays so.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn revoke_key(&self, id: i64, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let changed = tx
            .execute(
                sql("UPDATE product_key SET revoked_ms = coalesce(revoked_ms, $1) WHERE id = $2")
                    .bind(now_ms)
                    .bind(id),
            )
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("key"));
        }
        audit(&mut tx, &act(actor, "key.revoke", id, Value::Null), now_ms).await?;
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

#[derive(sqlx::FromRow)]
struct KeyRow {
    product: i64,
    hash: Vec<u8>,
    ends_ms: Option<i64>,
    revoked_ms: Option<i64>,
}

async fn load(database: &Database) -> Result<ProductBook, DbError> {
    let products = products(database).await?;
    let rows: Vec<KeyRow> =
        database.rows(sql("SELECT product, hash, ends_ms, revoked_ms FROM product_key")).await?;
    let mut keys = HashMap::with_capacity(rows.len());
    for row in rows {
        let hash = SecretHash::try_from(row.hash).map_err(|_| DbError::Row("hash of a key"))?;
        keys.insert(hash, (row.product, row.ends_ms, row.revoked_ms));
    }
    let names =
        products.iter().map(|product| ((product.tenant, product.name.to_lowercase()), product.id)).collect();
    let products = products.into_iter().map(|product| (product.id, product)).collect();
    Ok(ProductBook { products, names, keys })
}
