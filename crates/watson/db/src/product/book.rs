//! Products and their keys as they were a moment ago, so that not every report reads them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Product, products};
use crate::limits::PRODUCTS_GOOD_FOR_MS;
use crate::secret::SecretHash;
use crate::sql::{Database, sql};
use crate::time::is_fresh;
use crate::{DbError, Store};

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

/// All products and keys.
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
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
