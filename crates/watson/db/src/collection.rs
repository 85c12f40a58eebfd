//! Data policies, as people set them.

use serde_json::json;

use crate::audit::{Act, audit};
use crate::limits::MAX_ORDERS;
use crate::order_check::check_policy;
use crate::orders::Scope;
use crate::policy::{Quota, Wants};
use crate::sql::{Tx, sql};
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

/// A data policy that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataPolicyRow {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub policy: DataPolicy,
    /// When it was made.
    pub made_ms: i64,
    /// What has become of what it asked for, all buckets together.
    pub leases: LeaseCounts,
}

/// Places in quotas, by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct LeaseCounts {
    /// Asked for, and may still come.
    pub open: i64,
    /// Here.
    pub used: i64,
    /// What came was useless.
    pub spoiled: i64,
    /// Asked for, and never came.
    pub expired: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    tenant: i64,
    label: Option<i64>,
    rule: Option<String>,
    wanted: i64,
    memory_dumps: i64,
    per_machine: i64,
    max_spoiled: i64,
    until_ms: Option<i64>,
    wants: String,
    made_ms: i64,
    open: i64,
    used: i64,
    spoiled: i64,
    expired: i64,
}

/// `$1` is the time.
const SELECT: &str =
    "SELECT id, tenant, label, rule, wanted, memory_dumps, per_machine, max_spoiled, until_ms, wants,
        made_ms, coalesce(open, 0) AS open, coalesce(used, 0) AS used, coalesce(spoiled, 0) AS spoiled,
        coalesce(expired, 0) AS expired
    FROM policy LEFT JOIN (SELECT policy AS p,
            CAST(sum(CASE WHEN state = 'open' AND expires_ms > $1 THEN 1 ELSE 0 END) AS BIGINT) AS open,
            CAST(sum(CASE WHEN state = 'used' THEN 1 ELSE 0 END) AS BIGINT) AS used,
            CAST(sum(CASE WHEN state = 'spoiled' THEN 1 ELSE 0 END) AS BIGINT) AS spoiled,
            CAST(sum(CASE WHEN state = 'open' AND expires_ms <= $1 THEN 1 ELSE 0 END) AS BIGINT) AS expired
        FROM lease WHERE policy <> 0 GROUP BY policy) AS places ON places.p = policy.id";

impl Store {
    /// Adds a data policy; its number. Other processes follow within two seconds.
    ///
    /// # Errors
    /// [`DbError::Invalid`]; [`DbError::Missing`] where its bucket is not the tenant's; `Sql`.
    pub async fn add_policy(&self, policy: &DataPolicy, actor: &str, now_ms: i64) -> Result<i64, DbError> {
        check_policy(policy, now_ms)?;
        let (label, rule) = policy.scope.columns()?;
        let wants = wants_text(&policy.wants)?;
        let mut tx = self.database.begin().await?;
        check_owner(&mut tx, policy.tenant, label).await?;
        check_room(&mut tx, "policy").await?;
        let added: Option<(i64,)> = tx
            .row(
                sql(
                    "INSERT INTO policy (tenant, label, rule, wanted, memory_dumps, per_machine, max_spoiled,
                     until_ms, wants, made_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
                )
                .bind(policy.tenant)
                .bind(label)
                .bind(rule.as_deref())
                .bind(i64::from(policy.quota.wanted))
                .bind(i64::from(policy.quota.memory_dumps))
                .bind(i64::from(policy.quota.per_machine))
                .bind(i64::from(policy.quota.max_spoiled))
                .bind(policy.until_ms)
                .bind(wants)
                .bind(now_ms),
            )
            .await?;
        let (id,) = added.ok_or(DbError::Row("number"))?;
        audit(&mut tx, &act(actor, "policy.add", id, Some(policy)), now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(id)
    }

    /// Puts `policy` in the place of another one, which keeps its number, its tenant, and what it has asked for.
    ///
    /// # Errors
    /// [`DbError::Invalid`], `Missing`, `Sql`.
    pub async fn change_policy(
        &self,
        id: i64,
        policy: &DataPolicy,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        check_policy(policy, now_ms)?;
        let (label, rule) = policy.scope.columns()?;
        let wants = wants_text(&policy.wants)?;
        let mut tx = self.database.begin().await?;
        check_owner(&mut tx, policy.tenant, label).await?;
        let changed = tx
            .execute(
                sql("UPDATE policy SET label = $3, rule = $4, wanted = $5, memory_dumps = $6, per_machine = $7,
                     max_spoiled = $8, until_ms = $9, wants = $10 WHERE id = $1 AND tenant = $2")
                .bind(id)
                .bind(policy.tenant)
                .bind(label)
                .bind(rule.as_deref())
                .bind(i64::from(policy.quota.wanted))
                .bind(i64::from(policy.quota.memory_dumps))
                .bind(i64::from(policy.quota.per_machine))
                .bind(i64::from(policy.quota.max_spoiled))
                .bind(policy.until_ms)
                .bind(wants),
            )
            .await?;
        if changed == 0 {
            return Err(DbError::Missing("data policy"));
        }
        audit(&mut tx, &act(actor, "policy.change", id, Some(policy)), now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(())
    }

    /// Removes a data policy. Cabs that it has asked for are still taken while their leases last.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_policy(&self, id: i64, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        if tx.execute(sql("DELETE FROM policy WHERE id = $1").bind(id)).await? == 0 {
            return Err(DbError::Missing("data policy"));
        }
        audit(&mut tx, &act(actor, "policy.remove", id, None), now_ms).await?;
        tx.commit().await?;
        self.orders_changed();
        Ok(())
    }

    /// Data policies, newest first: of one tenant, or of all.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn policies(&self, tenant: Option<i64>, now_ms: i64) -> Result<Vec<DataPolicyRow>, DbError> {
        let text =
            format!("{SELECT} WHERE CAST($2 AS BIGINT) IS NULL OR tenant = $2 ORDER BY id DESC LIMIT $3");
        let rows: Vec<Row> = self.database.rows(sql(text).bind(now_ms).bind(tenant).bind(MAX_ORDERS)).await?;
        rows.into_iter().map(DataPolicyRow::try_from).collect()
    }

    /// One data policy.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn policy(&self, id: i64, now_ms: i64) -> Result<Option<DataPolicyRow>, DbError> {
        let text = format!("{SELECT} WHERE id = $2");
        let row: Option<Row> = self.database.row(sql(text).bind(now_ms).bind(id)).await?;
        row.map(DataPolicyRow::try_from).transpose()
    }

    pub(crate) fn orders_changed(&self) {
        self.hits.orders.forget();
        self.hits.closed.forget();
    }
}

/// A label that somebody names must be of the same tenant.
pub(crate) async fn check_owner(tx: &mut Tx, tenant: i64, label: Option<i64>) -> Result<(), DbError> {
    let Some(label) = label else { return Ok(()) };
    let found: Option<(i64,)> =
        tx.row(sql("SELECT n FROM label WHERE n = $1 AND tenant = $2").bind(label).bind(tenant)).await?;
    found.map(|_| ()).ok_or_else(|| DbError::Invalid {
        field: "bucket",
        why: format!("there is no bucket {label} of this tenant"),
    })
}

/// Beyond the limit the oldest would silently not be in force.
pub(crate) async fn check_room(tx: &mut Tx, table: &'static str) -> Result<(), DbError> {
    let count: Option<(i64,)> = tx.row(sql(format!("SELECT count(*) FROM {table}"))).await?;
    if count.is_some_and(|(count,)| count >= MAX_ORDERS) {
        let why = format!("there are {MAX_ORDERS} already, which is the limit; remove one that is over");
        return Err(DbError::Invalid { field: "id", why });
    }
    Ok(())
}

fn act<'a>(actor: &'a str, verb: &'static str, id: i64, policy: Option<&DataPolicy>) -> Act<'a> {
    let details = policy.map(|policy| {
        json!({
            "tenant": policy.tenant,
            "scope": policy.scope.details(),
            "cabs": policy.quota.wanted,
            "memory_dumps": policy.quota.memory_dumps,
            "per_machine": policy.quota.per_machine,
            "max_spoiled": policy.quota.max_spoiled,
            "until_ms": policy.until_ms,
            "wants": policy.wants,
        })
    });
    Act { actor, act: verb, object: id.to_string(), details: details.unwrap_or_default() }
}

fn wants_text(wants: &Wants) -> Result<String, DbError> {
    serde_json::to_string(wants).map_err(|_| DbError::Row("list of wants"))
}

impl TryFrom<Row> for DataPolicyRow {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let count = |number: i64| u32::try_from(number).map_err(|_| DbError::Row("data policy"));
        let policy = DataPolicy {
            tenant: row.tenant,
            scope: Scope::of_columns(row.label, row.rule.as_deref())?,
            quota: Quota {
                wanted: count(row.wanted)?,
                memory_dumps: count(row.memory_dumps)?,
                max_spoiled: count(row.max_spoiled)?,
                per_machine: count(row.per_machine)?,
            },
            wants: serde_json::from_str(&row.wants).map_err(|_| DbError::Row("data policy"))?,
            until_ms: row.until_ms,
        };
        let leases =
            LeaseCounts { open: row.open, used: row.used, spoiled: row.spoiled, expired: row.expired };
        Ok(Self { id: row.id, policy, made_ms: row.made_ms, leases })
    }
}
