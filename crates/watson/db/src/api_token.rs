//! Programs: tokens for the API, each with scopes, told once and revoked at will.

use serde_json::json;

use crate::audit::{Act, audit};
use crate::secret::{NewSecret, SecretHash, new_secret};
use crate::sql::sql;
use crate::{DbError, Store};

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its row.
    pub id: i64,
    /// Its name: what the audit log calls whoever uses it.
    pub name: String,
    /// Names of what it may do.
    pub scopes: Vec<String>,
    /// The only tenant whose data it sees; `None` = all.
    pub tenant: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
    /// By whom.
    pub made_by: String,
    /// When it ends by itself.
    pub ends_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// What a new token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewApiToken<'a> {
    /// Its name.
    pub name: &'a str,
    /// Names of what it may do.
    pub scopes: &'a [&'a str],
    /// The only tenant whose data it sees; `None` = all.
    pub tenant: Option<i64>,
    /// Who makes it.
    pub made_by: &'a str,
    /// When it ends by itself.
    pub ends_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: i64,
    name: String,
    scopes: String,
    tenant: Option<i64>,
    made_ms: i64,
    made_by: String,
    ends_ms: Option<i64>,
    revoked_ms: Option<i64>,
}

impl From<TokenRow> for ApiToken {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            tenant: row.tenant,
            made_ms: row.made_ms,
            made_by: row.made_by,
            ends_ms: row.ends_ms,
            revoked_ms: row.revoked_ms,
        }
    }
}

const TOKEN: &str = "SELECT id, name, scopes, tenant, made_ms, made_by, ends_ms, revoked_ms FROM api_token";

impl Store {
    /// All tokens, by name.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, DbError> {
        let rows: Vec<TokenRow> = self.database.rows(sql(format!("{TOKEN} ORDER BY name"))).await?;
        Ok(rows.into_iter().map(ApiToken::from).collect())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`DbError::Exists`], `Sql`.
    pub async fn make_api_token(&self, token: &NewApiToken<'_>, now_ms: i64) -> Result<NewSecret, DbError> {
        let (secret, hash) = new_secret()?;
        let mut tx = self.database.begin().await?;
        let made: Option<(i64,)> = tx
            .row(
                sql("INSERT INTO api_token (name, hash, scopes, tenant, made_ms, made_by, ends_ms)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id")
                .bind(token.name)
                .bind(hash.as_slice())
                .bind(token.scopes.join(","))
                .bind(token.tenant)
                .bind(now_ms)
                .bind(token.made_by)
                .bind(token.ends_ms),
            )
            .await?;
        let (id,) = made.ok_or(DbError::Exists("API token of that name"))?;
        let details = json!({ "scopes": token.scopes, "tenant": token.tenant, "ends_ms": token.ends_ms });
        let act = Act { actor: token.made_by, act: "token.add", object: token.name.to_owned(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        Ok(NewSecret { id, secret })
    }

    /// Revokes a token by its name; one that was revoked stays so.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn revoke_api_token(&self, name: &str, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let changed = tx
            .execute(
                sql("UPDATE api_token SET revoked_ms = coalesce(revoked_ms, $1) WHERE name = $2")
                    .bind(now_ms)
                    .bind(name),
            )
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("API token of that name"));
        }
        let act = Act { actor, act: "token.revoke", object: name.to_owned(), ..Act::default() };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await
    }

    /// The token that a program showed, if it is good.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn good_api_token(&self, hash: &SecretHash, now_ms: i64) -> Result<Option<ApiToken>, DbError> {
        let statement =
            format!("{TOKEN} WHERE hash = $1 AND revoked_ms IS NULL AND (ends_ms IS NULL OR ends_ms > $2)");
        let row: Option<TokenRow> =
            self.database.row(sql(statement).bind(hash.as_slice()).bind(now_ms)).await?;
        Ok(row.map(ApiToken::from))
    }
}
