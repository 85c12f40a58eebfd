//! The keys that senders of a product show. A key is told once, when it is made; of two that are good at once the older has an
//! end.

use serde_json::{Value, json};

use super::act;
use crate::audit::audit;
use crate::limits::MAX_GOOD_KEYS;
use crate::secret::{NewSecret, new_secret, shown};
use crate::sql::sql;
use crate::{DbError, Store};

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

impl Store {
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
