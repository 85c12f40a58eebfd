//! Data policies and solutions, as people set them.

use crate::hit::Solution;
use crate::orders::Scope;
use crate::policy::{Quota, Wants};
use crate::sql::{Sql, sql};
use crate::{DbError, Store};

/// What is wanted of a bucket, or of each bucket that a rule holds for, instead of what the settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPolicy {
    /// Whose crashes.
    pub tenant: i64,
    /// Which of them.
    pub scope: Scope,
    /// How many cabs, of each bucket.
    pub quota: Quota,
    /// What they should hold.
    pub wants: Wants,
    /// When it ends, in milliseconds since 1970; `None` = when the quota is filled.
    pub until_ms: Option<i64>,
}

/// A version that was said to be fixed, and is reported all the same.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Regression {
    /// The solution that named the fixed version.
    pub solution: i64,
    /// The bucket.
    #[sqlx(rename = "label")]
    pub bucket: i64,
    /// The version that crashed.
    pub version: String,
    /// Hits.
    pub count: i64,
    /// First of them, received.
    pub first_ms: i64,
    /// Last of them, received.
    pub last_ms: i64,
}

impl Store {
    /// Adds a data policy; its number. Other processes follow within two seconds.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn add_policy(&self, policy: &DataPolicy, now_ms: i64) -> Result<i64, DbError> {
        let (label, rule) = policy.scope.columns()?;
        let wants = serde_json::to_string(&policy.wants).map_err(|_| DbError::Row("list of wants"))?;
        let statement =
            sql("INSERT INTO policy (tenant, label, rule, wanted, memory_dumps, per_machine, max_spoiled,
                 until_ms, wants, made_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id")
            .bind(policy.tenant)
            .bind(label)
            .bind(rule.as_deref())
            .bind(i64::from(policy.quota.wanted))
            .bind(i64::from(policy.quota.memory_dumps))
            .bind(i64::from(policy.quota.per_machine))
            .bind(i64::from(policy.quota.max_spoiled))
            .bind(policy.until_ms)
            .bind(wants)
            .bind(now_ms);
        self.add(statement).await
    }

    /// Removes a data policy. Cabs that it has asked for are still taken while their leases last.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_policy(&self, id: i64) -> Result<(), DbError> {
        self.remove(sql("DELETE FROM policy WHERE id = $1").bind(id), "data policy").await
    }

    /// Adds a solution, whose `id` is ignored; its number. The next machine is told, by other processes within two
    /// seconds.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn add_solution(
        &self,
        tenant: i64,
        scope: &Scope,
        solution: &Solution,
        now_ms: i64,
    ) -> Result<i64, DbError> {
        let (label, rule) = scope.columns()?;
        let statement = sql("INSERT INTO solution (tenant, label, rule, url, text, fixed_in, made_ms)
                             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id")
        .bind(tenant)
        .bind(label)
        .bind(rule.as_deref())
        .bind(&solution.url)
        .bind(&solution.text)
        .bind(solution.fixed_in.as_deref())
        .bind(now_ms);
        self.add(statement).await
    }

    /// Hits of versions that were said to be fixed, newest first.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn regressions(&self) -> Result<Vec<Regression>, DbError> {
        self.database
            .rows(
                sql("SELECT solution, label, version, count, first_ms, last_ms FROM regression
                     ORDER BY last_ms DESC, solution, label, version LIMIT $1")
                .bind(crate::limits::MAX_ORDERS),
            )
            .await
    }

    async fn add(&self, statement: Sql) -> Result<i64, DbError> {
        let mut tx = self.database.begin().await?;
        let added: Option<(i64,)> = tx.row(statement).await?;
        tx.commit().await?;
        self.orders_changed();
        added.map(|(id,)| id).ok_or(DbError::Row("number"))
    }

    async fn remove(&self, statement: Sql, what: &'static str) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let removed = tx.execute(statement).await?;
        tx.commit().await?;
        self.orders_changed();
        if removed == 0 { Err(DbError::Missing(what)) } else { Ok(()) }
    }

    fn orders_changed(&self) {
        self.hits.orders.forget();
        self.hits.closed.forget();
    }
}
