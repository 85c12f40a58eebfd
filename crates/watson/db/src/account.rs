//! People: accounts with a role, and the sessions that their browsers hold. Passwords come here hashed.

use serde_json::json;

use crate::audit::{Act, audit};
use crate::secret::{NewSecret, SecretHash, new_secret};
use crate::sql::sql;
use crate::{DbError, Store};

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// See everything, and change policies and solutions.
    Operator,
    /// See everything.
    Reader,
}

impl Role {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Reader].into_iter().find(|role| role.name() == name)
    }
}

/// An account, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The only tenant whose data it sees; `None` = all.
    pub tenant: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: i64,
    name: String,
    role: String,
    tenant: Option<i64>,
    made_ms: i64,
}

impl TryFrom<AccountRow> for Account {
    type Error = DbError;

    fn try_from(row: AccountRow) -> Result<Self, DbError> {
        let role = Role::of_name(&row.role).ok_or(DbError::Row("role"))?;
        Ok(Self { id: row.id, name: row.name, role, tenant: row.tenant, made_ms: row.made_ms })
    }
}

impl Store {
    /// All accounts, by name.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn accounts(&self) -> Result<Vec<Account>, DbError> {
        let rows: Vec<AccountRow> = self
            .database
            .rows(sql("SELECT id, name, role, tenant, made_ms FROM account ORDER BY name"))
            .await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// Whether somebody may make accounts: without one, nothing but this machine is served.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn has_administrator(&self) -> Result<bool, DbError> {
        let found: Option<(i64,)> =
            self.database.row(sql("SELECT id FROM account WHERE role = 'admin' LIMIT 1")).await?;
        Ok(found.is_some())
    }

    /// Adds an account; its row. `password_hash` is argon2's own text form.
    ///
    /// # Errors
    /// [`DbError::Exists`], `Sql`.
    pub async fn add_account(
        &self,
        name: &str,
        (role, tenant): (Role, Option<i64>),
        password_hash: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<i64, DbError> {
        let mut tx = self.database.begin().await?;
        let made: Option<(i64,)> = tx
            .row(
                sql("INSERT INTO account (name, password, role, tenant, made_ms) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT DO NOTHING RETURNING id")
                .bind(name)
                .bind(password_hash)
                .bind(role.name())
                .bind(tenant)
                .bind(now_ms),
            )
            .await?;
        let (id,) = made.ok_or(DbError::Exists("account of that name"))?;
        let details = json!({ "role": role.name(), "tenant": tenant });
        let act = Act { actor, act: "account.add", object: name.to_owned(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives an account another password, and ends its sessions.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql(SESSIONS_OF).bind(name)).await?;
        let changed = tx
            .execute(sql("UPDATE account SET password = $1 WHERE name = $2").bind(password_hash).bind(name))
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("account of that name"));
        }
        let act = Act { actor, act: "account.password", object: name.to_owned(), ..Act::default() };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await
    }

    /// Removes an account with its sessions. The last administrator stays.
    ///
    /// # Errors
    /// [`DbError::Missing`], [`DbError::LastAdministrator`], `Sql`.
    pub async fn remove_account(&self, name: &str, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let lock = tx.lock_rows();
        let admins: Vec<(String,)> =
            tx.rows(sql(format!("SELECT name FROM account WHERE role = 'admin' ORDER BY id{lock}"))).await?;
        if matches!(admins.as_slice(), [(last,)] if last == name) {
            return Err(DbError::LastAdministrator);
        }
        tx.execute(sql(SESSIONS_OF).bind(name)).await?;
        if tx.execute(sql("DELETE FROM account WHERE name = $1").bind(name)).await? == 0 {
            return Err(DbError::Missing("account of that name"));
        }
        let act = Act { actor, act: "account.remove", object: name.to_owned(), ..Act::default() };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await
    }

    /// An account and its password's hash.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn account_password(&self, name: &str) -> Result<Option<(Account, String)>, DbError> {
        let row: Option<(i64, String, String, Option<i64>, i64, String)> = self
            .database
            .row(
                sql("SELECT id, name, role, tenant, made_ms, password FROM account WHERE name = $1")
                    .bind(name),
            )
            .await?;
        let Some((id, name, role, tenant, made_ms, password)) = row else { return Ok(None) };
        Ok(Some((AccountRow { id, name, role, tenant, made_ms }.try_into()?, password)))
    }

    /// Begins a session. Old ones of anybody are cleared away on the way.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn begin_session(
        &self,
        account: i64,
        expires_ms: i64,
        now_ms: i64,
    ) -> Result<NewSecret, DbError> {
        let (secret, hash) = new_secret()?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql("DELETE FROM session WHERE expires_ms <= $1").bind(now_ms)).await?;
        tx.execute(
            sql("INSERT INTO session (hash, account, made_ms, expires_ms) VALUES ($1, $2, $3, $4)")
                .bind(hash.as_slice())
                .bind(account)
                .bind(now_ms)
                .bind(expires_ms),
        )
        .await?;
        tx.commit().await?;
        Ok(NewSecret { id: account, secret })
    }

    /// Whose session it is. `None`: unknown or over.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn session(&self, hash: &SecretHash, now_ms: i64) -> Result<Option<Account>, DbError> {
        let row: Option<AccountRow> = self
            .database
            .row(
                sql("SELECT account.id, name, role, tenant, account.made_ms FROM session
                     JOIN account ON account.id = session.account WHERE hash = $1 AND expires_ms > $2")
                .bind(hash.as_slice())
                .bind(now_ms),
            )
            .await?;
        row.map(Account::try_from).transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn end_session(&self, hash: &SecretHash) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql("DELETE FROM session WHERE hash = $1").bind(hash.as_slice())).await?;
        tx.commit().await
    }
}

const SESSIONS_OF: &str = "DELETE FROM session WHERE account IN (SELECT id FROM account WHERE name = $1)";
