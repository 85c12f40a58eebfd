//! Solutions, as people set them, and the regressions that hits show.

use serde_json::json;

use crate::audit::{Act, audit};
use crate::collection::{check_owner, check_room};
use crate::hit::Solution;
use crate::limits::MAX_ORDERS;
use crate::order_check::check_solution;
use crate::orders::Scope;
use crate::sql::sql;
use crate::{DbError, Store};

/// A solution that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolutionRow {
    /// Whose machines are told.
    pub tenant: i64,
    /// Of which crashes.
    pub scope: Scope,
    /// What they are told; its `id` is the row's.
    pub solution: Solution,
    /// When it was made.
    pub made_ms: i64,
    /// Hits of versions that should have the fix.
    pub regressions: i64,
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

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    tenant: i64,
    label: Option<i64>,
    rule: Option<String>,
    url: String,
    text: String,
    fixed_in: Option<String>,
    made_ms: i64,
    regressions: i64,
}

const SELECT: &str = "SELECT id, tenant, label, rule, url, text, fixed_in, made_ms,
        CAST((SELECT coalesce(sum(count), 0) FROM regression WHERE regression.solution = solution.id) AS BIGINT)
            AS regressions
    FROM solution";

impl Store {
    /// Adds a solution, whose `id` is ignored; its number. The next machine is told, by other processes within two
    /// seconds.
    ///
    /// # Errors
    /// [`DbError::Invalid`], `Sql`.
    pub async fn add_solution(
        &self,
        tenant: i64,
        scope: &Scope,
        solution: &Solution,
        actor: &str,
        now_ms: i64,
    ) -> Result<i64, DbError> {
        check_solution(scope, solution, self.hits.orders.hosts())?;
        let (label, rule) = scope.columns()?;
        let mut tx = self.database.begin().await?;
        check_owner(&mut tx, tenant, label).await?;
        check_room(&mut tx, "solution").await?;
        let added: Option<(i64,)> = tx
            .row(
                sql("INSERT INTO solution (tenant, label, rule, url, text, fixed_in, made_ms)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id")
                .bind(tenant)
                .bind(label)
                .bind(rule.as_deref())
                .bind(&solution.url)
                .bind(&solution.text)
                .bind(solution.fixed_in.as_deref())
                .bind(now_ms),
            )
            .await?;
        let (id,) = added.ok_or(DbError::Row("number"))?;
        audit(&mut tx, &act(actor, "solution.add", id, Some((tenant, scope, solution))), now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(id)
    }

    /// Puts a solution in the place of the one that `solution.id` names. Its regressions stay.
    ///
    /// # Errors
    /// [`DbError::Invalid`], `Missing`, `Sql`.
    pub async fn change_solution(
        &self,
        tenant: i64,
        scope: &Scope,
        solution: &Solution,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        check_solution(scope, solution, self.hits.orders.hosts())?;
        let (label, rule) = scope.columns()?;
        let mut tx = self.database.begin().await?;
        check_owner(&mut tx, tenant, label).await?;
        let changed = tx
            .execute(
                sql("UPDATE solution SET label = $3, rule = $4, url = $5, text = $6, fixed_in = $7
                     WHERE id = $1 AND tenant = $2")
                .bind(solution.id)
                .bind(tenant)
                .bind(label)
                .bind(rule.as_deref())
                .bind(&solution.url)
                .bind(&solution.text)
                .bind(solution.fixed_in.as_deref()),
            )
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("solution"));
        }
        let act = act(actor, "solution.change", solution.id, Some((tenant, scope, solution)));
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(())
    }

    /// Removes a solution, with its regressions.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_solution(&self, id: i64, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql("DELETE FROM regression WHERE solution = $1").bind(id)).await?;
        if tx.execute(sql("DELETE FROM solution WHERE id = $1").bind(id)).await? == 0 {
            return Err(DbError::Missing("solution"));
        }
        audit(&mut tx, &act(actor, "solution.remove", id, None), now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(())
    }

    /// Solutions, newest first: of one tenant, or of all.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn solutions(&self, tenant: Option<i64>) -> Result<Vec<SolutionRow>, DbError> {
        let text =
            format!("{SELECT} WHERE CAST($1 AS BIGINT) IS NULL OR tenant = $1 ORDER BY id DESC LIMIT $2");
        let rows: Vec<Row> = self.database.rows(sql(text).bind(tenant).bind(MAX_ORDERS)).await?;
        rows.into_iter().map(SolutionRow::try_from).collect()
    }

    /// One solution.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn solution(&self, id: i64) -> Result<Option<SolutionRow>, DbError> {
        let row: Option<Row> = self.database.row(sql(format!("{SELECT} WHERE id = $1")).bind(id)).await?;
        row.map(SolutionRow::try_from).transpose()
    }

    /// Hits of versions that were said to be fixed, newest first: of one tenant, or of all.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn regressions(&self, tenant: Option<i64>) -> Result<Vec<Regression>, DbError> {
        self.database
            .rows(
                sql("SELECT solution, regression.label, version, count, first_ms, last_ms FROM regression
                         JOIN solution ON solution.id = regression.solution
                     WHERE CAST($1 AS BIGINT) IS NULL OR tenant = $1
                     ORDER BY last_ms DESC, solution, regression.label, version LIMIT $2")
                .bind(tenant)
                .bind(MAX_ORDERS),
            )
            .await
    }
}

fn act<'a>(actor: &'a str, verb: &'static str, id: i64, what: Option<(i64, &Scope, &Solution)>) -> Act<'a> {
    let details = what.map(|(tenant, scope, solution)| {
        json!({
            "tenant": tenant,
            "scope": scope.details(),
            "url": solution.url,
            "text": solution.text,
            "fixed_in": solution.fixed_in,
        })
    });
    Act { actor, act: verb, object: id.to_string(), details: details.unwrap_or_default() }
}

impl TryFrom<Row> for SolutionRow {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let Row { id, tenant, label, rule, url, text, fixed_in, made_ms, regressions } = row;
        Ok(Self {
            tenant,
            scope: Scope::of_columns(label, rule.as_deref())?,
            solution: Solution { id, url, text, fixed_in },
            made_ms,
            regressions,
        })
    }
}
